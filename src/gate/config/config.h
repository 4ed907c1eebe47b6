/* SPDX-License-Identifier: MIT */
/* gate.yaml: what the gate serves, from whom it fetches, what it keeps.
 *
 * Made once and never changed: all workers share it. All memory is the arena's, which must outlive
 * it. Every member has a preset but the listening address, the servers and what routes match, so
 * that the smallest file of the manual is enough. Times are int64_t ns, sizes bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json_find.h"
#include "cache/policy.h"
#include "net/field.h"
#include "yaml/node.h"

#define GATE_UPSTREAMS_MAX 256
#define GATE_SERVERS_MAX   256      /* of one upstream */
#define GATE_ROUTES_MAX    1024
#define GATE_LISTENS_MAX   16
#define GATE_CERTIFICATES_MAX 64    /* of one address */

/* Where to listen or to connect. The host is a name or an address without brackets, "" is every
 * address of this machine (only to listen). It is resolved by who uses it. */
struct gate_address {
	const char *text;               /* as it was written */
	const char *host;
	uint16_t port;                  /* 0, only to listen: any free one */
	struct node_place place;
};

struct gate_certificate {
	const char *file, *key_file;    /* PEM; key_file NULL: the key stands in `file` */
	struct node_place place, key_place;
};

struct gate_listen {
	struct gate_address address;
	struct gate_certificate *certificates; size_t n_certificates;   /* none: in clear */
};

/* What clients may do. */
struct gate_limits {
	int64_t head_bytes;             /* of a request head; 431 above */
	int64_t body_bytes;             /* of a request body; 413 above */
	int64_t connections;            /* of clients, all workers together */
};

struct gate_timeouts {
	int64_t idle_ns;                /* a client's connection without a request */
	int64_t head_ns;                /* from the first byte of a request head to its last */
	int64_t body_ns;                /* between two pieces of a request body */
	int64_t send_ns;                /* a client that takes no byte of its response */
};

enum gate_log_format { GATE_LOG_COMBINED, GATE_LOG_JSON };

struct gate_access_log {
	const char *path;               /* NULL: none; "-": standard output */
	enum gate_log_format format;
};

/* ---- upstreams ---- */

enum gate_balance {
	GATE_BALANCE_P2C,               /* the better of two drawn ones by latency and what is in flight */
	GATE_BALANCE_LEAST,             /* fewest in flight */
	GATE_BALANCE_HASH,              /* the same key, the same server, unless it has too much */
	GATE_BALANCE_ROUND,             /* in turn */
};

enum gate_hash_by { GATE_HASH_PATH, GATE_HASH_CLIENT, GATE_HASH_HEADER };

struct gate_server {
	struct gate_address address;
	double weight;                  /* above 0; 1 */
};

/* Connections to one server of all workers together. */
struct gate_pool {
	int64_t min, max;               /* kept open, allowed */
	int64_t idle_ns;                /* an unused one above min is closed after that */
};

struct gate_upstream_timeouts {
	int64_t connect_ns;
	int64_t response_ns;            /* from the last byte of the request to the last of the head */
	int64_t body_ns;                /* between two pieces of the response body */
};

/* Active health checks: a GET now and then, good with a status of 2xx or 3xx. */
struct gate_health {
	const char *path;               /* NULL: servers are not asked */
	int64_t interval_ns, timeout_ns;
	int64_t rise, fall;             /* so many good answers bring a server back, bad ones take it out */
	double panic;                   /* when fewer than that share are left, all are asked; 0 to 1 */
};

/* Requests that may be sent again are, as long as the budget lasts. */
struct gate_retries {
	int64_t attempts;               /* besides the first; 0 none */
	double budget;                  /* retries per request on average, 0 to 1 */
};

/* A request that takes longer than most is asked of a second server, too. */
struct gate_hedge {
	double quantile;                /* of the latencies, 0.5 to 0.99; 0: not */
	int64_t min_ns;                 /* but not sooner */
};

/* A server that fails while others do not is left out for a while. */
struct gate_ejection {
	int64_t errors;                 /* in a row; 0: never */
	int64_t time_ns;                /* times how often it has happened lately */
	double share;                   /* of the servers of an upstream at most, 0 to 1 */
};

/* An upstream that fails as a whole is not asked for a while. */
struct gate_breaker {
	int64_t errors;                 /* in a row; 0: they are not counted */
	double ratio;                   /* of errors among the requests of `window`, 0 to 1; 0: off */
	int64_t requests;               /* at least so many for a ratio to mean anything */
	int64_t window_ns, open_ns;
	int64_t trials;                 /* that must all go well for it to close again */
};

/* How many requests an upstream has in flight at most, and who waits for how long. */
struct gate_concurrency {
	bool adaptive;                  /* the limit follows the latency, between min and max */
	int64_t min, max;
	int64_t queue;                  /* requests that may wait; the next ones get 503 */
	int64_t queue_target_ns;        /* a queue that stays longer than that is shortened (CoDel) */
	int64_t queue_timeout_ns;       /* who has waited so long gets 503 */
};

struct gate_upstream {
	const char *name;
	struct gate_server *servers; size_t n_servers;
	enum gate_balance balance;
	enum gate_hash_by hash_by;
	const char *hash_header;        /* of GATE_HASH_HEADER */
	struct gate_pool pool;
	struct gate_upstream_timeouts timeouts;
	struct gate_health health;
	struct gate_retries retries;
	struct gate_hedge hedge;
	struct gate_ejection ejection;
	struct gate_breaker breaker;
	struct gate_concurrency concurrency;
	struct node_place place;
};

/* ---- routes ---- */

/* What may be kept, where the response itself does not say. Nothing private is kept whatever
 * stands here. */
struct gate_route_cache {
	bool enabled;
	int64_t ttl_ns;                 /* fresh for so long when the origin does not say; 0: not kept then */
	int64_t swr_ns, sie_ns;         /* stale while revalidated, on errors (RFC 5861), when the origin does
	                                 * not say; 0: not */
	const char **vary; size_t n_vary;                 /* request fields that are always part of the key */
	const char *vary_text;          /* the same as a list in a field; NULL: none */
	enum cache_cookies set_cookie;  /* what becomes of an answer that sets cookies */
	const char **ignore_query; size_t n_ignore_query; /* parameters that the origin does not look at; a
	                                 * '*' at the end stands for any rest ("utm_*") */
};

struct gate_route_compress {
	bool enabled;
	int64_t min_bytes;              /* smaller bodies are left as they are */
	const char **types; size_t n_types;  /* media types, lower case; a '*' at the end stands for any rest */
	bool recompress;                /* what is asked for often, as small as it gets, in idle time */
};

enum gate_rate_by { GATE_RATE_CLIENT, GATE_RATE_ROUTE };

struct gate_rate_limit {
	double per_s;                   /* 0: no limit; 429 above */
	double burst;                   /* requests that may come at once; at least 1 */
	enum gate_rate_by by;
};

/* ---- many requests of a route as one call ---- */

#define GATE_BATCH_SIZE_MAX    1000
#define GATE_BATCH_FIELDS_MAX  16
#define GATE_BATCH_ANSWER_MAX  (INT64_C(64) << 20)

enum gate_batch_by { GATE_BATCH_BY_KEY, GATE_BATCH_BY_NAME, GATE_BATCH_BY_ORDER };

/* What stands around the one thing that is put in, or found. */
struct gate_around {
	struct text before, after;      /* `before.at` NULL: there is no such text */
};

struct gate_batch {
	struct gate_around from;        /* the target of a request, around its key */
	struct gate_around into;        /* the call's, around its keys; all of it `before` where they are in the body */
	struct gate_around body;        /* of a POST, JSON; none: a GET */
	const char *join;               /* between keys in `into` */
	bool numbers;                   /* keys are whole numbers, and are so in the body */
	int64_t size;                   /* keys in a call at most */
	int64_t wait_ns;                /* for more of them, while another call of the route is under way */
	int64_t answer_bytes;           /* of the call at most */
	struct json_pointer items;      /* where they are in the answer */
	enum gate_batch_by by;          /* what tells whose an item is: a value in it, its name, its place */
	struct json_pointer key;        /* of GATE_BATCH_BY_KEY, in an item */
	struct json_pointer value;      /* in an item, what the client gets */
	const char **fields; size_t n_fields;   /* of requests, that the call carries: who has others is in another call */
	struct node_place place;
};

struct gate_route {
	const char *match;              /* "/api": itself and what is below; "/api/": only below; "/": all */
	const char *host;               /* NULL: any; lower case, "*.example.org" all names below */
	const char *upstream_name;
	size_t upstream;                /* its place in upstreams */
	struct gate_route_cache cache;
	struct gate_route_compress compress;
	struct gate_rate_limit rate_limit;
	const struct gate_batch *batch; /* NULL: none */
	int64_t timeout_ns;             /* of an exchange with a server, from the first byte of the request; 0 none */
	struct node_place place;
};

/* ---- Redis or Valkey ---- */

/* How its servers are spoken to. */
struct gate_redis_tls {
	bool on;                        /* else in clear */
	bool verify;                    /* that they are who they should be */
	const char *ca_file;            /* whom to trust instead of the system's; NULL: the system's */
	const char *certificate_file, *key_file;   /* to show them; NULL: none, and the key in the same file */
	const char *server_name;        /* that their certificates hold; NULL: name or address as they are reached */
	struct node_place place;
};

/* The second level of the cache: a server, a primary with its replicas, or some nodes of a cluster. */
struct gate_l2 {
	struct gate_address *servers; size_t n_servers;   /* 0: there is no second level */
	bool cluster;
	bool replicas;                  /* may be read */
	int64_t database;
	struct gate_redis_tls tls;
	const char *user;               /* NULL: the default one */
	const char *password_file, *password_env;   /* NULL: none */
	const char *password;           /* of one of them, by who uses it; never of this file */
	const char *prefix;             /* of all keys */
	int64_t ttl_ns;                 /* a value stays so long at most */
	int64_t timeout_ns;             /* nobody waits longer than that */
	int64_t value_bytes;            /* of a body; larger ones stay in memory alone */
	bool skip_when_slower;          /* than the origin is in the middle: the origin is asked at once */
	struct node_place place;
};

/* ---- who else hears of purges ---- */

#define GATE_CDNS_MAX 8

/* Templates: cdn_request.h. */
struct gate_cdn_call {
	const char *method, *to;        /* `to` NULL: there is no such call */
	const char *body;               /* NULL: none */
};

struct gate_cdn {
	const char *name;               /* also in the log of purges */
	const char *preset;             /* NULL: none */
	const char *service;            /* {service}; NULL: none */
	const char *token_file, *token_env;   /* where {token} is; both NULL: there is none */
	const char *ca_file;            /* whom to trust instead of the system; NULL: the system */
	const char **fields; size_t n_fields;
	const char *soft_field;         /* of soft purges; NULL: there are none, they are hard */
	struct gate_cdn_call calls[3];  /* by enum purge_what; none of a preset with a driver (cdn_driver.h) */

	/* Of those alone. */
	const char *endpoint;           /* "https://host", without a slash; NULL: the file of secrets says it */
	const char *profile;            /* section of that file; NULL: "default" */
	const char *region;             /* NULL: the driver's */
	const char *network;            /* NULL: the driver's */
	bool tags;                      /* it has been told how to find tags */
};

/* ---- warming ---- */

/* What an update concerns besides what it names (pattern.h). */
struct gate_rule {
	const char *on;                 /* a pattern: "/products/{id}", "tag:product:{id}" */
	const char **also; size_t n_also;     /* templates with its names */
	struct node_place place;
};

/* What a changed row of a table concerns. */
struct gate_table {
	const char *schema, *name;
	const char **purge; size_t n_purge;   /* templates with names of columns */
	struct node_place place;
};

/* Who tells of updates. */
struct gate_redis_events {
	const char *url;                /* redis://USER:PASSWORD@HOST:PORT/DATABASE or rediss://...; NULL: none */
	const char *stream;
	struct gate_redis_tls tls;      /* on with rediss:// */
};

struct gate_postgres_events {
	const char *url;                /* NULL: none */
	const char *channel;            /* of NOTIFY; NULL: not listened to */
	const char *slot, *publication; /* of logical replication; NULL: not */
	bool create_slot;
	struct gate_table *tables; size_t n_tables;
};

/* The strategies of `cache_warming`. */
struct gate_warming {
	bool learn_popular;             /* predictive: analyze_access_patterns */
	bool preload_popular;           /* predictive: preload_popular_items */
	const char *schedule;           /* predictive: when, as cron has it; NULL: not by the clock */
	bool load_on_first_access, background_refresh, ttl_refresh;       /* lazy_loading */
	bool invalidate_on_update, warm_related, cascade;                 /* event_driven */
	bool utc;                       /* the schedule is by UTC, not by local time */
	double rate_per_s;              /* fetches for nobody that begin, */
	int64_t concurrency;            /* that are under way at most, all workers together */
	double beta;                    /* early.h */
	int64_t popular;                /* items that are fetched at most */
	const char *state;              /* file for what was learned; NULL: it ends with the process */
	const char **logs; size_t n_logs;     /* access logs to learn from */
	const char **hosts; size_t n_hosts;   /* what "/path" stands for, where no host is said */
	struct gate_rule *rules; size_t n_rules;
	struct gate_redis_events redis;
	struct gate_postgres_events postgres;
	struct node_place place;
};

/* ---- the whole ---- */

struct gate_config {
	const char *file;
	struct gate_listen *listens; size_t n_listens;
	int64_t workers;                /* 0: one a core that this process may use */
	const char *engine;             /* "io_uring" or "epoll"; NULL: the best that opens */
	const char *admin;              /* path of a Unix socket; NULL: none */
	const char *purge_log;          /* a file; NULL: purges that are not carried on are lost at the end */
	struct gate_address metrics;    /* Prometheus; host NULL: none */
	struct gate_access_log access_log;
	struct gate_limits limits;
	struct gate_timeouts timeouts;
	struct {
		int64_t memory_bytes;       /* all that the cache may take, bookkeeping included */
		int64_t object_bytes;       /* the largest response that is kept */
		int64_t ttl_ns;             /* in memory for so long at most; 0: as long as it is of use */
		struct gate_l2 l2;
	} cache;
	struct gate_upstream *upstreams; size_t n_upstreams;
	struct gate_route *routes; size_t n_routes;
	struct gate_cdn *cdns; size_t n_cdns;
	struct gate_warming warming;
};

/* `name` stands for the text in errors. */
int gate_config_parse(const char *text, size_t size, const char *name, struct arena *a,
    struct gate_config **ret, struct err *e);
/* The password of the second level, from where the configuration says; nothing when there is none. */
int gate_l2_password(const struct gate_config *c, struct buf *ret, struct err *e);
int gate_config_read(const char *path, struct arena *a, struct gate_config **ret, struct err *e);

/* The first route of the file that takes a request; NULL when none does. `host` is without a port, in
 * any case of letters; `path` without the query, as it goes to the origin. */
const struct gate_route *gate_route_find(const struct gate_config *c, struct text host,
    struct text path);

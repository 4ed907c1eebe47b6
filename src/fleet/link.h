/* SPDX-License-Identifier: MIT */
/* The connection to the Redis or Valkey server that a fleet meets at. Private to src/fleet.
 *
 * One command at a time; where nothing moves for LINK_TIMEOUT_NS the link is dead for good: whoever
 * measures a service must not wait for its own bookkeeping. In a cluster the keys of a fleet share
 * one hash tag and so one slot; the link moves to the node that has it (MOVED and ASK, Redis cluster
 * specification, "Redirection and resharding"). One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/err.h"

#define LINK_TIMEOUT_NS (1 * NS_PER_S)
#define LINK_NAME_MAX   64

/* Where, as the URL says: redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DB][?fleet=NAME&name=NAME], with TLS
 * also certificate=FILE, key=FILE (to show a server that asks) and server_name=NAME. */
struct meeting {
	char host[254];
	int port, db;
	char user[128], password[256];    /* "" none; from REDISCLI_AUTH when the URL has none */
	char fleet[LINK_NAME_MAX];        /* several may meet at one server; preset "load" */
	char name[LINK_NAME_MAX];         /* of this worker; "" none */
	bool tls;                         /* the server is verified, by server_name or else by its host */
	const char *ca_file;              /* whom to trust instead of the system's; NULL: the system's; the caller's */
	char certificate_file[256], key_file[256];   /* "" none; no key: it stands in the same file */
	char server_name[254];            /* "" none: each node of a cluster is known by its own host */
};

/* The error names no password. */
int meeting_parse(const char *url, struct meeting *ret, struct err *e);

/* The keys of a run, as fleet.h lists them; of no run with id "": only the first. */
#define LINK_KEY_MAX 160
struct fleet_keys {
	char call[LINK_KEY_MAX], plan[LINK_KEY_MAX], joined[LINK_KEY_MAX], start[LINK_KEY_MAX],
	    lead[LINK_KEY_MAX], results[LINK_KEY_MAX];
};
struct fleet_keys meeting_keys(const struct meeting *at, const char *id);

#define FLEET_TTL_S      60        /* of keys, unless they are renewed */
#define FLEET_LEAD_MS    3000      /* of the leader's sign of life */
#define FLEET_ASK_NS     (250 * NS_PER_MS)   /* how often a worker looks for it */
#define FLEET_TOKEN_MAX  20

/* 64 random bits as text. */
void fleet_token(char out[FLEET_TOKEN_MAX]);

struct link;

int link_open(const struct meeting *at, struct link **ret, struct err *e);
void link_close(struct link *l);      /* accepts NULL */
const char *link_where(const struct link *l);   /* "127.0.0.1:6379" of the node in use */

/* One command (hiredis' format: %s, %b with pointer and size_t, %lld). An error reply is an error
 * here. The reply is the caller's, with freeReplyObject; `ret` may be NULL. */
int link_do(struct link *l, redisReply **ret, struct err *e, const char *fmt, ...);
int link_argv(struct link *l, redisReply **ret, struct err *e, int n, const char **words,
    const size_t *sizes);

/* What to add to CLOCK_MONOTONIC here to get the server's time since the epoch, and by how much
 * that may be wrong: half of the quickest of several round trips. */
int link_clock(struct link *l, int64_t *ret_offset_ns, int64_t *ret_error_ns, struct err *e);

static inline void
reply_free_p(redisReply **r)
{
	if (*r)
		freeReplyObject(*r);
}

static inline bool
reply_is_text(const redisReply *r)
{
	return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
}

/* The value of a field of a stream's entry; NULL: it has none, or the entry is none. */
static inline const redisReply *
entry_field(const redisReply *entry, const char *name)
{
	if (!entry || entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
	    entry->element[1]->type != REDIS_REPLY_ARRAY)
		return NULL;
	const redisReply *fields = entry->element[1];
	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (fields->element[i]->type == REDIS_REPLY_STRING &&
		    fields->element[i + 1]->type == REDIS_REPLY_STRING &&
		    strcmp(fields->element[i]->str, name) == 0)
			return fields->element[i + 1];
	return NULL;
}

/* Its text, "" when there is none. */
static inline const char *
entry_text(const redisReply *entry, const char *name)
{
	const redisReply *r = entry_field(entry, name);
	return r ? r->str : "";
}

/* An array of so many elements at least? */
static inline bool
reply_is_list(const redisReply *r, size_t n)
{
	return r && r->type == REDIS_REPLY_ARRAY && r->elements >= n;
}

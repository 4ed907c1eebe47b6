/* SPDX-License-Identifier: MIT */
/* What the user wants: flags and prony.yaml in one struct.
 *
 * A value is set once, by the first of: flag, spec file, preset. Everything is validated when the
 * spec is made, so that nobody downstream has to. All strings live in the spec's arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "spec/stage.h"

enum target_metric {
	TARGET_LATENCY_P50, TARGET_LATENCY_P95, TARGET_LATENCY_P99, TARGET_LATENCY_P999,
	TARGET_LATENCY_MEAN, TARGET_ERRORS, TARGET_AVAILABILITY, TARGET_RATE, TARGET_COST,
	TARGET_METRICS
};

struct scenario;

/* How close to their times requests are sent. */
enum pace {
	PACE_AUTO,       /* exactly where arrivals are sparse, in ticks where they are dense */
	PACE_EXACT, PACE_TICK,
	PACE_SPIN,       /* exactly, without ever sleeping: takes a whole core */
};

/* One promise: "p99 < 500ms @ 20k/s". */
struct target {
	enum target_metric metric;
	bool at_least;          /* '>' or '>='; else '<' or '<=' */
	double limit;           /* seconds, ratio 0..1, per second, or money per month */
	double at_rate;         /* the load it is promised at, per second; 0: any */
	const char *route;      /* NULL: all together */
	const char *text;       /* as written */
};

#define TARGETS_MAX 64      /* and as many conditions to stop */

struct spec {
	struct arena *arena;
	const char *system;             /* name for people; NULL: taken from the first URL */
	const char **urls;              /* routes of one service; absolute http:// URLs */
	size_t n_urls;
	const char **routes;            /* paths asked for; spec_check has joined them to the URLs */
	size_t n_routes;
	const char *start;              /* command that starts one, "{port}" in it; NULL not given */
	int pid;                        /* from pid:N; 0 none */
	const char *unit;               /* from unit:NAME; NULL none */
	const char *database;           /* connection URL; never written to an artefact with its password */
	const char **issues;
	size_t n_issues;
	struct target *targets;
	size_t n_targets;
	double peak_rate;               /* load.peak per second; 0 not given */
	double transfer_bytes_per_month;   /* load.transfer; 0 not given */
	double budget_per_month;        /* 0 not given */
	const char *currency;           /* of the budget */

	double rate;                    /* offered load of `load` and of `check`'s measurement; 0: find the knee */
	int64_t for_ns;                 /* length of one measurement */
	int64_t timeout_ns;             /* of one request */
	int64_t connections;            /* pool limit of the generator */
	bool closed;                    /* closed loop: each connection waits for its answer */
	int64_t threads;                /* of the generator; 0: as many as pay */
	struct stage *stages;           /* how the offered load changes, instead of rate and for_ns */
	size_t n_stages;
	const char *replay;             /* file of recorded arrivals, instead of both; NULL not given */
	double replay_speed;            /* how many times as fast as they were recorded */
	const char *save_schedule;      /* file to write the arrivals to; NULL not given */
	bool find_max;                  /* search the highest rate at which the targets hold */
	int64_t soak_ns;                /* of the suite */
	const char *integrity;          /* command that checks the service's data; NULL not given */
	bool quick;                     /* the suite in half a minute */
	uint64_t seed;
	bool poisson;                   /* arrivals; else constant spacing */
	const char **headers;           /* "Name: value" added to each request */
	size_t n_headers;
	const char *scenario_file;
	const char *from;               /* file to import instead */
	const struct scenario *scenario;   /* what users do; NULL: ask the URLs in turn. Borrowed */
	const char *engine;             /* NULL: the best that opens here */
	enum pace pace;
	int64_t tick_ns;                /* of PACE_TICK */
	bool http2;                     /* by ALPN where there is TLS, else by prior knowledge */
	int64_t streams;                /* requests at once on a connection; 0: the protocol's preset */
	double reuse;                   /* share of requests on a kept connection */
	double tls_resume;              /* share of new TLS connections that resume a session */
	struct target *stop_if;         /* what does harm: everything stops when it lasts */
	size_t n_stop_if;
	bool no_guard;                  /* go on although this host runs out of memory or disk */
	bool insecure;                  /* do not verify the server's certificate */
	const char *ca;                 /* file of certificates to trust; NULL: the system's */
	const char *allow_load;         /* host that may be loaded although it is not loopback */
	const char *via, *join;         /* where a fleet meets: to lead one, to be in one; NULL not given */
	int64_t workers;                /* of the fleet */
	int64_t join_timeout_ns;        /* how long to wait for them, or for their leader */
	bool allow_lost;                /* conclude although a worker was lost */
	const char *build;              /* command that builds a checkout; NULL not given */
	int64_t ready_timeout_ns;       /* from the start of a service to its first answer */
	int64_t pairs;                  /* of blocks, at most */
	int64_t block_ns;               /* 0: as long as it takes */
	int64_t restart;                /* start both anew after so many pairs; 0: as the trial thinks best */
	bool aa;                        /* compare one service with itself */
	bool no_saturation;             /* no blocks as fast as answers come */
	bool history;                   /* where did a figure change for good? */
	bool observe;                   /* watch real traffic, make no load */
	bool press;                     /* slow components for a moment, to confirm what limits */
	bool literals;                  /* keep an example of each statement as it was sent */
	bool no_trace;                  /* do not attach tracing even where it could */
	const char *out;                /* run folder; NULL: .prony/runs/... */

	struct spec_given *given;       /* for each row of spec_settings: who set it, to what */
};

enum spec_origin { ORIGIN_NONE, ORIGIN_FLAG, ORIGIN_FILE, ORIGIN_PRESET };

struct spec_given {
	enum spec_origin origin;
	const char *text;               /* as written; of a list the last one */
};

/* Nothing set, not even presets; never NULL. */
struct spec *spec_new(void);
void spec_free(struct spec *s);     /* accepts NULL */

struct setting;

/* Set one value from the command line. The error does not name the flag. */
int spec_flag(struct spec *s, const struct setting *row, const char *text, struct err *e);

/* A target word of the command line: a URL, pid:N, unit:NAME, or a spec file (*.yaml, *.yml). */
int spec_word(struct spec *s, const char *text, struct err *e);

/* Read prony.yaml into `s`; keys that a flag has set already stay. Errors name file:line:column,
 * show the line with a caret and, for an unknown key, the nearest known one. */
int spec_load(struct spec *s, const char *path, struct err *e);

/* "p99<500ms@20k/s", "errors < 0.1%", "availability>99.99%", "rate>=20k/s", "cost<400 USD/month". */
int spec_target(struct spec *s, const char *text, struct err *e);

/* The same words for what does harm: "errors>20%", "p99>5s", "availability<80%", "rate<10/s". */
int spec_stop_if(struct spec *s, const char *text, struct err *e);

/* Check what no single value shows: at least one target, loopback or allowed, no contradictions;
 * fill in presets. */
int spec_check(struct spec *s, struct err *e);

/* The same wishes of another place, which the URL `base` names: its paths are s->routes below s->urls,
 * of which the hosts do not matter; below `base` itself when there are none. Checked as by
 * spec_check(). What is new lives in `a`, everything else is borrowed from `s`. */
int spec_at_place(const struct spec *s, const char *base, struct arena *a, struct spec **ret,
    struct err *e);

/* Who set this setting? */
enum spec_origin spec_origin(const struct spec *s, const char *setting);

/* The same without targets: presets only, for commands that measure nothing. */
int spec_preset(struct spec *s, struct err *e);

bool target_is_latency(enum target_metric m);
const char *target_metric_name(enum target_metric m);   /* "latency_p99": the run's name for it */

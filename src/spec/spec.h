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

enum target_metric {
	TARGET_LATENCY_P50, TARGET_LATENCY_P95, TARGET_LATENCY_P99, TARGET_LATENCY_P999,
	TARGET_LATENCY_MEAN, TARGET_ERRORS, TARGET_AVAILABILITY, TARGET_RATE, TARGET_COST,
	TARGET_METRICS
};

/* One promise: "p99 < 500ms @ 20k/s". */
struct target {
	enum target_metric metric;
	bool at_least;          /* '>' or '>='; else '<' or '<=' */
	double limit;           /* seconds, ratio 0..1, per second, or money per month */
	double at_rate;         /* the load it is promised at, per second; 0: any */
	const char *text;       /* as written */
};

struct spec {
	struct arena *arena;
	const char *system;             /* name for people; NULL: taken from the first URL */
	const char **urls;              /* routes of one service; absolute http:// URLs */
	size_t n_urls;
	int pid;                        /* from pid:N; 0 none */
	const char *unit;               /* from unit:NAME; NULL none */
	const char *database;           /* connection URL; never written to an artefact with its password */
	const char **issues;
	size_t n_issues;
	struct target *targets;
	size_t n_targets;
	double peak_rate;               /* load.peak per second; 0 not given */
	double budget_per_month;        /* 0 not given */
	const char *currency;           /* of the budget */

	double rate;                    /* offered load of `load` and of `check`'s measurement; 0: find the knee */
	int64_t for_ns;                 /* length of one measurement */
	int64_t timeout_ns;             /* of one request */
	int64_t connections;            /* pool limit of the generator */
	uint64_t seed;
	bool poisson;                   /* arrivals; else constant spacing */
	const char **headers;           /* "Name: value" added to each request */
	size_t n_headers;
	const char *allow_load;         /* host that may be loaded although it is not loopback */
	bool observe;                   /* watch real traffic, make no load */
	bool no_trace;                  /* do not attach tracing even where it could */
	const char *out;                /* run folder; NULL: .prony/runs/... */
};

struct spec *spec_new(void);
void spec_free(struct spec *s);     /* accepts NULL */

/* Read prony.yaml into `s`; keys that a flag has set already stay. Errors name file:line:column,
 * show the line with a caret and, for an unknown key, the nearest known one. */
int spec_load(struct spec *s, const char *path, struct err *e);

/* "p99<500ms@20k/s", "errors < 0.1%", "availability>99.99%", "rate>=20k/s", "cost<400 USD/month". */
int spec_target(struct spec *s, const char *text, struct err *e);

/* Check what no single value shows: at least one target, loopback or allowed, no contradictions;
 * fill in presets. */
int spec_check(struct spec *s, struct err *e);

const char *target_metric_name(enum target_metric m);   /* "latency_p99": the run's name for it */

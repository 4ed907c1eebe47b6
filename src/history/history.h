/* SPDX-License-Identifier: MIT */
/* history: the runs of a service as an index, and where the level of a figure changed for good.
 *
 * The index is a SQLite file beside the folder of runs. It holds nothing that the runs do not:
 * deleted, damaged or of another version, it is made anew from them. Only sealed runs count. Several
 * pronys may use it at once. A handle belongs to one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "run/run.h"

#define HISTORY_RUNS ".prony/runs"
#define HISTORY_LEAST 8            /* a shorter series allows no claim */

struct history;

/* Open the index of the runs in folder `runs` (NULL: HISTORY_RUNS) and bring it up to date: new runs
 * are read, those that are gone leave. history_close() accepts NULL. */
int history_open(const char *runs, struct history **ret, struct err *e);
void history_close(struct history *h);

struct history_point {
	const char *run, *created;     /* id; UTC, RFC 3339 */
	double value;
};

struct history_change {
	size_t at, low, high;          /* first point of the new level; it lies in low..high with 95 % */
	double before, after;          /* levels */
	double confidence;             /* 0..1 that there is a change at all */
	bool worse;
};

/* One figure of one service under one workload on one host, oldest run first. */
struct history_series {
	const char *service, *workload, *host;
	const char *metric;            /* latency_p99 cpu_per_request function query knee_rate ... */
	const char *what;              /* route, function or statement; NULL: the service as a whole */
	struct history_point *points;   size_t n_points;
	struct history_change *changes; size_t n_changes;   /* none below HISTORY_LEAST points */
	double level;                  /* median since the last change */
	double sd;                     /* from run to run around its levels, relative; NAN unknown */
};

struct history_skipped { const char *path, *why; };

struct history_answer {
	struct history_series *series;   size_t n_series;
	struct history_skipped *skipped; size_t n_skipped;   /* runs that could not be read */
	size_t runs;                     /* of the service asked for */
};

/* The series of the service of that name or URL (NULL: of all); in `a`. */
int history_ask(struct history *h, const char *service, struct arena *a,
    struct history_answer *ret, struct err *e);

/* Are both of one service, one workload and one host? Such series follow each other in an answer. */
bool history_is_same_load(const struct history_series *a, const struct history_series *b);

/* Did the figure get worse at its last change? */
bool history_is_worse(const struct history_series *s);

/* Relative standard deviation from run to run of a metric of the whole service, among the runs that
 * are like `r`; NAN when fewer than HISTORY_LEAST are known. */
double history_between(struct history *h, const struct run *r, const char *metric);

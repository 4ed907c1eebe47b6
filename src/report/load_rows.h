/* SPDX-License-Identifier: MIT */
/* The rows that load_csv.c and load_ndjson.c write, and the table of their columns. */
#pragma once

#include <stddef.h>

#include "run/run.h"

struct load_row {
	const char *row;               /* "phase", "second" or "route" */
	const char *phase, *route;     /* NULL: not of one */
	double start_s, length_s;      /* since the run began */
	double offered_per_s, answered_per_s;
	double requests, answered, failed, errors, timeouts, in_flight, unsent;
	double mean_s, p50_s, p95_s, p99_s, p999_s, max_s;   /* NAN in any figure: not known */
	bool censored;                 /* the tail is a lower bound */
};

enum load_cell { LOAD_TEXT, LOAD_FIGURE, LOAD_FLAG };

struct load_column {
	const char *name;
	enum load_cell kind;
	size_t offset;
};

extern const struct load_column load_columns[];   /* ends with a NULL name */

void load_rows(const struct run *r, void (*write)(void *ctx, const struct load_row *row),
    void *ctx);

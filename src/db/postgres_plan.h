/* SPDX-License-Identifier: MIT */
/* postgres_plan: what PostgreSQL's EXPLAIN (FORMAT JSON) says of a statement. Pure: text in, plan out;
 * strings belong to the arena. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct postgres_scan {         /* a table that is read whole, to keep some of its rows */
	const char *schema, *table, *filter;
	double rows;               /* kept, estimated */
};

struct postgres_plan {
	const char **lines;         size_t n_lines;   /* for people, indented by depth */
	struct postgres_scan *scans; size_t n_scans;
};

/* -EINVAL: it is no plan. */
int postgres_plan_read(const char *json, struct arena *a, struct postgres_plan *ret, struct err *e);

/* Which of the table's columns an index for this filter begins with: those compared for equality, then
 * at most one that is compared for order. None where the filter has an OR or only computes with them.
 * Returns how many, at most `max`, as places in `columns`. */
size_t postgres_filter_columns(const char *filter, const char *const *columns, size_t n, size_t *ret, size_t max);

/* A fingerprint as a text to prepare: each ? outside of quotes becomes a numbered parameter. Returns
 * how many parameters there are, those included that it had before. */
size_t postgres_parameters(const char *fingerprint, struct arena *a, const char **ret);

/* SPDX-License-Identifier: MIT */
/* What the names in expressions mean: variables become indexes into the values of a running flow,
 * feeders and their columns indexes into the tables.
 *
 * A variable of the scenario is visible everywhere, one that a step extracts in the rest of its
 * flow. One scope serves a whole scenario, so that an index means one name in all its flows, and
 * every random expression gets a stream of its own.
 *
 * A scenario is compiled in its own order: the feeders; each variable's text, then its name
 * (scope_define); the headers; then for each flow scope_next_flow, and for each step its texts, then
 * the names that it extracts. The same order gives the same indexes and streams. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"

struct feeder;

struct scope_feeder {
	const char *name;
	const struct feeder *rows;     /* NULL: not read, so any column may be asked for */
};

struct scope {
	const struct scope_feeder *feeders; size_t n_feeders;
	const char *(*env)(const char *name);   /* as getenv; NULL: env() gives nothing (for checks) */
	uint32_t n_variables;          /* indexes handed out: the size of a flow's array of values */
	uint32_t draws;                /* random streams handed out */
	uint32_t flow;                 /* 0: before the first one */
	struct map variables;
};

/* What was extracted before is out of sight from here on. */
void scope_next_flow(struct scope *s);

/* The index of a variable, which is visible from here on. */
uint32_t scope_define(struct scope *s, const char *name);

/* -ENOENT with a sentence (and the nearest name as its hint) when nothing visible is called so. */
int scope_find(const struct scope *s, const char *name, uint32_t *ret_index, struct err *e);
int scope_find_column(const struct scope *s, const char *feeder, const char *column,
    uint32_t *ret_feeder, uint32_t *ret_column, struct err *e);

/* May this be the name of a variable or feeder? Letters, digits, '_' and '-', no digit first. */
bool scope_is_name(const char *text);

void scope_done(struct scope *s);

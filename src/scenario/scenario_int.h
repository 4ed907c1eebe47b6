/* SPDX-License-Identifier: MIT */
/* Between the files that make a scenario from a YAML tree.
 *
 * A mapping is read along a table of its keys; each key has a taker that turns its node into a
 * member. */
#pragma once

#include "base/map.h"
#include "scenario/node.h"
#include "scenario/scenario.h"

struct loading {
	struct node_file file;
	struct arena *a;
	struct scenario *s;
	struct map places;     /* of texts in the scenario, by their address: line << 32 | column */
};

struct key {
	const char *name;
	/* `to` is the member at `offset`; `key` names it in errors. */
	int (*take)(struct loading *l, const char *key, const struct node *value, void *to);
	size_t offset;
};

/* Read a mapping into `to`. `what` names it in errors; the table ends with a NULL name. */
int take_keys(struct loading *l, const char *what, const struct node *n, const struct key *keys,
    void *to);
/* Suggests the nearest of the table's keys, which stand `stride` bytes apart. */
int refuse_key(struct loading *l, const char *what, const struct node *key, const struct key *keys,
    size_t stride);

/* Takers of members. `to` points at a const char * (which take_word does not leave empty), an
 * int64_t of nanoseconds, a double. */
int take_text(struct loading *l, const char *key, const struct node *n, void *to);
int take_word(struct loading *l, const char *key, const struct node *n, void *to);
int take_duration(struct loading *l, const char *key, const struct node *n, void *to);
int take_above_zero(struct loading *l, const char *key, const struct node *n, void *to);

/* One of `words`, a list that ends with NULL: its place in it. */
int take_choice(struct loading *l, const char *key, const struct node *n, const char *const *words,
    int *ret);
/* A text, or a list of texts. */
int take_texts(struct loading *l, const char *key, const struct node *n, const char ***ret,
    size_t *ret_n);
/* { name: text }, or a list of such. */
int take_pairs(struct loading *l, const char *key, const struct node *n,
    struct scenario_pair **ret, size_t *ret_n);
int require_keys(struct loading *l, const char *key, const struct node *n);

/* A step; `in_flow`: the flow's weight stands beside its keys. */
int take_step(struct loading *l, const struct node *n, bool in_flow, struct scenario_step *ret);

/* What needs the whole: names in expressions, syntax of patterns, kinds that go together. */
int scenario_check(struct loading *l);

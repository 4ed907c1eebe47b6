/* SPDX-License-Identifier: MIT */
/* A YAML tree into structs.
 *
 * A mapping is read along a table of its keys; each key has a taker that turns its node into a
 * member. Every refusal says where it stands and, where that is known, what to write instead
 * (STATUS_USAGE). Texts point into the tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "yaml/node.h"

struct loading {
	struct node_file file;
	struct arena *a;
	struct map places;     /* of texts taken, by their address: line << 32 | column */
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
int require_keys(struct loading *l, const char *key, const struct node *n);

/* Where a text that was taken stands; `holder` when it was not in the file. */
struct node_place take_place(const struct loading *l, const char *text, struct node_place holder);

/* Takers of members: what `to` points at stands beside. */
int take_text(struct loading *l, const char *key, const struct node *n, void *to);      /* const char * */
int take_word(struct loading *l, const char *key, const struct node *n, void *to);      /* the same, not empty */
int take_flag(struct loading *l, const char *key, const struct node *n, void *to);      /* bool */
int take_duration(struct loading *l, const char *key, const struct node *n, void *to);  /* int64_t, ns */
int take_time(struct loading *l, const char *key, const struct node *n, void *to);      /* the same, above 0 */
int take_size(struct loading *l, const char *key, const struct node *n, void *to);      /* int64_t, bytes */
int take_rate(struct loading *l, const char *key, const struct node *n, void *to);      /* double, 1/s */
int take_share(struct loading *l, const char *key, const struct node *n, void *to);     /* double, 0 to 1 */
int take_above_zero(struct loading *l, const char *key, const struct node *n, void *to);   /* double */

/* A whole number from `low`, at least 0, to `high`. */
int take_whole(struct loading *l, const char *key, const struct node *n, int64_t low, int64_t high,
    int64_t *ret);
/* One of `words`, a list that ends with NULL: its place in it. */
int take_choice(struct loading *l, const char *key, const struct node *n, const char *const *words,
    int *ret);
/* A text, or a list of texts. */
int take_texts(struct loading *l, const char *key, const struct node *n, const char ***ret,
    size_t *ret_n);

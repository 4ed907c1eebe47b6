/* SPDX-License-Identifier: MIT */
/* A YAML document as a tree of texts, lists and keys that know where they stand.
 *
 * YAML without its traps: no tags, anchors and aliases, one document, no key twice in a mapping,
 * no zero bytes; at most 16 MiB, 16 levels, a million nodes. Scalars are texts, whoever reads them
 * says what they mean. The tree dies with its arena. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define NODE_FILE_MAX ((size_t)16 << 20)
#define NODE_KEY_MAX  512      /* bytes of a key */

struct node_place { int line, column; };   /* from 1; 0: not from a file */

enum node_kind { NODE_TEXT, NODE_LIST, NODE_KEYS };

struct node {
	enum node_kind kind;
	struct node_place place;
	const char *text;                     /* of NODE_TEXT */
	struct node **items; size_t n_items;  /* of a list, or what the keys lead to */
	struct node **keys; size_t n_keys;    /* NODE_TEXT each; as many as items */
};

/* Where the tree comes from, for errors. */
struct node_file {
	const char *name, *text;       /* text is terminated at size */
	size_t size;
	struct err *e;
};

int node_parse(const struct node_file *f, struct arena *a, struct node **ret);

/* "name:line:column: why", the line and a caret; returns -EINVAL. */
int node_refuse(const struct node_file *f, struct node_place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The kind for people: "a list". */
const char *node_kind_name(const struct node *n);

/* NULL when it is not among the keys (or `n` has none). */
const struct node *node_get(const struct node *n, const char *key);

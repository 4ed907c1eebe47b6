/* SPDX-License-Identifier: MIT */
/* Stacks merged into the tree of a flame graph, and the two ways it goes into a page: drawn, for
 * everybody, and as data, for the script that lets one zoom and search. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "report/doc.h"

struct flame_node {
	const char *name;
	double seconds;
	enum run_part_kind kind;
	struct flame_node *parent, *child, *next;   /* children: widest first */
	int depth;
};

struct flame_tree {
	struct flame_node *root;    /* named "all" */
	size_t n_nodes;
	int depth;
};

/* Lives in `a`. Very deep stacks are cut, and so is a tree that would grow too large: what is
 * left out still counts in its callers. */
void flame_build(struct flame_tree *t, struct arena *a, const struct doc_flame *f);

void flame_svg(struct buf *out, const struct flame_tree *t, const struct doc_flame *f, int id);

/* {"names":[...],"depth":[...],"name":[...],"us":[...],"kind":[...]}: nodes in preorder. */
void flame_json(struct buf *out, const struct flame_tree *t);

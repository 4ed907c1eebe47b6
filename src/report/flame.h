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
	double before;              /* seconds in the profile that this one is compared with */
	enum run_part_kind kind;
	struct flame_node *parent, *child, *next;   /* children: widest first */
	int depth;
};

struct flame_tree {
	struct flame_node *root;    /* named "all" */
	size_t n_nodes;
	int depth;
	bool compares;              /* with another profile */
};

/* How much a frame changed: -3..3, by what its change is of the whole. 1, 3 and 8 % are the steps;
 * what is less, a profile of a few thousand samples cannot tell. The same in web/report.js. */
int flame_change(const struct flame_node *n, const struct flame_node *root);

/* Lives in `a`. Very deep stacks are cut, and so is a tree that would grow too large: what is
 * left out still counts in its callers. */
void flame_build(struct flame_tree *t, struct arena *a, const struct doc_flame *f);

void flame_svg(struct buf *out, const struct flame_tree *t, const struct doc_flame *f, int id);

/* {"names":[...],"depth":[...],"name":[...],"us":[...],"kind":[...]}: nodes in preorder; with
 * "before":[...], microseconds too, when it compares. */
void flame_json(struct buf *out, const struct flame_tree *t);

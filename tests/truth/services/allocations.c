/* SPDX-License-Identifier: MIT */
/* Planted: each request takes a parse tree apart into small blocks of memory, one by one, and frees
 * them. Truth: memory.alloc. Usage: allocations [repaired]; repaired, the nodes come from one block. */
#include "http.h"

enum { NODES = 4000 };
struct node { struct node *left, *right; int key; };
struct arena { struct node nodes[NODES]; size_t used; };

static bool repaired;

static struct node *
node_new(struct arena *a, int key)
{
	struct node *n = repaired ? &a->nodes[a->used++] : malloc(sizeof(*n));

	*n = (struct node){ .key = key };
	return n;
}

/* A balanced tree of the keys from low up to, not with, high. */
static struct node *
parse(struct arena *a, int low, int high)
{
	if (low >= high)
		return NULL;
	int middle = (low + high) / 2;
	struct node *n = node_new(a, middle);
	n->left = parse(a, low, middle);
	n->right = parse(a, middle + 1, high);
	return n;
}

static void
forget(struct node *n)
{
	if (!n)
		return;
	forget(n->left);
	forget(n->right);
	free(n);
}

static const char *
answer(void)
{
	static _Thread_local struct arena arena;
	static _Thread_local char text[32];
	long sum = 0;

	for (int page = 0; page < 4; page++) {
		arena.used = 0;
		struct node *root = parse(&arena, 0, NODES);
		sum += root->key;
		if (!repaired)
			forget(root);
	}
	snprintf(text, sizeof(text), "%ld", sum);
	return text;
}

int
main(int argc, char **argv)
{
	(void)argv;
	repaired = argc > 1;
	return http_serve(answer, 32);
}

/* SPDX-License-Identifier: MIT */
/* Keys of gate.yaml that are read and checked although nothing acts on them yet. Who builds what a
 * key is for takes its row out. */
#include <string.h>

#include "gate/config/config_int.h"

#define DEPTH_MAX 4

struct unbuilt {
	const char *path[DEPTH_MAX];   /* keys from the top; "*": each key, or item of a list */
	const char *what;
};

static const struct unbuilt table[] = {
	{ { "upstreams", "*", "pool", "min" }, "no connections are kept ready yet" },
	{ { "upstreams", "*", "health" }, "servers are not asked how they are yet" },
};

static void
look(const struct loading *l, const struct node *n, const struct unbuilt *u, int depth,
    struct gate_config *c)
{
	const char *key = depth < DEPTH_MAX ? u->path[depth] : NULL;

	if (!key) {
		*ARENA_PUSH(l->a, c->notes, c->n_notes) = arena_printf(l->a, "%s:%d:%d: %s", l->file.name,
		    n->place.line, n->place.column, u->what);
		return;
	}
	for (size_t i = 0; i < n->n_items; i++)
		if (strcmp(key, "*") == 0 || (i < n->n_keys && strcmp(key, n->keys[i]->text) == 0))
			look(l, n->items[i], u, depth + 1, c);
}

void
config_note_unbuilt(const struct loading *l, const struct node *root, struct gate_config *c)
{
	for (const struct unbuilt *u = table; u < table + sizeof(table) / sizeof(table[0]); u++)
		look(l, root, u, 0, c);
}

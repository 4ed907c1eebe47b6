/* SPDX-License-Identifier: MIT */
#include "scenario/scenario_int.h"

int
take_pairs(struct loading *l, const char *key, const struct node *n, struct scenario_pair **ret,
    size_t *ret_n)
{
	int code = 0;

	if (n->kind == NODE_LIST) {
		for (size_t i = 0; i < n->n_items && code == 0; i++)
			code = n->items[i]->kind == NODE_LIST ? require_keys(l, key, n->items[i]) :
			    take_pairs(l, key, n->items[i], ret, ret_n);
		return code;
	}
	code = require_keys(l, key, n);
	for (size_t i = 0; i < n->n_keys && code == 0; i++) {
		struct scenario_pair *pair = ARENA_PUSH(l->a, *ret, *ret_n);
		pair->name = n->keys[i]->text;
		pair->place = n->keys[i]->place;
		code = take_text(l, pair->name, n->items[i], &pair->value);
	}
	return code;
}

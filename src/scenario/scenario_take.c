/* SPDX-License-Identifier: MIT */
/* Takers that more than one kind of mapping uses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "scenario/scenario_int.h"

int
refuse_key(struct loading *l, const char *what, const struct node *key, const struct key *keys,
    size_t stride)
{
	struct nearest near = { .word = key->text };

	for (const struct key *k = keys; k->name; k = (const void *)((const char *)k + stride))
		nearest_try(&near, k->name);
	int code = node_refuse(&l->file, key->place, "unknown key '%s' in %s", key->text, what);
	if (near.best)
		err_hint(l->file.e, "did you mean '%s'?", near.best);
	return code;
}

int
require_keys(struct loading *l, const char *key, const struct node *n)
{
	if (n->kind == NODE_KEYS)
		return 0;
	int code = node_refuse(&l->file, n->place, "%s: %s where keys are expected", key,
	    node_kind_name(n));
	err_hint(l->file.e, "write %s: { key: value }", key);
	return code;
}

int
take_keys(struct loading *l, const char *what, const struct node *n, const struct key *keys,
    void *to)
{
	int code = require_keys(l, what, n);

	for (size_t i = 0; i < n->n_keys && code == 0; i++) {
		const char *word = n->keys[i]->text;
		const struct key *key = keys;
		while (key->name && strcmp(key->name, word) != 0)
			key++;
		code = key->name ? key->take(l, word, n->items[i], (char *)to + key->offset) :
		    refuse_key(l, what, n->keys[i], keys, sizeof(*keys));
	}
	return code;
}

int
take_text(struct loading *l, const char *key, const struct node *n, void *to)
{
	if (n->kind != NODE_TEXT) {
		int code = node_refuse(&l->file, n->place, "%s: %s where a single value is expected", key,
		    node_kind_name(n));
		err_hint(l->file.e, "put text with special characters in 'quotes'");
		return code;
	}
	*map_at(&l->places, &n->text, sizeof(n->text), NULL) =
	    (uint64_t)n->place.line << 32 | (uint32_t)n->place.column;
	*(const char **)to = n->text;
	return 0;
}

int
take_word(struct loading *l, const char *key, const struct node *n, void *to)
{
	int code = take_text(l, key, n, to);

	if (code == 0 && !**(const char **)to)
		return node_refuse(&l->file, n->place, "%s: empty", key);
	return code;
}

int
take_duration(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_text(l, key, n, &text);
	if (code < 0 || parse_duration(text, to) == 0)
		return code;
	code = node_refuse(&l->file, n->place, "%s: '%s' is not a duration", key, text);
	err_hint(l->file.e, "write a number and a unit: 500ms, 10s, 5m");
	return code;
}

int
take_above_zero(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;
	double number;

	int code = take_text(l, key, n, &text);
	if (code < 0)
		return code;
	char *end;
	number = strtod(text, &end);
	if (!strchr("0123456789.", *text) || !*text || *end || !(number > 0 && number <= 1e9)) {
		code = node_refuse(&l->file, n->place, "%s: '%s' is not a number above 0", key, text);
		err_hint(l->file.e, "write it plainly, as 1 or 2.5");
		return code;
	}
	*(double *)to = number;
	return 0;
}

int
take_choice(struct loading *l, const char *key, const struct node *n, const char *const *words,
    int *ret)
{
	struct nearest near = { 0 };
	char known[128] = "";

	int code = take_text(l, key, n, &near.word);
	if (code < 0)
		return code;
	for (int i = 0; words[i]; i++) {
		nearest_try(&near, words[i]);
		if (strcmp(words[i], near.word) == 0) {
			*ret = i;
			return 0;
		}
		size_t used = strlen(known);
		snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "", words[i]);
	}
	code = node_refuse(&l->file, n->place, "%s: unknown '%s'", key, near.word);
	if (near.best)
		err_hint(l->file.e, "did you mean '%s'?", near.best);
	err_hint(l->file.e, "there are: %s", known);
	return code;
}

int
take_texts(struct loading *l, const char *key, const struct node *n, const char ***ret,
    size_t *ret_n)
{
	const struct node *alone[] = { n };
	const struct node *const *items = n->kind == NODE_LIST ?
	    (const struct node *const *)n->items : alone;
	size_t n_items = n->kind == NODE_LIST ? n->n_items : 1;
	int code = 0;

	for (size_t i = 0; i < n_items && code == 0; i++)
		code = take_text(l, key, items[i], ARENA_PUSH(l->a, *ret, *ret_n));
	return code;
}

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

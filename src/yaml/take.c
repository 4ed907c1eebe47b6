/* SPDX-License-Identifier: MIT */
#include "yaml/take.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

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

struct node_place
take_place(const struct loading *l, const char *text, struct node_place holder)
{
	const uint64_t *place = map_find(&l->places, &text, sizeof(text));
	return place ? (struct node_place){ (int)(*place >> 32), (int)(uint32_t)*place } : holder;
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
take_time(struct loading *l, const char *key, const struct node *n, void *to)
{
	int code = take_duration(l, key, n, to);

	if (code == 0 && *(int64_t *)to == 0)
		return node_refuse(&l->file, n->place, "%s: must be longer than nothing", key);
	return code;
}

int
take_size(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_text(l, key, n, &text);
	if (code < 0 || parse_size(text, to) == 0)
		return code;
	code = node_refuse(&l->file, n->place, "%s: '%s' is not a size", key, text);
	err_hint(l->file.e, "write a number and a unit: 64KiB, 256MiB, 1GB");
	return code;
}

int
take_rate(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_text(l, key, n, &text);
	if (code < 0 || parse_rate(text, to) == 0)
		return code;
	code = node_refuse(&l->file, n->place, "%s: '%s' is not a rate", key, text);
	err_hint(l->file.e, "write 500/s, 20k/s or 100/min");
	return code;
}

int
take_share(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;
	double share;

	int code = take_text(l, key, n, &text);
	if (code < 0)
		return code;
	if (parse_ratio(text, &share) < 0 || share > 1) {
		code = node_refuse(&l->file, n->place, "%s: '%s' is not a share", key, text);
		err_hint(l->file.e, "write 90%% or 0.9");
		return code;
	}
	*(double *)to = share;
	return 0;
}

int
take_flag(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_text(l, key, n, &text);
	if (code < 0)
		return code;
	bool is_true = strcmp(text, "true") == 0;
	if (!is_true && strcmp(text, "false") != 0) {
		code = node_refuse(&l->file, n->place, "%s: '%s' is neither true nor false", key, text);
		err_hint(l->file.e, "write %s: true", key);
		return code;
	}
	*(bool *)to = is_true;
	return 0;
}

int
take_whole(struct loading *l, const char *key, const struct node *n, int64_t low, int64_t high,
    int64_t *ret)
{
	const char *text;
	char *end;

	int code = take_text(l, key, n, &text);
	if (code < 0)
		return code;
	errno = 0;
	long long count = strtoll(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || count < low || count > high)
		return node_refuse(&l->file, n->place, "%s: '%s' is not a number from %" PRId64 " to %" PRId64,
		    key, text, low, high);
	*ret = count;
	return 0;
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

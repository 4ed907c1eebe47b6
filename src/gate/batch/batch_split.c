/* SPDX-License-Identifier: MIT */
#include "gate/batch/batch_split.h"

#include "base/cleanup.h"

static bool
is_null(struct view raw)
{
	return raw.size == 4 && memcmp(raw.bytes, "null", 4) == 0;
}

/* What the client gets of it. */
static void
give(const struct gate_batch *b, struct view item, struct text *ret)
{
	struct view value;

	if (ret->at || json_find(&b->value, item.bytes, item.size, &value) != JSON_FOUND || is_null(value))
		return;
	*ret = (struct text){ value.bytes, value.size };
}

static void
give_by_key(const struct gate_batch *b, const struct map *keys, struct view key, struct view item,
    struct text *ret_values)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	json_find_text(key, &text);
	const uint64_t *at = map_find(keys, buf_text(&text), text.size);
	if (at)
		give(b, item, &ret_values[*at]);
}

static bool
is_key(struct view raw)
{
	return raw.size && (raw.bytes[0] == '"' || raw.bytes[0] == '-' || (raw.bytes[0] >= '0' && raw.bytes[0] <= '9'));
}

static enum batch_fit
split_by_key(const struct gate_batch *b, const struct map *keys, struct json_items *items, struct text *ret_values)
{
	struct view name, item, key;

	while (json_items_next(items, &name, &item)) {
		if (is_null(item))
			continue;
		if (json_find(&b->key, item.bytes, item.size, &key) != JSON_FOUND || !is_key(key))
			return BATCH_NO_KEY;
		give_by_key(b, keys, key, item, ret_values);
	}
	return BATCH_FITS;
}

static enum batch_fit
split_by_order(const struct gate_batch *b, size_t n, struct json_items *items, struct text *ret_values)
{
	struct view name, item;
	size_t count = 0;

	for (; json_items_next(items, &name, &item); count++)
		if (count < n)
			give(b, item, &ret_values[count]);
	return count == n ? BATCH_FITS : BATCH_WRONG_COUNT;
}

enum batch_fit
batch_split(const struct gate_batch *b, const struct map *keys, size_t n, struct text answer, struct text *ret_values)
{
	struct json_items items;
	struct view all, name, item;

	memset(ret_values, 0, n * sizeof(*ret_values));
	enum json_verdict v = json_find(&b->items, answer.at, answer.size, &all);
	if (v == JSON_BAD)
		return BATCH_NOT_JSON;
	if (v == JSON_ABSENT || !json_items_begin(&items, all) || items.is_list != (b->by != GATE_BATCH_BY_NAME))
		return BATCH_NO_ITEMS;
	if (b->by == GATE_BATCH_BY_KEY)
		return split_by_key(b, keys, &items, ret_values);
	if (b->by == GATE_BATCH_BY_ORDER)
		return split_by_order(b, n, &items, ret_values);
	while (json_items_next(&items, &name, &item))
		give_by_key(b, keys, name, item, ret_values);
	return BATCH_FITS;
}

const char *
batch_fit_text(enum batch_fit fit)
{
	static const char *const texts[] = {
		[BATCH_NOT_JSON] = "the answer to the batch is no JSON",
		[BATCH_NO_ITEMS] = "the answer to the batch has no items where they should be",
		[BATCH_WRONG_COUNT] = "the answer to the batch has another number of items than was asked for",
		[BATCH_NO_KEY] = "an item in the answer to the batch does not say whose it is",
	};
	return texts[fit];
}

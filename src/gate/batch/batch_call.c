/* SPDX-License-Identifier: MIT */
#include "gate/batch/batch_call.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "gate/encode.h"

#define DIGITS_MAX 18      /* of a whole number that every reader of JSON takes for the same */

/* ---- the key of a request -------------------------------------------------------------------- */

static bool
begins(struct text t, struct text with)
{
	return t.size >= with.size && memcmp(t.at, with.at, with.size) == 0;
}

/* What stands between both ends of the pattern, as it was sent. */
static bool
find_raw(const struct gate_batch *b, struct text target, struct text *ret)
{
	size_t around = b->from.before.size + b->from.after.size;

	if (target.size <= around || !begins(target, b->from.before))
		return false;
	struct text end = { target.at + target.size - b->from.after.size, b->from.after.size };
	*ret = (struct text){ target.at + b->from.before.size, target.size - around };
	if (!begins(end, b->from.after))
		return false;
	for (size_t i = 0; i < ret->size; i++)
		if (strchr("/?&+;", ret->at[i]))   /* '+': a blank for some, itself for others */
			return false;
	return true;
}

static bool
decode(struct text raw, char out[BATCH_KEY_MAX], size_t *ret_size)
{
	size_t n = 0;

	for (size_t i = 0; i < raw.size; i++) {
		char c = raw.at[i];
		if (n == BATCH_KEY_MAX)
			return false;
		if (c == '%') {
			int high = i + 2 < raw.size ? hex_digit(raw.at[i + 1]) : -1;
			int low = i + 2 < raw.size ? hex_digit(raw.at[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		out[n++] = c;
	}
	*ret_size = n;
	return true;
}

/* Written anew it is the same: so it is UTF-8. */
static bool
is_text(struct text key)
{
	char copy[BATCH_KEY_MAX + 1], again[4];

	memcpy(copy, key.at, key.size);
	copy[key.size] = '\0';
	for (const char *p = copy; p < copy + key.size;) {
		const char *was = p;
		uint32_t c = utf8_next(&p);
		size_t n = utf8_write(again, c);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || n != (size_t)(p - was) || memcmp(again, was, n) != 0)
			return false;
	}
	return true;
}

/* In the one way that JSON has for it. */
static bool
is_number(struct text key)
{
	size_t sign = key.size && key.at[0] == '-', n = key.size - sign;

	if (!n || n > DIGITS_MAX || (key.at[sign] == '0' && key.size > 1))
		return false;
	for (size_t i = sign; i < key.size; i++)
		if (key.at[i] < '0' || key.at[i] > '9')
			return false;
	return true;
}

bool
batch_key(const struct gate_batch *b, struct text target, char out[BATCH_KEY_MAX], struct text *ret)
{
	struct text raw;
	size_t n;

	if (!find_raw(b, target, &raw) || !decode(raw, out, &n))
		return false;
	*ret = (struct text){ out, n };
	return b->numbers ? is_number(*ret) : is_text(*ret);
}

/* ---- the call -------------------------------------------------------------------------------- */

size_t
batch_call_room(const struct gate_batch *b)
{
	return b->body.before.at ? BATCH_BODY_MAX : BATCH_TARGET_MAX - b->into.before.size - b->into.after.size;
}

static void
put_key(const struct gate_batch *b, struct text key, struct buf *out)
{
	if (!b->body.before.at) {
		encode_url(out, key);
	} else if (b->numbers) {
		buf_append(out, key.at, key.size);
	} else {
		buf_putc(out, '"');
		encode_json(out, key);
		buf_putc(out, '"');
	}
}

size_t
batch_key_bytes(const struct gate_batch *b, struct text key)
{
	CLEANUP(buf_done) struct buf one = { 0 };

	put_key(b, key, &one);
	return one.size + (b->body.before.at ? 1 : strlen(b->join));
}

static void
put_keys(const struct gate_batch *b, const struct gate_around *around, const struct text *keys, size_t n,
    const char *join, struct buf *out)
{
	buf_append(out, around->before.at, around->before.size);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_puts(out, join);
		put_key(b, keys[i], out);
	}
	buf_append(out, around->after.at, around->after.size);
}

void
batch_target_write(const struct gate_batch *b, const struct text *keys, size_t n, struct buf *out)
{
	bool here = !b->body.before.at;

	put_keys(b, &b->into, keys, here ? n : 0, b->join, out);
}

void
batch_body_write(const struct gate_batch *b, const struct text *keys, size_t n, struct buf *out)
{
	if (b->body.before.at)
		put_keys(b, &b->body, keys, n, ",", out);
}

/* SPDX-License-Identifier: MIT */
/* Any bytes as Redis replies: no crash, and the same verdicts and figures whether they come at once
 * or one by one. */
#include <stdlib.h>
#include <string.h>

#include "net/resp_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One reply: how many bytes it took. */
static size_t
feed(struct resp *p, const uint8_t *data, size_t size, size_t piece, struct buf *keep,
    enum resp_verdict *ret)
{
	size_t at = 0, used;

	*ret = RESP_MORE;
	buf_clear(keep);
	resp_start(p, keep);
	for (; *ret == RESP_MORE && at < size; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		*ret = resp_feed(p, data + at, n, &used);
		if (used > n || strlen(p->error) > RESP_TEXT_MAX ||
		    (*ret == RESP_BAD) != (p->why != NULL))
			abort();
	}
	return at;
}

/* The values of a whole reply, seen one after the other, are those that were counted. */
static void
walk(const struct resp *p, const uint8_t *data, size_t size)
{
	struct resp_walk w;
	struct resp_value v;
	int64_t values = 0, errors = 0;

	resp_walk_start(&w, (struct text){ (const char *)data, size });
	while (resp_walk_next(&w, &v)) {
		values += !resp_is_list(&v);
		errors += v.kind == RESP_ERROR;
		if (v.text.at < (const char *)data || v.text.at + v.text.size > (const char *)data + size)
			abort();
	}
	if (values != p->values || errors != p->errors)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resp whole = { 0 }, pieces = { 0 };
	struct buf keep_whole = { .cap_bytes = 32 }, keep_pieces = { .cap_bytes = 32 };
	enum resp_verdict a = RESP_DONE, b;

	for (size_t at = 0; at < size && (a == RESP_DONE || a == RESP_PUSHED);) {
		size_t n = feed(&whole, data + at, size - at, size - at, &keep_whole, &a);
		size_t m = feed(&pieces, data + at, size - at, 1, &keep_pieces, &b);
		if (a != b || (n != m && a != RESP_BAD) || whole.kind != pieces.kind || whole.integer != pieces.integer ||
		    whole.values != pieces.values || whole.string_bytes != pieces.string_bytes ||
		    whole.errors != pieces.errors || strcmp(whole.error, pieces.error) != 0 ||
		    keep_whole.size != keep_pieces.size || keep_whole.truncated != keep_pieces.truncated ||
		    memcmp(buf_text(&keep_whole), buf_text(&keep_pieces), keep_whole.size) != 0)
			abort();
		if (a == RESP_DONE || a == RESP_PUSHED)
			walk(&whole, data + at, n);
		at += n;
	}
	buf_done(&keep_whole);
	buf_done(&keep_pieces);
	return 0;
}

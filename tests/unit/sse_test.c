/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "net/sse.h"
#include "check.h"

#define BOM "\xef\xbb\xbf"

struct row {
	const char *bytes;
	const char *events;      /* "type=data|" each */
	int comments;
	size_t size;             /* 0: as a text */
};

static const struct row rows[] = {
	{ "data: a\n\n", "=a|" },
	{ "data: a\r\n\r\n", "=a|" },
	{ "data: a\r\r", "=a|" },
	{ "data: a\n\ndata: b\n\n", "=a|=b|" },
	{ "data: a\r\rdata: b\r\r", "=a|=b|" },
	{ "data: a\r\n\rdata: b\n\r\n", "=a|=b|" },
	{ "data:a\n\n", "=a|" },
	{ "data:  a \n\n", "= a |" },
	{ "data: a:b\n\n", "=a:b|" },
	{ "data: a\ndata: b\ndata\ndata:c\n\n", "=a\nb\n\nc|" },
	{ "data\n\n", "=|" },
	{ "data:\n\n", "=|" },
	{ "data: \ndata: \n\n", "=\n|" },
	{ "event: add\ndata: 1\n\ndata: 2\n\n", "add=1|=2|" },
	{ "event: a\nevent: b\ndata: 1\n\n", "b=1|" },
	{ "event: a\nevent\ndata: 1\n\n", "=1|" },
	{ "event: lost\n\ndata: 1\n\n", "=1|" },
	{ ": keep-alive\n\n:\n\ndata: 1\n: within\ndata: 2\n\n", "=1\n2|", 3 },
	{ "id: 1\nretry: 10\nx: y\ndatax: z\ndat: z\neventx: z\ndata: 1\n\n", "=1|" },
	{ "id: 1\n\n", "" },
	{ "\n\n\r\r\r\n", "" },
	{ BOM "data: a\n\n", "=a|" },
	{ BOM BOM "data: a\n\n", "" },
	{ "\xef\xbb" "data: a\n\n", "" },
	{ "\xef\ndata: a\n\n", "=a|" },
	{ "\xef\xbb\n\ndata: a\n\n", "=a|" },
	{ "data: a\n\n" BOM "data: b\n\n", "=a|" },
	{ BOM "\ndata: a\n\n", "=a|" },
	{ "data: a", "" },
	{ "data: a\n", "" },
	{ "data: a\0b\n\n", "=a", 0, 11 },
	{ "event: 0123456789012345678901234567890123456789012345678901234567890123456789\ndata: 1\n\n",
	  "012345678901234567890123456789012345678901234567890123456789012=1|" },
	{ "", "" },
};

static void
feed(struct sse *p, const char *bytes, size_t size, size_t piece, struct buf *events)
{
	size_t used;

	sse_start(p);
	for (size_t at = 0; at < size; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(n);
		memcpy(copy, bytes + at, n);
		enum sse_verdict v = sse_feed(p, copy, n, &used);
		free(copy);
		assert_true(used <= n && (v != SSE_MORE || used == n));
		if (v == SSE_EVENT)
			buf_printf(events, "%s=%s|", p->type, buf_text(&p->data));
	}
}

static void
streams_read_alike_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 100000 };
	struct sse p = { 0 };
	struct buf events = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			const struct row *r = &rows[i];
			buf_clear(&events);
			feed(&p, r->bytes, r->size ? r->size : strlen(r->bytes), pieces[k], &events);
			if (r->size) {
				assert_int_equal(p.data.size, 3);
				continue;
			}
			if (strcmp(buf_text(&events), r->events) != 0)
				fail_msg("row %zu, pieces of %zu: '%s'", i, pieces[k], buf_text(&events));
			assert_int_equal(p.comments, r->comments);
		}
	}
	sse_done(&p);
	buf_done(&events);
}

/* An event is told with the first byte that ends it: it must not wait for the next one. */
static void
an_event_is_told_at_its_end(void **state)
{
	static const char *const streams[] = { "data: a\n\n", "data: a\r\r\n", "data: a\r\n\r\n" };
	struct sse p = { 0 };
	size_t used;

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		sse_start(&p);
		assert_int_equal(sse_feed(&p, streams[i], strlen(streams[i]), &used), SSE_EVENT);
		assert_int_equal(used, strlen(streams[i]) - (i > 0));
		assert_int_equal(sse_feed(&p, streams[i] + used, i > 0, &used), SSE_MORE);
	}
	sse_done(&p);
}

static void
long_events_are_cut(void **state)
{
	struct sse p = { 0 };
	struct buf stream = { 0 };

	buf_puts(&stream, "data: ");
	for (size_t i = 0; i < SSE_DATA_MAX; i++)
		buf_putc(&stream, 'x');
	size_t fits = stream.size;
	buf_puts(&stream, "\n\ndata: ");
	for (size_t i = 0; i < SSE_DATA_MAX + 1; i++)
		buf_putc(&stream, 'y');
	buf_puts(&stream, "\ndata: z\n\ndata: short\n\n");
	for (size_t piece = 1; piece < 200000; piece *= 7) {
		size_t at = 0, used;
		bool cut[3];
		sse_start(&p);
		for (int event = 0; event < 3;) {
			size_t n = stream.size - at < piece ? stream.size - at : piece;
			bool whole = sse_feed(&p, stream.data + at, n, &used) == SSE_EVENT;
			at += used;
			if (!whole)
				continue;
			cut[event] = p.data.truncated;
			assert_int_equal(p.data.size, event < 2 ? fits - 6 : 5);
			event++;
		}
		assert_true(!cut[0] && cut[1] && !cut[2]);
		assert_true(p.data.allocated <= 4 * SSE_DATA_MAX);
	}
	sse_done(&p);
	buf_done(&stream);
}

RUN_TESTS(cmocka_unit_test(streams_read_alike_in_pieces_of_any_size),
    cmocka_unit_test(an_event_is_told_at_its_end), cmocka_unit_test(long_events_are_cut))

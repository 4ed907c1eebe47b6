/* SPDX-License-Identifier: MIT */
/* Frames as the collector copies them, made with nghttp2's own packer: which requests come of them. */
#include <stdlib.h>

#include <nghttp2/nghttp2.h>

#include "trace/streams.h"
#include "check.h"

#define SOCK 0xffff8881000

static struct streams *streams;
static nghttp2_hd_deflater *packer;
static char told[1024];
static uint64_t keys[64];
static size_t n_keys;

static int
begin(void **state)
{
	streams = streams_new();
	n_keys = 0;
	told[0] = '\0';
	return nghttp2_hd_deflate_new(&packer, 4096);
}

static int
end(void **state)
{
	nghttp2_hd_deflate_del(packer);
	streams_free(streams);
	return 0;
}

/* "R/path1 B1 A1": the number is the order in which keys were met. */
static void
tell(void *ctx, enum stream_part part, uint64_t key, const char *path)
{
	size_t i = 0, at = strlen(told);
	while (i < n_keys && keys[i] != key)
		i++;
	if (i == n_keys)
		keys[n_keys++] = key;
	snprintf(told + at, sizeof(told) - at, "%s%c%s#%zu", at ? " " : "", "RBA"[part],
	    part == STREAM_REQUEST ? path : "", i + 1);
}

static struct ev_io event;

static void
start(uint32_t flags)
{
	event = (struct ev_io){ .sock = SOCK, .flags = flags | EV_IO_SERVER | EV_IO_FRAMES };
}

static void
put(const void *bytes, size_t n)
{
	assert_true(event.begun + n <= sizeof(event.text));
	memcpy(event.text + event.begun, bytes, n);
	event.begun = (uint16_t)(event.begun + n);
}

static void
frame(uint8_t type, uint8_t flags, uint32_t stream, size_t size)
{
	uint8_t h[9] = { (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size, type, flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };
	put(h, sizeof(h));
}

struct block { uint8_t bytes[512]; size_t n; };

/* `indexed`: by a client that puts paths into its table. */
static struct block
pack(const char *path, bool indexed)
{
	struct block b;
	nghttp2_nv fields[] = {
		{ (uint8_t *)":method", (uint8_t *)"GET", 7, 3, 0 },
		{ (uint8_t *)":path", (uint8_t *)path, 5, strlen(path), 0 },
		{ (uint8_t *)"x-agent", (uint8_t *)"a client", 7, 8, 0 },
	};
	if (indexed) {
		b.n = 0;
		b.bytes[b.n++] = 0x82;
		b.bytes[b.n++] = 0x44;
		b.bytes[b.n++] = (uint8_t)strlen(path);
		memcpy(b.bytes + b.n, path, strlen(path));
		b.n += strlen(path);
		return b;
	}
	ssize_t n = nghttp2_hd_deflate_hd(packer, b.bytes, sizeof(b.bytes), fields, 3);
	assert_true(n > 0);
	b.n = (size_t)n;
	return b;
}

static void
request(uint32_t stream, const struct block *b)
{
	frame(1, 5, stream, b->n);
	put(b->bytes, b->n);
}

static void
take(void)
{
	streams_take(streams, &event, tell, NULL);
}

static void
streams_are_requests(void **state)
{
	struct block a = pack("/orders?x=1", false), b = pack("/cart", false);
	start(EV_IO_FIRST);
	request(1, &a);
	request(3, &b);
	frame(0, 1, 3, 5);         /* data: its body is not copied */
	take();
	start(EV_IO_WRITE);
	frame(1, 4, 3, 20);
	frame(0, 1, 3, 900);
	frame(1, 4, 1, 20);
	take();
	start(EV_IO_WRITE);
	frame(0, 1, 1, 0);
	take();
	assert_string_equal(told, "R/orders?x=1#1 R/cart#2 A#2 A#1 A#1");
}

/* Header blocks in pieces, padded, with a priority, and with trailers. */
static void
blocks_are_put_together(void **state)
{
	struct block a = pack("/a", false), b = pack("/b", false);
	start(EV_IO_FIRST);
	frame(1, 0, 1, 2);
	put(a.bytes, 2);
	frame(9, 4, 1, a.n - 2);
	put(a.bytes + 2, 3);
	take();
	assert_string_equal(told, "");
	start(0);
	event.pad = (uint32_t)a.n - 5;
	put(a.bytes + 5, a.n - 5);
	frame(1, 4 | 8 | 32, 3, 1 + 5 + b.n + 2);
	put("\2\0\0\0\0\7", 6);
	put(b.bytes, b.n);
	put("\0\0", 2);
	take();
	struct block c = pack("/trailer", false);
	start(0);
	request(3, &c);
	take();
	assert_string_equal(told, "R/a#1 R/b#2 B#2");
}

static void
what_was_packed_before_is_unknown(void **state)
{
	static const struct block again = { { 0x82, 0xbe }, 2 }, older = { { 0x82, 0xbf }, 2 };
	pack("/before", false);            /* not seen: its x-agent is in the table */
	struct block a = pack("/now", false), path = pack("/kept", true);
	start(0);
	request(11, &a);
	request(13, &path);
	request(15, &again);
	request(17, &older);
	take();
	assert_string_equal(told, "R/now#1 R/kept#2 R/kept#3 R#4");
}

static void
a_gap_costs_only_what_was_in_it(void **state)
{
	struct block a = pack("/a", false), b = pack("/b", false), c = pack("/c", false);
	start(EV_IO_FIRST | EV_IO_CUT);
	frame(1, 4, 1, a.n);
	put(a.bytes, a.n - 3);
	take();
	start(0);
	request(3, &b);
	take();
	start(0);
	event.pad = 4;             /* of a frame that never came */
	put("abcd", 4);
	request(5, &c);
	take();
	assert_string_equal(told, "R/b#1 R/c#2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
RUN_TESTS(TEST(streams_are_requests), TEST(blocks_are_put_together),
    TEST(what_was_packed_before_is_unknown), TEST(a_gap_costs_only_what_was_in_it))

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
static bool asks;              /* the service is the client */

static int
begin(void **state)
{
	streams = streams_new();
	n_keys = 0;
	asks = false;
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

/* "R/path1 B1 A1": the number is the order in which keys were met; an end has its status, and what the
 * service asks its method. */
static void
tell(void *ctx, const struct stream_told *t)
{
	size_t i = 0, at = strlen(told);
	while (i < n_keys && keys[i] != t->key)
		i++;
	if (i == n_keys)
		keys[n_keys++] = t->key;
	at += (size_t)snprintf(told + at, sizeof(told) - at, "%s%c", at ? " " : "", "RBAE"[t->part]);
	if (t->part == STREAM_REQUEST)
		at += (size_t)snprintf(told + at, sizeof(told) - at, "%s%s", asks ? t->method : "", t->path);
	if (t->part == STREAM_END)
		at += (size_t)snprintf(told + at, sizeof(told) - at, "%u", t->status);
	snprintf(told + at, sizeof(told) - at, "#%zu", i + 1);
}

static struct ev_io event;

static void
start(uint32_t flags)
{
	event = (struct ev_io){ .sock = SOCK, .flags = flags | (asks ? 0 : EV_IO_SERVER) | EV_IO_FRAMES };
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

/* An answer's block: a status, and what gRPC says in its trailers. */
static struct block
answer(nghttp2_hd_deflater *peer, const char *status, const char *grpc)
{
	struct block b;
	nghttp2_nv fields[] = { { (uint8_t *)":status", (uint8_t *)status, 7, 3, 0 },
		{ (uint8_t *)"grpc-status", (uint8_t *)grpc, 11, grpc ? strlen(grpc) : 0, 0 } };
	ssize_t n = nghttp2_hd_deflate_hd(peer, b.bytes, sizeof(b.bytes), status ? fields : fields + 1,
	    (status != NULL) + (grpc != NULL));
	assert_true(n > 0);
	b.n = (size_t)n;
	return b;
}

static void
answer_frame(uint8_t flags, uint32_t stream, const struct block *b)
{
	frame(1, flags, stream, b->n);
	put(b->bytes, b->n);
}

/* Three at a time: answered with a body, by trailers alone, and given up. What is answered without having
 * been asked in this window is not told. */
static void
what_the_service_asks_is_told_with_its_answer(void **state)
{
	nghttp2_hd_deflater *peer;
	struct block a = pack("/shop.Prices/Quote", false), b = pack("/cart?x=1", false), c = pack("/c", false);
	assert_int_equal(nghttp2_hd_deflate_new(&peer, 4096), 0);
	struct block ok = answer(peer, "200", NULL), full = answer(peer, "200", "8"), done = answer(peer, NULL, "0");
	asks = true;
	start(EV_IO_FIRST | EV_IO_WRITE);
	request(1, &a);
	request(3, &b);
	frame(0, 1, 3, 5);
	request(5, &c);
	take();
	assert_string_equal(told, "RGET/shop.Prices/Quote#1 RGET/cart?x=1#2 RGET/c#3");
	told[0] = '\0';
	start(0);
	answer_frame(4, 1, &ok);
	frame(0, 0, 1, 9000);
	answer_frame(5, 3, &full);
	take();
	assert_string_equal(told, "A#1 A#2 E429#2");
	told[0] = '\0';
	start(0);
	answer_frame(5, 1, &done);
	frame(3, 0, 5, 4);
	frame(0, 1, 77, 4);
	take();
	assert_string_equal(told, "A#1 E200#1 A#3 E502#3");
	nghttp2_hd_deflate_del(peer);
}

/* It was made before the window, so what its blocks refer to is not known; statuses are not among that. */
static void
a_peers_connection_from_before_keeps_its_statuses(void **state)
{
	static const struct block again = { { 0x83, 0xbe }, 2 }, ok = { { 0x88 }, 1 }, bad = { { 0x8e }, 1 };
	asks = true;
	start(EV_IO_WRITE);
	request(101, &again);
	request(103, &again);
	take();
	start(0);
	answer_frame(5, 101, &ok);
	answer_frame(5, 103, &bad);
	take();
	assert_string_equal(told, "RPOST#1 RPOST#2 A#1 E200#1 A#2 E500#2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
RUN_TESTS(TEST(streams_are_requests), TEST(blocks_are_put_together),
    TEST(what_was_packed_before_is_unknown), TEST(a_gap_costs_only_what_was_in_it),
    TEST(what_the_service_asks_is_told_with_its_answer), TEST(a_peers_connection_from_before_keeps_its_statuses))

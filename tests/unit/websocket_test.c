/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "net/websocket.h"
#include "check.h"

/* Bytes of a literal with NULs in it. */
#define B(s) s, sizeof(s) - 1

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"   /* RFC 6455, 1.3 */
#define OPEN   SWITCH UPGRADE ACCEPT "\r\n"

struct row {
	const char *bytes;
	size_t size;
	enum websocket_verdict verdict;   /* the last one */
	int messages;                     /* seen on the way */
	const char *kept;                 /* the last message */
	bool text;
	uint16_t close_code;
	const char *sent;                 /* opcodes and payloads of our frames: "A:hello " */
};

static const struct row answers[] = {
	{ B(OPEN), WEBSOCKET_OPEN },
	{ B("HTTP/1.1 101\r\nupgrade: WebSocket\r\nCONNECTION: keep-alive , upgrade\r\nX: y\r\n" ACCEPT "\r\n"),
	  WEBSOCKET_OPEN },
	{ B("HTTP/1.1 101 x\nUpgrade: websocket\nConnection: Upgrade\n"
	    "Sec-WebSocket-Accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\n"), WEBSOCKET_OPEN },
	{ B("HTTP/1.1 101 x\n" UPGRADE ACCEPT "Sec-WebSocket-Extensions:\n\r\n"), WEBSOCKET_OPEN },
	{ B(SWITCH UPGRADE ACCEPT "\r"), WEBSOCKET_MORE },
	{ B("HTTP/1.1 403 No\r\n\r\n"), WEBSOCKET_BAD },
	{ B("HTTP/1.0 101 x\r\n" UPGRADE ACCEPT "\r\n"), WEBSOCKET_BAD },
	{ B("HTTP/1.1 1x1\r\n" UPGRADE ACCEPT "\r\n"), WEBSOCKET_BAD },
	{ B("HTTP/1.1 1010\r\n" UPGRADE ACCEPT "\r\n"), WEBSOCKET_BAD },
	{ B("HTTP/1.1 10\r\n\r\n"), WEBSOCKET_BAD },
	{ B("\r\n\r\n"), WEBSOCKET_BAD },
	{ B("SSH-2.0"), WEBSOCKET_BAD },
	{ B(SWITCH "Upgrade: websocket\r\n" ACCEPT "\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH "Connection: Upgrade\r\n" ACCEPT "\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT "\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH "Upgrade: websocket\r\nConnection: close\r\n" ACCEPT "\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH UPGRADE "\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH UPGRADE "Sec-WebSocket-Accept: x\r\n\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH UPGRADE ACCEPT "no colon\r\n\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH UPGRADE ACCEPT ": x\r\n\r\n"), WEBSOCKET_BAD },
	{ B(SWITCH UPGRADE ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), WEBSOCKET_BAD },
};

#define LONG_125 "01234567890123456789012345678901234567890123456789012345678901234567890123456789" \
	"012345678901234567890123456789012345678901234"

static const struct row frames[] = {
	/* The examples of section 5.7. */
	{ B("\x81\5Hello"), WEBSOCKET_MESSAGE, 1, "Hello", true },
	{ B("\x01\3Hel" "\x80\2lo"), WEBSOCKET_MESSAGE, 1, "Hello", true },
	{ B("\x89\5Hello"), WEBSOCKET_MORE, .sent = "A:Hello " },
	{ B("\x82\5Hello"), WEBSOCKET_MESSAGE, 1, "Hello" },
	{ B("\x82\0"), WEBSOCKET_MESSAGE, 1, "" },
	{ B("\x81\1a\x82\1b"), WEBSOCKET_MESSAGE, 2, "b" },
	{ B("\x81\x7e\0\x7e" LONG_125 "x"), WEBSOCKET_MESSAGE, 1, LONG_125 "x", true },
	{ B("\x81\x7d" LONG_125), WEBSOCKET_MESSAGE, 1, LONG_125, true },
	{ B("\x01\0\0\0\x80\0"), WEBSOCKET_MESSAGE, 1, "", true },
	/* Control frames in the middle of a message. */
	{ B("\x01\1a\x89\1p\0\1b\x8a\1x\x89\0\x80\1c"), WEBSOCKET_MESSAGE, 1, "abc", true, .sent = "A:p A: " },
	{ B("\x89\x7d" LONG_125), WEBSOCKET_MORE, .sent = "A:" LONG_125 " " },
	{ B("\x01\1a\x88\2\3\xe8"), WEBSOCKET_CLOSED, .kept = "a", .close_code = 1000, .sent = "8:\3\xe8 " },
	{ B("\x88\0"), WEBSOCKET_CLOSED, .close_code = 1005, .sent = "8: " },
	{ B("\x88\5\3\xe9\xc3\xa4!"), WEBSOCKET_CLOSED, .close_code = 1001, .sent = "8:\3\xe9 " },
	{ B("\x88\2\x0f\xa0"), WEBSOCKET_CLOSED, .close_code = 4000, .sent = "8:\x0f\xa0 " },
	{ B("\x88\0\xff\xff\xff"), WEBSOCKET_MORE, .close_code = 1005, .sent = "8: " },
	/* UTF-8, also over the borders of fragments; binary is anything. */
	{ B("\x81\x0a" "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), WEBSOCKET_MESSAGE, 1,
	  "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", true },
	{ B("\x01\1\xe2\x00\1\x82\x80\1\xac"), WEBSOCKET_MESSAGE, 1, "\xe2\x82\xac", true },
	{ B("\x82\1\xff"), WEBSOCKET_MESSAGE, 1, "\xff" },
	{ B("\x81\1\xe2"), WEBSOCKET_BAD },
	{ B("\x01\1\xe2\x80\1a"), WEBSOCKET_BAD },
	{ B("\x81\1\x80"), WEBSOCKET_BAD },
	{ B("\x81\2\xc0\x80"), WEBSOCKET_BAD },
	{ B("\x81\3\xe0\x80\x80"), WEBSOCKET_BAD },
	{ B("\x81\3\xed\xa0\x80"), WEBSOCKET_BAD },
	{ B("\x81\4\xf0\x80\x80\x80"), WEBSOCKET_BAD },
	{ B("\x81\4\xf4\x90\x80\x80"), WEBSOCKET_BAD },
	{ B("\x81\1\xf5"), WEBSOCKET_BAD },
	{ B("\x81\x0c" "12345678901\xff"), WEBSOCKET_BAD },
	/* not whole */
	{ B("\x81"), WEBSOCKET_MORE },
	{ B("\x81\5Hell"), WEBSOCKET_MORE, .kept = "Hell" },
	{ B("\x01\1a"), WEBSOCKET_MORE, .kept = "a" },
	{ B("\x82\x7f\0\0\0\0\x40\0\0\0"), WEBSOCKET_MORE },
	/* wrong */
	{ B("\x81\x85" "abcdHello"), WEBSOCKET_BAD },
	{ B("\xc1\0"), WEBSOCKET_BAD },
	{ B("\xa1\0"), WEBSOCKET_BAD },
	{ B("\x91\0"), WEBSOCKET_BAD },
	{ B("\x83\0"), WEBSOCKET_BAD },
	{ B("\x8b\0"), WEBSOCKET_BAD },
	{ B("\x80\0"), WEBSOCKET_BAD },
	{ B("\x01\0\x81\0"), WEBSOCKET_BAD },
	{ B("\x01\0\x80\0\x80\0"), WEBSOCKET_BAD, 1 },
	{ B("\x09\0"), WEBSOCKET_BAD },
	{ B("\x89\x7e\0\x7e"), WEBSOCKET_BAD },
	{ B("\x81\x7e\0\x7d"), WEBSOCKET_BAD },
	{ B("\x81\x7f\0\0\0\0\0\0\xff\xff"), WEBSOCKET_BAD },
	{ B("\x81\x7f\x80\0\0\0\0\0\0\0"), WEBSOCKET_BAD },
	{ B("\x82\x7f\0\0\0\0\x40\0\0\1"), WEBSOCKET_BAD },
	{ B("\x02\1a\x80\x7f\0\0\0\0\x40\0\0\0"), WEBSOCKET_BAD },
	{ B("\x88\1\3"), WEBSOCKET_BAD },
	{ B("\x88\2\3\xe7"), WEBSOCKET_BAD },
	{ B("\x88\2\3\xed"), WEBSOCKET_BAD },
	{ B("\x88\2\3\xf7"), WEBSOCKET_BAD },
	{ B("\x88\2\x0b\xb7"), WEBSOCKET_BAD },
	{ B("\x88\3\3\xe8\xff"), WEBSOCKET_BAD },
	{ B("\x88\3\3\xe8\xe2"), WEBSOCKET_BAD },
};

static enum websocket_verdict
feed(struct websocket *p, const char *bytes, size_t size, size_t piece, int *messages, struct buf *out)
{
	enum websocket_verdict v = WEBSOCKET_MORE;
	size_t used;

	for (size_t at = 0; at < size && v != WEBSOCKET_BAD; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(n);
		memcpy(copy, bytes + at, n);
		v = websocket_feed(p, copy, n, &used, out);
		free(copy);
		assert_true(used <= n && (v != WEBSOCKET_MORE || used == n));
		*messages += v == WEBSOCKET_MESSAGE;
	}
	return v;
}

/* Our frames as text, unmasked: opcode in hexadecimal, colon, payload, space. */
static void
read_sent(const struct buf *out, struct buf *text)
{
	size_t at = 0;

	while (at < out->size) {
		const uint8_t *b = (const uint8_t *)out->data + at;
		assert_true(out->size - at >= 6 && (b[0] & 0xf0) == 0x80 && b[1] & 0x80);
		size_t length = b[1] & 0x7f, head = length < 126 ? 2 : length == 126 ? 4 : 10;
		if (head > 2)
			length = 0;
		for (size_t i = 2; i < head; i++)
			length = length << 8 | b[i];
		assert_true(out->size - at >= head + 4 + length);
		buf_printf(text, "%X:", b[0] & 0x0f);
		for (size_t i = 0; i < length; i++)
			buf_putc(text, (char)(b[head + 4 + i] ^ b[head + i % 4]));
		buf_putc(text, ' ');
		at += head + 4 + length;
	}
}

static const struct websocket_request request = { "h:80", "/chat?x", "Origin: http://h\r\n" };

static void
begin(struct websocket *p, struct buf *keep, struct buf *out)
{
	websocket_start(p, &request, 1, keep, out);
	strcpy(p->key, "dGhlIHNhbXBsZSBub25jZQ==");
	buf_clear(out);
	buf_clear(keep);
}

static void
check_rows(const struct row *rows, size_t n, const char *before)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 100000 };
	struct websocket p = { 0 };
	struct buf keep = { 0 }, out = { 0 }, sent = { 0 };

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			const struct row *r = &rows[i];
			int messages = 0;
			begin(&p, &keep, &out);
			feed(&p, before, strlen(before), pieces[k], &messages, &out);
			enum websocket_verdict v = feed(&p, r->bytes, r->size, pieces[k], &messages, &out);
			if (v != r->verdict || messages != r->messages)
				fail_msg("row %zu, pieces of %zu: verdict %d (%s), %d messages", i, pieces[k], v, p.why,
				    messages);
			assert_true((v == WEBSOCKET_BAD) == (p.why != NULL));
			if (v == WEBSOCKET_BAD)
				continue;
			assert_string_equal(buf_text(&keep), r->kept ? r->kept : "");
			assert_int_equal(p.text, r->text);
			assert_int_equal(p.close_code, r->close_code);
			buf_clear(&sent);
			read_sent(&out, &sent);
			assert_string_equal(buf_text(&sent), r->sent ? r->sent : "");
		}
	}
	websocket_done(&p);
	buf_done(&keep);
	buf_done(&out);
	buf_done(&sent);
}

static void
upgrades_read_alike_in_pieces_of_any_size(void **state)
{
	check_rows(answers, sizeof(answers) / sizeof(answers[0]), "");
}

static void
frames_read_alike_in_pieces_of_any_size(void **state)
{
	check_rows(frames, sizeof(frames) / sizeof(frames[0]), OPEN);
}

static void
the_request_is_as_asked_for(void **state)
{
	struct websocket p = { 0 };
	struct buf out = { 0 }, want = { 0 };
	char first[25];

	websocket_start(&p, &request, 1, NULL, &out);
	assert_int_equal(strlen(p.key), 24);
	buf_printf(&want, "GET /chat?x HTTP/1.1\r\nHost: h:80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\nOrigin: http://h\r\n\r\n", p.key);
	assert_string_equal(out.data, want.data);
	strcpy(first, p.key);
	websocket_start(&p, &request, 1, NULL, &out);
	assert_string_equal(p.key, first);
	websocket_start(&p, &request, 2, NULL, &out);
	assert_string_not_equal(p.key, first);
	websocket_done(&p);
	buf_done(&out);
	buf_done(&want);
}

/* What we send, a server reads as it was, at every border of the length's forms. */
static void
messages_are_masked(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536 };
	struct websocket p = { 0 };
	struct buf out = { 0 }, sent = { 0 };
	char *bytes = malloc(65536);

	memset(bytes, 'm', 65536);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		websocket_send(&p, WEBSOCKET_TEXT, bytes, sizes[i], &out);
		read_sent(&out, &sent);
		assert_int_equal(sent.size, sizes[i] + 3);
		assert_memory_equal(sent.data, "1:", 2);
		assert_memory_equal(sent.data + 2, bytes, sizes[i]);
		assert_true(sizes[i] < 8 || !memmem(out.data, out.size, "mmmmmmmm", 8));
		buf_clear(&out);
		buf_clear(&sent);
	}
	/* Whole frames or none. */
	struct buf small = { .cap_bytes = 20 };
	websocket_send(&p, WEBSOCKET_BINARY, "0123", 4, &small);
	websocket_send(&p, WEBSOCKET_BINARY, "0123456", 7, &small);
	assert_true(small.truncated && small.size == 10);
	buf_done(&small);
	buf_done(&out);
	buf_done(&sent);
	free(bytes);
}

static void
a_close_is_sent_once(void **state)
{
	struct websocket p = { 0 };
	struct buf keep = { 0 }, out = { 0 }, sent = { 0 };
	int messages = 0;

	begin(&p, &keep, &out);
	feed(&p, B(OPEN), 1000, &messages, &out);
	websocket_close(&p, 1000, &out);
	assert_int_equal(feed(&p, B("\x89\0\x81\1a\x88\2\3\xe8"), 1000, &messages, &out), WEBSOCKET_CLOSED);
	assert_int_equal(messages, 1);
	read_sent(&out, &sent);
	assert_string_equal(sent.data, "8:\3\xe8 ");
	websocket_done(&p);
	buf_done(&keep);
	buf_done(&out);
	buf_done(&sent);
}

static void
nobody_makes_us_grow(void **state)
{
	struct websocket p = { 0 };
	struct buf keep = { .cap_bytes = 4 }, out = { 0 };
	enum websocket_verdict v = WEBSOCKET_MORE;
	size_t used, fed = 0;
	int messages = 0;

	begin(&p, &keep, &out);
	v = websocket_feed(&p, B(SWITCH), &used, &out);
	for (; v == WEBSOCKET_MORE && fed < 1 << 20; fed += 6)
		v = websocket_feed(&p, B("X: y\r\n"), &used, &out);
	assert_true(v == WEBSOCKET_BAD && fed <= WEBSOCKET_HEAD_MAX + 6);

	begin(&p, &keep, &out);
	feed(&p, B(OPEN), 1000, &messages, &out);
	assert_null(p.head.data);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(websocket_feed(&p, B("\x89\0"), &used, &out), WEBSOCKET_MORE);
	assert_true(out.size <= WEBSOCKET_UNSENT_MAX + 6);
	assert_int_equal(websocket_feed(&p, B("\x81\6" "012345"), &used, &out), WEBSOCKET_MESSAGE);
	assert_true(keep.size == 4 && keep.truncated && p.message_bytes == 6);
	websocket_done(&p);
	buf_done(&keep);
	buf_done(&out);
}

RUN_TESTS(cmocka_unit_test(upgrades_read_alike_in_pieces_of_any_size),
    cmocka_unit_test(frames_read_alike_in_pieces_of_any_size),
    cmocka_unit_test(the_request_is_as_asked_for), cmocka_unit_test(messages_are_masked),
    cmocka_unit_test(a_close_is_sent_once), cmocka_unit_test(nobody_makes_us_grow))

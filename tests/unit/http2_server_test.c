/* SPDX-License-Identifier: MIT */
/* The server side of HTTP/2 against frames written here, so that a client may do what it must not. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/http1_request.h"
#include "net/http2_server.h"
#include "check.h"

struct asked {
	struct http2_inbound in;
	struct asked *next;
	const char *answer;              /* what is left of it */
	size_t left;
	bool answered, closed;
};

struct side {
	struct http2_server h;
	struct http2_pool pool;
	nghttp2_hd_deflater *packer;
	struct buf in, out;
	int64_t now_ns;
	struct asked *all;
	int opened, closed;
	struct buf head, body;           /* of the latest request */
	bool ended;
	bool silent;                     /* nobody is answered */
	size_t answer_bytes;
	bool keep_windows;               /* bodies are not consumed */
};

/* ---- who serves ---- */

static struct http2_inbound *
on_opened(void *ctx)
{
	struct side *s = ctx;
	struct asked *a = calloc(1, sizeof(*a));

	s->opened++;
	a->next = s->all;
	s->all = a;
	return &a->in;
}

static struct asked *
asked_of(struct http2_inbound *in)
{
	return (struct asked *)(void *)in;
}

static void
answer(struct side *s, struct asked *a)
{
	static char large[1 << 20];
	static const struct text head = { "HTTP/1.1 200 OK\r\nX-Tag: a b\r\nConnection: close\r\n\r\n", 49 };

	memset(large, 'x', sizeof(large));
	a->answer = large;
	a->left = s->answer_bytes;
	a->answered = true;
	assert_int_equal(http2_server_answer(&s->h, &a->in, head, false), 0);
}

static void
on_request(void *ctx, struct http2_inbound *in, struct text head, bool ended)
{
	struct side *s = ctx;

	buf_clear(&s->head);
	buf_append(&s->head, head.at, head.size);
	buf_clear(&s->body);
	s->ended = ended;
	if (!s->silent && ended && !memmem(head.at, head.size, "/wait", 5))
		answer(s, asked_of(in));
}

static void
on_body(void *ctx, struct http2_inbound *in, const char *bytes, size_t size)
{
	struct side *s = ctx;

	buf_append(&s->body, bytes, size);
	if (!s->keep_windows)
		http2_server_consumed(&s->h, in, size);
}

static void
on_body_ended(void *ctx, struct http2_inbound *in)
{
	struct side *s = ctx;

	assert_false(s->ended);
	s->ended = true;
	if (!s->silent)
		answer(s, asked_of(in));
}

static size_t
on_ready(void *ctx, struct http2_inbound *in, bool *ret_last)
{
	*ret_last = asked_of(in)->answered;
	return asked_of(in)->left;
}

static void
on_take(void *ctx, struct http2_inbound *in, size_t size, struct buf *out)
{
	struct asked *a = asked_of(in);

	assert_true(size <= a->left);
	buf_append(out, a->answer, size);
	a->answer += size;
	a->left -= size;
}

static void
on_closed(void *ctx, struct http2_inbound *in)
{
	struct side *s = ctx;

	assert_false(asked_of(in)->closed);
	asked_of(in)->closed = true;
	s->closed++;
}

static struct http2_server_sink sink = {
	.opened = on_opened, .request = on_request, .body = on_body, .body_ended = on_body_ended,
	.ready = on_ready, .take = on_take, .closed = on_closed,
};

static void
side_open(struct side *s)
{
	static const struct http2_server_limits limits = { .streams = 100, .head_bytes = 8192 };

	*s = (struct side){ .answer_bytes = 5 };
	sink.ctx = s;
	assert_int_equal(http2_server_open(&s->h, &sink, &limits, &s->pool, 0), 0);
	assert_int_equal(nghttp2_hd_deflate_new(&s->packer, 4096), 0);
	buf_puts(&s->in, HTTP2_PREFACE);
}

static void
side_close(struct side *s)
{
	http2_server_close(&s->h);
	http2_pool_done(&s->pool);
	nghttp2_hd_deflate_del(s->packer);
	while (s->all) {
		struct asked *a = s->all;
		s->all = a->next;
		free(a);
	}
	buf_done(&s->in);
	buf_done(&s->out);
	buf_done(&s->head);
	buf_done(&s->body);
}

/* ---- who asks: frames as text ---- */

static void
put_frame(struct buf *b, int type, int flags, uint32_t stream, const char *payload, size_t size)
{
	const unsigned char head[9] = {
		(unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size, (unsigned char)type,
		(unsigned char)flags, (unsigned char)(stream >> 24), (unsigned char)(stream >> 16),
		(unsigned char)(stream >> 8), (unsigned char)stream,
	};
	buf_append(b, head, sizeof(head));
	buf_append(b, payload, size);
}

/* "name=value,name=value" */
static void
pack_fields(struct side *s, const char *text, size_t size, struct buf *out)
{
	nghttp2_nv all[64];
	size_t n = 0;
	uint8_t block[16384];
	const char *end = text + size;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma ? comma : end, *is = memchr(text + 1, '=', (size_t)(stop - text - 1));
		all[n++] = (nghttp2_nv){
			.name = (uint8_t *)(uintptr_t)text, .namelen = (size_t)(is - text), .value = (uint8_t *)(uintptr_t)is + 1,
			.valuelen = (size_t)(stop - is - 1), .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME,
		};
		text = stop + 1;
	}
	ssize_t used = nghttp2_hd_deflate_hd(s->packer, block, sizeof(block), all, n);
	assert_true(used >= 0);
	buf_append(out, block, (size_t)used);
}

#define GET  ":method=GET,:scheme=http,:path=/,:authority=a"
#define WAIT ":method=GET,:scheme=http,:path=/wait,:authority=a"   /* it gets no answer */

/* "type:flags:stream:payload" between ';', numbers in hex. A payload is hex, or '~' and how many zeros, or '@' and
 * fields, or '@' alone for a GET; in front of fields there may be hex. */
static void
put_frames(struct side *s, const char *text)
{
	while (*text) {
		char *at;
		CLEANUP(buf_done) struct buf payload = { 0 };
		int type = (int)strtol(text, &at, 16), flags = (int)strtol(at + 1, &at, 16);
		uint32_t stream = (uint32_t)strtoul(at + 1, &at, 16);
		const char *p = at + 1, *end = strchr(p, ';');
		if (!end)
			end = p + strlen(p);
		for (; p < end && isxdigit((unsigned char)*p); p += 2) {
			char byte[3] = { p[0], p[1], '\0' };
			buf_putc(&payload, (char)strtol(byte, NULL, 16));
		}
		for (long n = *p == '~' ? strtol(p + 1, NULL, 10) : 0; n > 0; n--)
			buf_putc(&payload, '\0');
		if (*p == '@' && p + 1 == end)
			pack_fields(s, GET, strlen(GET), &payload);
		else if (*p == '@')
			pack_fields(s, p + 1, (size_t)(end - p) - 1, &payload);
		put_frame(&s->in, type, flags, stream, buf_text(&payload), payload.size);
		text = *end ? end + 1 : end;
	}
}

/* Carry what was written, in pieces, and gather what comes back. */
static bool
carry(struct side *s, size_t piece)
{
	struct buf in = s->in;
	bool alive = true;

	s->in = (struct buf){ 0 };
	for (size_t at = 0; at < in.size && alive; at += piece) {
		size_t n = in.size - at < piece ? in.size - at : piece;
		char *copy = malloc(n);   /* so that a sanitizer sees a step outside */
		memcpy(copy, in.data + at, n);
		alive = http2_server_feed(&s->h, copy, n, s->now_ns);
		free(copy);
		do
			alive = http2_server_flush(&s->h, 1 << 16, &s->out) && alive;
		while (alive && s->h.more);
	}
	buf_done(&in);
	return alive;
}

/* The first frame of a type that came back; its payload's size or -1. */
static int
find_frame(const struct side *s, int type, uint32_t stream, const unsigned char **ret_payload, int *ret_flags)
{
	const unsigned char *p = (const unsigned char *)s->out.data, *end = p + s->out.size;

	while (end - p >= 9) {
		int size = p[0] << 16 | p[1] << 8 | p[2];
		uint32_t id = (uint32_t)p[5] << 24 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 8 | p[8];
		assert_true(end - p >= 9 + size);
		*ret_payload = p + 9;
		if (ret_flags)
			*ret_flags = p[4];
		if (p[3] == type && (!stream || id == stream))
			return size;
		p += 9 + size;
	}
	return -1;
}

static int
code_of(const struct side *s, int type)
{
	const unsigned char *p;
	int size = find_frame(s, type, 0, &p, NULL);

	if (size < 0)
		return -1;
	p += type == NGHTTP2_GOAWAY ? 4 : 0;
	return p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static size_t
data_bytes(const struct side *s)
{
	const unsigned char *p = (const unsigned char *)s->out.data, *end = p + s->out.size;
	size_t n = 0;

	for (; end - p >= 9; p += 9 + (p[0] << 16 | p[1] << 8 | p[2]))
		if (p[3] == NGHTTP2_DATA)
			n += (size_t)(p[0] << 16 | p[1] << 8 | p[2]);
	return n;
}

/* ---- the rules ---- */

enum { ANSWERED, RESET, GOAWAY, EITHER, IGNORED };

#define START "4:0:0:;"
#define P NGHTTP2_PROTOCOL_ERROR

/* RFC 9113 section by section, as conformance suites have it. EITHER: the stream or the connection may end. */
static const struct { const char *frames; int what, code; } rules[] = {
	/* 4.1, 5.5: what nobody knows is ignored */
	{ START "f:0:0:00;1:5:1:@", ANSWERED, 0 },
	{ START "6:fe:0:~8;1:5:1:@", ANSWERED, 0 },
	{ START "1:5:80000001:@", ANSWERED, 0 },
	{ START "4:0:0:00f100000001;1:5:1:@", ANSWERED, 0 },
	/* 4.2: sizes */
	{ START "1:4:1:@:method=POST,:scheme=http,:path=/,:authority=a;0:1:1:~16384", ANSWERED, 0 },
	{ START "1:4:1:@;0:1:1:~16385", EITHER, NGHTTP2_FRAME_SIZE_ERROR },
	{ START "1:5:1:~16385", GOAWAY, NGHTTP2_FRAME_SIZE_ERROR },
	/* 4.3: header blocks */
	{ START "1:5:1:0f80", GOAWAY, NGHTTP2_COMPRESSION_ERROR },
	{ START "1:5:1:ff808080808080808080808080", GOAWAY, NGHTTP2_COMPRESSION_ERROR },
	{ START "1:1:1:@;2:0:1:0000000010", GOAWAY, P },
	{ START "1:1:1:@;1:5:3:@", GOAWAY, P },
	{ START "1:1:1:@;f:0:0:00", GOAWAY, P },
	/* 5.1: states */
	{ START "0:1:1:61", GOAWAY, P },
	{ START "3:0:1:00000008", GOAWAY, P },
	{ START "8:0:1:00000064", GOAWAY, P },
	{ START "9:4:1:00", GOAWAY, P },
	{ START "1:5:1:@" WAIT ";0:1:1:61", EITHER, NGHTTP2_STREAM_CLOSED },
	{ START "1:5:1:@" WAIT ";1:5:1:@", EITHER, NGHTTP2_STREAM_CLOSED },
	{ START "1:5:1:@;9:4:1:00", GOAWAY, P },
	{ START "1:4:1:@;3:0:1:00000008;0:1:1:61", EITHER, NGHTTP2_STREAM_CLOSED },
	{ START "1:4:1:@;3:0:1:00000008;1:5:1:@", EITHER, NGHTTP2_STREAM_CLOSED },
	{ START "1:5:1:@;0:1:1:61", GOAWAY, NGHTTP2_STREAM_CLOSED },
	{ START "1:5:1:@;1:5:1:@", GOAWAY, NGHTTP2_STREAM_CLOSED },
	{ START "1:4:1:@x=y;0:0:1:61;1:5:1:@x=y;6:0:0:~8", IGNORED, 0 },   /* of what we have reset */
	/* 5.1.1: numbers */
	{ START "1:5:2:@", GOAWAY, P },
	{ START "1:5:5:@;1:5:3:@", GOAWAY, P },
	/* 5.3.1: a stream that depends on itself */
	{ START "1:25:1:0000000110@", EITHER, P },
	{ START "1:4:1:@;2:0:1:0000000110", EITHER, P },
	/* 6.1: DATA */
	{ START "0:1:0:61", GOAWAY, P },
	{ START "1:4:1:@;0:9:1:0561", GOAWAY, P },
	/* 6.2: HEADERS */
	{ START "1:5:0:@", GOAWAY, P },
	{ START "1:d:1:ff828486", GOAWAY, P },
	/* 6.3: PRIORITY */
	{ START "2:0:0:0000000010", GOAWAY, P },
	{ START "2:0:1:00000000", EITHER, NGHTTP2_FRAME_SIZE_ERROR },
	/* 6.4: RST_STREAM */
	{ START "3:0:0:00000008", GOAWAY, P },
	{ START "1:4:1:@;3:0:1:000008", GOAWAY, NGHTTP2_FRAME_SIZE_ERROR },
	/* 6.5: SETTINGS */
	{ START "4:1:0:00", GOAWAY, NGHTTP2_FRAME_SIZE_ERROR },
	{ START "4:0:1:", GOAWAY, P },
	{ START "4:0:0:000100", GOAWAY, NGHTTP2_FRAME_SIZE_ERROR },
	{ START "4:0:0:000200000002", GOAWAY, P },
	{ START "4:0:0:000480000000", GOAWAY, NGHTTP2_FLOW_CONTROL_ERROR },
	{ START "4:0:0:000500003fff", GOAWAY, P },
	{ START "4:0:0:000501000000", GOAWAY, P },
	{ "6:0:0:~8", GOAWAY, P },
	/* 6.6, 8.4: PUSH_PROMISE */
	{ START "5:4:1:00000002@", GOAWAY, P },
	/* 6.7: PING */
	{ START "6:1:0:~8;1:5:1:@", ANSWERED, 0 },
	{ START "6:0:1:~8", GOAWAY, P },
	{ START "6:0:0:~6", GOAWAY, NGHTTP2_FRAME_SIZE_ERROR },
	/* 6.8: GOAWAY */
	{ START "7:0:1:~8", GOAWAY, P },
	/* 6.9: WINDOW_UPDATE */
	{ START "8:0:0:00000000", GOAWAY, P },
	{ START "1:4:1:@;8:0:1:00000000", EITHER, P },
	{ START "8:0:0:000000", GOAWAY, NGHTTP2_FRAME_SIZE_ERROR },
	{ START "8:0:0:7fffffff;8:0:0:7fffffff", GOAWAY, NGHTTP2_FLOW_CONTROL_ERROR },
	{ START "1:4:1:@;8:0:1:7fffffff;8:0:1:7fffffff", EITHER, NGHTTP2_FLOW_CONTROL_ERROR },
	/* 6.10: CONTINUATION */
	{ START "1:1:1:@;9:0:1:;9:4:1:", ANSWERED, 0 },
	{ START "1:5:1:@;9:4:1:00", GOAWAY, P },
	{ START "1:1:1:@;9:4:0:", GOAWAY, P },
	{ START "1:1:1:@;0:1:1:61", GOAWAY, P },
	/* 8.1: messages */
	{ START "1:4:1:@;1:4:1:@x=y", EITHER, P },
	{ START "1:4:1:@:method=POST,:scheme=http,:path=/,:authority=a;0:0:1:61;1:5:1:@x=y", ANSWERED, 0 },
	{ START "1:4:1:@;1:5:1:@:method=GET", RESET, P },
	/* 8.2: fields */
	{ START "1:5:1:@" GET ",X-Test=ok", RESET, P },
	{ START "1:5:1:@" GET ",connection=keep-alive", RESET, P },
	{ START "1:5:1:@" GET ",transfer-encoding=chunked", RESET, P },
	{ START "1:5:1:@" GET ",upgrade=x", RESET, P },
	{ START "1:5:1:@" GET ",te=trailers;", ANSWERED, 0 },
	{ START "1:5:1:@" GET ",te=gzip", RESET, P },
	{ START "1:5:1:@" GET ",a b=c", RESET, P },
	/* 8.3: pseudo fields */
	{ START "1:5:1:@" GET ",:test=ok", RESET, P },
	{ START "1:5:1:@" GET ",:status=200", RESET, P },
	{ START "1:5:1:@x=y," GET, RESET, P },
	{ START "1:5:1:@:method=GET,:scheme=http,:path=,:authority=a", RESET, P },
	{ START "1:5:1:@:scheme=http,:path=/,:authority=a", RESET, P },
	{ START "1:5:1:@:method=GET,:path=/,:authority=a", RESET, P },
	{ START "1:5:1:@:method=GET,:scheme=http,:authority=a", RESET, P },
	{ START "1:5:1:@:method=GET," GET, RESET, P },
	{ START "1:5:1:@:scheme=http," GET, RESET, P },
	{ START "1:5:1:@:path=/," GET, RESET, P },
	{ START "1:5:1:@:method=GET,:scheme=ftp,:path=/,:authority=a", RESET, P },
	{ START "1:5:1:@:method=GET,:scheme=http,:path=http://b/,:authority=a", RESET, P },
	{ START "1:5:1:@" GET ",host=b", RESET, P },
	{ START "1:5:1:@" GET ",host=A", ANSWERED, 0 },
	/* 8.1.1: lengths */
	{ START "1:4:1:@:method=POST,:scheme=http,:path=/,:authority=a,content-length=1;0:1:1:6161", RESET, P },
	{ START "1:4:1:@:method=POST,:scheme=http,:path=/,:authority=a,content-length=3;0:1:1:6161", RESET, P },
	{ START "1:4:1:@:method=POST,:scheme=http,:path=/,:authority=a,content-length=2;0:1:1:6161", ANSWERED, 0 },
	{ START "1:5:1:@" GET ",content-length=1", RESET, P },
};

static bool
is_so(const struct side *s, int what, int code)
{
	const unsigned char *p;
	int away = code_of(s, NGHTTP2_GOAWAY), reset = code_of(s, NGHTTP2_RST_STREAM);

	switch (what) {
	case ANSWERED:
		return find_frame(s, NGHTTP2_HEADERS, 1, &p, NULL) >= 0 && away < 0;
	case RESET:
		return reset == code && away < 0;
	case GOAWAY:
		return away == code;
	case EITHER:
		return away == code || reset == code;
	default:
		return away < 0;
	}
}

static void
the_rules_of_http2_are_kept(void **state)
{
	static const size_t pieces[] = { 1 << 20, 1 };

	for (size_t i = 0; i < COUNT_OF(rules) * 2; i++) {
		struct side s;
		side_open(&s);
		put_frames(&s, rules[i / 2].frames);
		carry(&s, pieces[i % 2]);
		if (!is_so(&s, rules[i / 2].what, rules[i / 2].code))
			fail_msg("%s\ngoaway %d, reset %d", rules[i / 2].frames, code_of(&s, NGHTTP2_GOAWAY),
			    code_of(&s, NGHTTP2_RST_STREAM));
		assert_true(s.closed <= s.opened);
		side_close(&s);
	}
}

static void
what_is_no_preface_ends_the_connection(void **state)
{
	struct side s;

	side_open(&s);
	s.in.data[3] = 'X';
	assert_false(carry(&s, 1000));
	side_close(&s);
	assert_int_equal(http2_preface_is("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", 28), 1);
	assert_int_equal(http2_preface_is("PRI * H", 7), 0);
	assert_int_equal(http2_preface_is("PRI * X", 7), -1);
}

/* ---- heads ---- */

static void
requests_are_told_as_http1_has_them(void **state)
{
	static const struct { const char *fields, *head; int status; } rows[] = {
		{ GET ",accept=*/*,x-a=1", "GET / HTTP/1.1\r\nhost: a\r\naccept: */*\r\nx-a: 1\r\n\r\n", 0 },
		{ ":method=GET,:scheme=https,:path=/p?q=1,host=b:8", "GET /p?q HTTP/1.1", -1 },
		{ ":method=GET,:scheme=https,:path=/p?q,host=b:8", "GET /p?q HTTP/1.1\r\nhost: b:8\r\n\r\n", 0 },
		{ GET ",cookie=a,x=y,cookie=b", "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\ncookie: a; b\r\n\r\n", 0 },
		{ ":method=OPTIONS,:scheme=http,:path=*,:authority=a", "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", 0 },
		{ ":method=CONNECT,:authority=a:1", "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", 501 },
		{ ":method=GET,:scheme=http,:path=/", "", 0 },
		{ ":method=GET,:scheme=http,:path=/#f,:authority=a", "GET /#f HTTP/1.1\r\nhost: a\r\n\r\n", 400 },
		{ ":method=GET,:scheme=http,:path=/,:authority=u@a", "", -1 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http1_request r;
		struct side s;
		size_t used;
		side_open(&s);
		s.silent = true;
		put_frames(&s, START);
		CLEANUP(buf_done) struct buf block = { 0 };
		pack_fields(&s, rows[i].fields, strlen(rows[i].fields), &block);
		put_frame(&s.in, NGHTTP2_HEADERS, 5, 1, buf_text(&block), block.size);
		carry(&s, 1000);
		if (!rows[i].status && !rows[i].head[0]) {
			assert_int_equal(code_of(&s, NGHTTP2_RST_STREAM), NGHTTP2_PROTOCOL_ERROR);
			assert_int_equal(s.head.size, 0);
		} else if (rows[i].status >= 0) {
			assert_string_equal(buf_text(&s.head), rows[i].head);
			enum http1_verdict v = http1_request_parse(&r, s.head.data, s.head.size, &used);
			assert_int_equal(v == HTTP1_BAD ? r.status : 0, rows[i].status);
		} else if (s.head.size) {   /* whatever is told is one head, or none */
			enum http1_verdict v = http1_request_parse(&r, s.head.data, s.head.size, &used);
			assert_true(v == HTTP1_BAD || (v == HTTP1_DONE && used == s.head.size));
		}
		side_close(&s);
	}
}

static void
a_head_that_is_too_large_is_told_as_that(void **state)
{
	char fields[8400];
	struct side s;

	side_open(&s);
	s.silent = true;
	int n = snprintf(fields, sizeof(fields), "4:0:0:;1:5:1:@" GET ",x=");
	memset(fields + n, 'v', 8200);
	fields[n + 8200] = '\0';
	put_frames(&s, fields);
	assert_true(carry(&s, 100));
	assert_int_equal(s.opened, 1);
	assert_int_equal(s.head.size, 0);
	assert_true(s.ended);
	assert_int_equal(http2_server_answer(&s.h, &s.all->in, (struct text){ "HTTP/1.1 431 x\r\n\r\n", 18 }, true), 0);
	http2_server_flush(&s.h, 1000, &s.out);
	const unsigned char *p;
	int flags;
	assert_true(find_frame(&s, NGHTTP2_HEADERS, 1, &p, &flags) > 0);
	assert_true(flags & NGHTTP2_FLAG_END_STREAM);
	side_close(&s);
}

static void
answers_are_fields_without_what_is_of_connections(void **state)
{
	static const char head[] = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
	nghttp2_hd_inflater *reader;
	nghttp2_nv nv;
	const unsigned char *p;
	struct side s;
	CLEANUP(buf_done) struct buf got = { 0 };
	int flags, done = 0;

	side_open(&s);
	put_frames(&s, START "1:5:1:@");
	s.silent = true;
	carry(&s, 1000);
	buf_clear(&s.out);
	assert_int_equal(http2_server_answer(&s.h, &s.all->in, (struct text){ head, sizeof(head) - 1 }, false), 0);
	answer(&s, s.all);
	assert_true(http2_server_flush(&s.h, 1000, &s.out));
	assert_int_equal(nghttp2_hd_inflate_new(&reader), 0);
	int size = find_frame(&s, NGHTTP2_HEADERS, 1, &p, NULL);
	assert_true(size > 0);
	while (size > 0 && !(done & NGHTTP2_HD_INFLATE_FINAL)) {
		ssize_t n = nghttp2_hd_inflate_hd2(reader, &nv, &done, p, (size_t)size, 1);
		assert_true(n >= 0);
		if (done & NGHTTP2_HD_INFLATE_EMIT)
			buf_printf(&got, "%s=%s,", nv.name, nv.value);
		p += n;
		size -= (int)n;
	}
	assert_string_equal(buf_text(&got), ":status=103,link=</x>,");
	nghttp2_hd_inflate_del(reader);
	assert_int_equal(data_bytes(&s), 5);
	assert_int_equal(find_frame(&s, NGHTTP2_DATA, 1, &p, &flags), 5);
	assert_true(flags & NGHTTP2_FLAG_END_STREAM);
	assert_int_equal(s.closed, 1);
	assert_int_equal(http2_server_answer(&s.h, &s.all->in, (struct text){ "no head", 7 }, false), -EINVAL);
	side_close(&s);
}

/* ---- bodies ---- */

static void
answers_wait_for_the_windows_of_the_client(void **state)
{
	struct side s;

	side_open(&s);
	s.answer_bytes = 200000;
	put_frames(&s, "4:0:0:00040000000a;1:5:1:@");   /* a window of 10 */
	carry(&s, 1000);
	assert_int_equal(data_bytes(&s), 10);
	put_frames(&s, "8:0:1:00000064");
	carry(&s, 1000);
	assert_int_equal(data_bytes(&s), 110);
	put_frames(&s, "8:0:1:00100000");
	carry(&s, 1000);
	assert_int_equal(data_bytes(&s), 65535);             /* that of the connection */
	put_frames(&s, "8:0:0:00100000");
	carry(&s, 1000);
	assert_int_equal(data_bytes(&s), 200000);
	assert_int_equal(s.closed, 1);
	side_close(&s);
}

static void
bodies_that_nobody_consumes_stop_at_the_window(void **state)
{
	struct side s;
	const unsigned char *p;

	side_open(&s);
	s.silent = s.keep_windows = true;
	put_frames(&s, START);
	carry(&s, 1000);
	put_frames(&s, "4:1:0:;1:4:1:@:method=POST,:scheme=http,:path=/,:authority=a");
	for (int i = 0; i < 16; i++)
		put_frames(&s, "0:0:1:~16384");
	carry(&s, 1 << 20);
	assert_int_equal(s.body.size, 16 * 16384);
	assert_string_equal(buf_text(&s.head), "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
	assert_true(find_frame(&s, NGHTTP2_WINDOW_UPDATE, 1, &p, NULL) < 0);
	http2_server_consumed(&s.h, &s.all->in, 200000);
	http2_server_flush(&s.h, 1000, &s.out);
	assert_int_equal(find_frame(&s, NGHTTP2_WINDOW_UPDATE, 1, &p, NULL), 4);
	put_frames(&s, "0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;"
	    "0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384;0:0:1:~16384");
	carry(&s, 1 << 20);
	assert_true(code_of(&s, NGHTTP2_RST_STREAM) == NGHTTP2_FLOW_CONTROL_ERROR ||
	    code_of(&s, NGHTTP2_GOAWAY) == NGHTTP2_FLOW_CONTROL_ERROR);
	side_close(&s);
}

static void
who_has_its_answer_need_not_go_on(void **state)
{
	struct side s;

	side_open(&s);
	s.silent = true;
	put_frames(&s, START "1:4:1:@:method=POST,:scheme=http,:path=/,:authority=a;0:0:1:6161");
	carry(&s, 1000);
	answer(&s, s.all);
	http2_server_flush(&s.h, 1000, &s.out);
	assert_int_equal(code_of(&s, NGHTTP2_RST_STREAM), NGHTTP2_NO_ERROR);
	assert_int_equal(s.closed, 1);
	side_close(&s);
}

static void
an_answer_is_broken_off_in_the_middle(void **state)
{
	struct side s;

	for (int by_client = 0; by_client < 2; by_client++) {
		side_open(&s);
		s.answer_bytes = 200000;
		put_frames(&s, START "1:5:1:@");
		carry(&s, 1000);
		assert_int_equal(data_bytes(&s), 65535);
		if (by_client)
			put_frames(&s, "3:0:1:00000008;8:0:0:00100000");
		else
			http2_server_reset(&s.h, &s.all->in, NGHTTP2_INTERNAL_ERROR);
		put_frames(&s, "6:0:0:~8");
		assert_true(carry(&s, 1000));
		assert_int_equal(data_bytes(&s), 65535);
		assert_int_equal(code_of(&s, NGHTTP2_RST_STREAM), by_client ? -1 : NGHTTP2_INTERNAL_ERROR);
		assert_int_equal(s.closed, 1);
		side_close(&s);
	}
}

/* ---- bounds ---- */

static void
streams_above_the_limit_are_refused(void **state)
{
	char frame[64];
	struct side s;

	side_open(&s);
	s.silent = true;
	put_frames(&s, START);
	for (int i = 0; i <= 100; i++) {
		snprintf(frame, sizeof(frame), "1:5:%x:@", 2 * i + 1);
		put_frames(&s, frame);
	}
	assert_true(carry(&s, 1000));
	assert_int_equal(s.opened, 100);
	assert_int_equal(code_of(&s, NGHTTP2_RST_STREAM), NGHTTP2_REFUSED_STREAM);
	side_close(&s);
}

/* Each of them many times in one instant ends the connection; as often as they are of use they do not. */
static void
floods_end_the_connection(void **state)
{
	static const struct { const char *frames; int64_t each_ns; bool ends; } rows[] = {
		{ "0:0:1:", 0, true }, { "0:0:1:", 20 * NS_PER_MS, false },
		{ "6:0:0:~8", 0, true }, { "6:0:0:~8", 20 * NS_PER_MS, false },
		{ "4:0:0:", 0, true }, { "4:0:0:", 20 * NS_PER_MS, false },
		{ "2:0:1:0000000010", 0, true },
		{ "1:5:%x:@;3:0:%x:00000008", 0, true },
		{ "1:5:%x:@", 0, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct side s;
		side_open(&s);
		s.answer_bytes = 0;
		put_frames(&s, START);
		if (rows[i].frames[0] == '0')
			put_frames(&s, "1:4:1:@");
		bool alive = true;
		for (int k = 0; k < 2500 && alive; k++) {
			char frames[128];
			int id = 2 * k + 1;
			snprintf(frames, sizeof(frames), rows[i].frames, id, id, id);
			put_frames(&s, frames);
			s.now_ns += rows[i].each_ns;
			alive = carry(&s, 1000);
		}
		if (alive == rows[i].ends)
			fail_msg("%s: %d", rows[i].frames, alive);
		if (!alive && strchr(rows[i].frames, '%') == NULL)
			assert_int_equal(code_of(&s, NGHTTP2_GOAWAY), NGHTTP2_ENHANCE_YOUR_CALM);
		side_close(&s);
	}
}

static void
heads_without_end_are_not_read(void **state)
{
	struct side s;
	bool alive = true;

	side_open(&s);
	put_frames(&s, START "1:1:1:@");
	for (int i = 0; i < 50 && alive; i++) {
		put_frames(&s, "9:0:1:@x=y");
		alive = carry(&s, 1000);
	}
	assert_false(alive);
	side_close(&s);
}

/* ---- the end ---- */

static void
a_connection_ends_when_what_is_under_way_has(void **state)
{
	struct side s;

	side_open(&s);
	s.silent = true;
	put_frames(&s, START "1:5:1:@");
	carry(&s, 1000);
	http2_server_notice(&s.h);
	assert_true(http2_server_flush(&s.h, 1000, &s.out));
	put_frames(&s, "1:5:3:@");                           /* it was on its way */
	assert_true(carry(&s, 1000));
	assert_int_equal(s.opened, 2);
	http2_server_goaway(&s.h);
	put_frames(&s, "1:5:5:@");
	assert_true(carry(&s, 1000));
	put_frames(&s, "1:5:7:@");
	assert_true(carry(&s, 1000));
	assert_int_equal(s.opened, 2);
	answer(&s, s.all);
	assert_true(http2_server_flush(&s.h, 1000, &s.out));
	answer(&s, s.all->next);
	assert_false(http2_server_flush(&s.h, 1000, &s.out));
	assert_int_equal(s.closed, 2);
	assert_int_equal(data_bytes(&s), 10);
	side_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rules_of_http2_are_kept),
		cmocka_unit_test(what_is_no_preface_ends_the_connection),
		cmocka_unit_test(requests_are_told_as_http1_has_them),
		cmocka_unit_test(a_head_that_is_too_large_is_told_as_that),
		cmocka_unit_test(answers_are_fields_without_what_is_of_connections),
		cmocka_unit_test(answers_wait_for_the_windows_of_the_client),
		cmocka_unit_test(bodies_that_nobody_consumes_stop_at_the_window),
		cmocka_unit_test(who_has_its_answer_need_not_go_on),
		cmocka_unit_test(an_answer_is_broken_off_in_the_middle),
		cmocka_unit_test(streams_above_the_limit_are_refused),
		cmocka_unit_test(floods_end_the_connection),
		cmocka_unit_test(heads_without_end_are_not_read),
		cmocka_unit_test(a_connection_ends_when_what_is_under_way_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

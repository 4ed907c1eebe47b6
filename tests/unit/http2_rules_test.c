/* SPDX-License-Identifier: MIT */
/* The rules of RFC 9113 that a server keeps, a row each. */
#include "h2_side.h"

#include "base/cleanup.h"

enum { ANSWERED, RESET, GOAWAY, EITHER, IGNORED };

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

RUN_TESTS(
	cmocka_unit_test(the_rules_of_http2_are_kept),
	cmocka_unit_test(what_is_no_preface_ends_the_connection))

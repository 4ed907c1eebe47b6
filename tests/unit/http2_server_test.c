/* SPDX-License-Identifier: MIT */
/* The server side of HTTP/2: heads, bodies, bounds and the end. */
#include "h2_side.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/http1_request.h"

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

RUN_TESTS(
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
	cmocka_unit_test(a_connection_ends_when_what_is_under_way_has))

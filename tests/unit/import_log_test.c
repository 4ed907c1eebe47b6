/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "import/instant.h"
#include "import/log_line.h"
#include "imported.h"

static struct imported
import_log(const struct buf *text, struct import_options o)
{
	return import_with("x.log", buf_text(text), text->size, o);
}

/* ---- lines ---- */

static void
lines_of_every_kind_are_read(void **state)
{
	static const struct {
		const char *kind, *line, *method, *target, *host;
		int status;
		int64_t at_ms;      /* since 2026-11-21T10:00:00Z; -1: not said */
	} rows[] = {
		{ "combined", "192.0.2.1 - bob [21/Nov/2026:11:00:01 +0100] \"GET /a?b=c HTTP/1.1\" 200 5 \"http://r\" \"ua\"",
		  "GET", "/a?b=c", "", 200, 1000 },
		{ "combined", "::1 - - [21/Nov/2026:10:00:00 +0000] \"POST /a HTTP/2.0\" 302 -", "POST", "/a", "", 302, 0 },
		{ "combined", "shop.test:443 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 404 9 \"-\" \"say \\\"hi\\\"\"",
		  "GET", "/", "shop.test:443", 404, 0 },
		{ "haproxy", "Nov 21 10:00:00 lb haproxy[77]: 192.0.2.1:33317 [21/Nov/2026:10:00:00.250] web app/s1 "
		  "10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.test} {} \"GET /b HTTP/1.1\"",
		  "GET", "/b", "", 200, 250 },
		{ "envoy", "[2026-11-21T10:00:00.123Z] \"GET /c HTTP/1.1\" 503 UF 0 91 3 - \"-\" \"ua\" \"id\" \"shop.test\" \"10.0.0.1:80\"",
		  "GET", "/c", "shop.test", 503, 123 },
		{ "json", "{\"level\":\"info\",\"ts\":1795255200.5,\"logger\":\"http.log.access\",\"request\":{\"remote_ip\":\"::1\","
		  "\"method\":\"GET\",\"host\":\"shop.test\",\"uri\":\"/d?x=1\\u0026y=2\",\"headers\":{\"Method\":[\"no\"]}},\"status\":200}",
		  "GET", "/d?x=1&y=2", "shop.test", 200, 500 },
		{ "json", "{\"time_iso8601\": \"2026-11-21T10:00:00+00:00\", \"request\": \"GET /e HTTP/1.1\", \"status\": \"201\"}",
		  "GET", "/e", "", 201, 0 },
		{ "json", "{\"@timestamp\":\"2026-11-21T10:00:00.007Z\",\"host\":\"machine-1\",\"http\":{\"request\":{\"method\":\"PUT\"},"
		  "\"response\":{\"status_code\":204}},\"url\":{\"original\":\"/f\"}}", "PUT", "/f", "", 204, 7 },
		{ "json", "{\"path\":\"\\/g\"}", "GET", "/g", "", 0, -1 },
	};
	const int64_t zero_ns = INT64_C(1795255200) * NS_PER_S;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct log_entry got = { .time_ns = -1 };
		size_t size = strlen(rows[i].line);
		const struct log_kind *kind = log_kind_of(rows[i].line, size);
		if (!kind || strcmp(kind->name, rows[i].kind) != 0)
			fail_msg("row %zu is of kind %s", i, kind ? kind->name : "(none)");
		assert_int_equal(kind->parse(rows[i].line, size, &got), LOG_REQUEST);
		assert_int_equal(got.method.size, strlen(rows[i].method));
		assert_memory_equal(got.method.at, rows[i].method, got.method.size);
		assert_int_equal(got.target.size, strlen(rows[i].target));
		assert_memory_equal(got.target.at, rows[i].target, got.target.size);
		assert_int_equal(got.host.size, strlen(rows[i].host));
		if (got.host.size)
			assert_memory_equal(got.host.at, rows[i].host, got.host.size);
		assert_int_equal(got.status, rows[i].status);
		assert_int_equal(got.time_ns, rows[i].at_ms < 0 ? -1 : zero_ns + rows[i].at_ms * NS_PER_MS);
	}
}

static void
lines_without_a_request_are_told(void **state)
{
	static const char *const empty[] = {
		"192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"-\" 408 0 \"-\" \"-\"",
		"192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"\\x16\\x03\\x01\" 400 0 \"-\" \"-\"",
		"Nov 21 10:00:00 lb haproxy[7]: 192.0.2.1:3 [21/Nov/2026:10:00:00.250] web web/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\"",
		"{\"status\":200,\"msg\":\"up\"}",
	};
	static const char *const other[] = { "", "hello", "{", "[", "[2026-11-21T10:00:00Z] started",
		"{\"msg\":\"x\"}", "{\"path\":\"/a\"", "x [21/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 2000 1",
		"x [31/Foo/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1" };

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		struct log_entry got = { .time_ns = -1 };
		const struct log_kind *kind = log_kind_of(empty[i], strlen(empty[i]));
		if (!kind || kind->parse(empty[i], strlen(empty[i]), &got) != LOG_EMPTY)
			fail_msg("'%s' has a request in it", empty[i]);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (log_kind_of(other[i], strlen(other[i])))
			fail_msg("'%s' is taken for a log", other[i]);
}

static void
instants_are_read(void **state)
{
	static const struct { const char *text; int64_t ns; } good[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "2000-02-29T12:00:00Z", INT64_C(951825600000000000) },
		{ "2026-11-21 10:00:00.5", INT64_C(1795255200500000000) },
		{ "2026-11-21T10:00:00,25-02:30", INT64_C(1795264200250000000) },
		{ "21/Nov/2026:10:00:00.001", INT64_C(1795255200001000000) },
		{ "1795255200", INT64_C(1795255200000000000) },
		{ "1795255200123", INT64_C(1795255200123000000) },
		{ "1795255200123456", INT64_C(1795255200123456000) },
		{ "1795255200123456789", INT64_C(1795255200123456789) },
	};
	static const char *const bad[] = { "", "x", "2026-13-01T00:00:00Z", "2026-11-21", "2026-11-21T25:00:00Z",
		"21/Nov/2026", "17.", "1e9", "-5", "2026-11-21T10:00:00+1", "99999999999999999999999", "89762760022" };
	int64_t ns;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (instant_any(good[i].text, strlen(good[i].text), &ns) < 0)
			fail_msg("%s is not read", good[i].text);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (instant_any(bad[i], strlen(bad[i]), &ns) == 0)
			fail_msg("%s is read", bad[i]);
}

/* ---- routes ---- */

static void
put_line(struct buf *out, int second, const char *method, const char *target, int status)
{
	buf_printf(out, "192.0.2.1 - - [21/Nov/2026:10:%02d:%02d +0000] \"%s %s HTTP/1.1\" %d 5 \"-\" \"-\"\n",
	    second / 60 % 60, second % 60, method, target, status);
}

static void
routes_become_weighted_flows(void **state)
{
	struct buf text = { 0 };
	char target[200];

	for (int i = 0; i < 60; i++) {
		snprintf(target, sizeof(target), "/items/%d?page=%d&token=abc123&q=%s", i % 2 + 1, i % 3,
		    i % 2 ? "tea" : "co%2Cfee");
		put_line(&text, i, "GET", target, i % 10 ? 200 : 404);
	}
	for (int i = 0; i < 30; i++)
		put_line(&text, i, "GET", "/about", i < 29 ? 200 : 500);
	for (int i = 0; i < 10; i++)
		put_line(&text, i, "GET", "/d/0b9f8a44-1c2d-4e5f-8a9b-0c1d2e3f4a5b/deadbeef01/face", 304);
	for (int i = 0; i < 7; i++)
		put_line(&text, i, "POST", "/items", 201);
	buf_puts(&text, "what is this\n");
	struct imported im = import_log(&text, (struct import_options){ 0 });

	assert_int_equal(im.code, 0);
	const struct scenario *s = im.r.scenario;
	assert_int_equal(s->n_flows, 3);
	CHECK_NEAR(s->flows[0].weight, 60, 1e-9);
	CHECK_NEAR(s->flows[1].weight, 30, 1e-9);
	assert_string_equal(s->flows[0].steps[0].name, "GET /items/{id}");
	const char *url = s->flows[0].steps[0].url;
	assert_true(strncmp(url, "/items/${choice(", 16) == 0);
	assert_non_null(strstr(url, "&token=&q=${choice("));
	/* Decoded, since expressions are encoded when they are sent. */
	assert_non_null(strstr(url, "\"co,fee\""));
	assert_string_equal(s->flows[0].steps[0].expects[0].value, "2xx 4xx");
	assert_string_equal(s->flows[1].steps[0].url, "/about");
	assert_string_equal(s->flows[1].steps[0].expects[0].value, "2xx");
	assert_string_equal(s->flows[2].steps[0].url, "/d/0b9f8a44-1c2d-4e5f-8a9b-0c1d2e3f4a5b/deadbeef01/face");
	assert_string_equal(s->flows[2].steps[0].name, "GET /d/{id}/{id}/face");
	assert_int_equal(noted(&im, "may change something"), 7);
	assert_int_equal(noted(&im, "not of the log's format"), 1);
	assert_int_equal(noted(&im, "secret query parameters"), 60);
	assert_int_equal(noted(&im, "does not name the host"), 1);
	arena_free(im.a);
	buf_done(&text);
}

static void
hosts_of_a_log_are_kept_apart(void **state)
{
	struct buf text = { 0 };

	for (int i = 0; i < 3; i++)
		buf_puts(&text, "a.test:80 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 5\n");
	buf_puts(&text, "b.test:8080 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 5\n");
	struct imported im = import_log(&text, (struct import_options){ 0 });

	assert_string_equal(im.r.scenario->base, "http://a.test");
	assert_int_equal(im.r.scenario->n_flows, 2);
	assert_string_equal(im.r.scenario->flows[0].steps[0].url, "/x");
	assert_string_equal(im.r.scenario->flows[0].steps[0].name, "GET /x");
	assert_string_equal(im.r.scenario->flows[1].steps[0].url, "http://b.test:8080/x");
	arena_free(im.a);
	buf_done(&text);
}

/* Many routes, many values, lines across chunks. */
static void
write_large(struct buf *out, int lines)
{
	char target[200];

	out->cap_bytes = (size_t)256 << 20;
	for (int i = 0; i < lines; i++) {
		unsigned mix = (unsigned)i * 2654435761u;
		snprintf(target, sizeof(target), "/r%u/%u?v=%u", mix % 97 * (mix % 97) / 97, mix % 5000, mix % 333);
		put_line(out, i / 50, "GET", target, 200);
	}
}

static void
the_number_of_workers_changes_nothing(void **state)
{
	struct buf text = { 0 };

	write_large(&text, 60000);
	struct imported one = import_log(&text, (struct import_options){ .workers = 1 });
	struct imported four = import_log(&text, (struct import_options){ .workers = 4 });
	assert_int_equal(one.code, 0);
	assert_int_equal(one.r.scenario->n_flows, 50);
	assert_int_equal(four.r.scenario->n_flows, 50);
	for (size_t i = 0; i < 50; i++) {
		assert_string_equal(one.r.scenario->flows[i].steps[0].url, four.r.scenario->flows[i].steps[0].url);
		CHECK_NEAR(one.r.scenario->flows[i].weight, four.r.scenario->flows[i].weight, 0);
	}
	assert_true(noted(&one, "past the 50 most frequent") > 0);
	assert_int_equal(noted(&one, "past the 50 most frequent"), noted(&four, "past the 50 most frequent"));
	arena_free(one.a);
	arena_free(four.a);
	buf_done(&text);
}

/* Each line a route of its own: memory is bounded, what is frequent survives. */
static void
a_flood_of_routes_is_given_up(void **state)
{
	struct buf text = { .cap_bytes = (size_t)64 << 20 };
	char target[64];

	for (int i = 0; i < 40000; i++) {
		snprintf(target, sizeof(target), "/slug-%d-x", i);
		put_line(&text, 0, "GET", i % 20 ? target : "/home", 200);
	}
	struct imported im = import_log(&text, (struct import_options){ .workers = 1 });
	assert_int_equal(im.code, 0);
	assert_string_equal(im.r.scenario->flows[0].steps[0].url, "/home");
	assert_true(noted(&im, "rare routes") > 20000);
	arena_free(im.a);
	buf_done(&text);
}

static void
enormous_lines_are_left_out(void **state)
{
	struct buf text = { 0 };

	put_line(&text, 0, "GET", "/a", 200);
	for (int i = 0; i < 3000000; i++)
		buf_putc(&text, 'x');
	buf_putc(&text, '\n');
	put_line(&text, 0, "GET", "/a", 200);
	buf_puts(&text, "192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"GET /");
	for (int i = 0; i < 10000; i++)
		buf_putc(&text, 'y');
	buf_puts(&text, " HTTP/1.1\" 200 5\n");
	put_line(&text, 0, "GET", "/a", 200);
	text.data[--text.size] = '\0';   /* the last line has no end */
	struct imported im = import_log(&text, (struct import_options){ .format = "log" });
	assert_int_equal(im.code, 0);
	assert_int_equal(im.r.scenario->n_flows, 1);
	assert_int_equal(noted(&im, "or too long"), 1);
	assert_int_equal(noted(&im, "without a request"), 1);
	arena_free(im.a);
	buf_done(&text);
}

/* ---- files ---- */

static void
write_packed(const char *path, const struct buf *text, size_t cut)
{
	gzFile f = gzopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(gzwrite(f, text->data, (unsigned)text->size), (int)text->size);
	gzclose(f);
	if (cut)
		assert_int_equal(truncate(path, (off_t)cut), 0);
}

static void
packed_logs_are_unpacked(void **state)
{
	static const char *const paths[] = { "import_log_test.gz" };
	struct buf text = { 0 };
	struct imported im = { .a = arena_new() };
	struct import_options o = { 0 };

	write_large(&text, 20000);
	write_packed(paths[0], &text, 0);
	assert_int_equal(import_files(paths, 1, &o, im.a, &im.r, &im.e), 0);
	assert_string_equal(im.r.format, "log");
	write_packed(paths[0], &text, 40000);
	assert_true(import_files(paths, 1, &o, im.a, &im.r, &im.e) < 0);
	assert_non_null(strstr(im.e.text, "gzip data are cut off"));
	unlink(paths[0]);
	assert_true(import_files(paths, 1, &o, im.a, &im.r, &im.e) < 0);
	assert_non_null(strstr(im.e.text, "cannot open"));
	arena_free(im.a);
	buf_done(&text);
}

static void
files_of_two_formats_are_refused(void **state)
{
	static const char *const paths[] = { "import_log_test.sh", "import_log_test.log" };
	struct buf line = { 0 };
	struct imported im = { .a = arena_new() };
	struct import_options o = { 0 };

	put_line(&line, 0, "GET", "/a", 200);
	assert_int_equal(file_write(paths[0], "curl http://a.test/\n", 20, &im.e), 0);
	assert_int_equal(file_write(paths[1], line.data, line.size, &im.e), 0);
	assert_true(import_files(paths, 2, &o, im.a, &im.r, &im.e) < 0);
	assert_non_null(strstr(im.e.text, "format curl"));
	unlink(paths[0]);
	unlink(paths[1]);
	arena_free(im.a);
	buf_done(&line);
}

/* ---- arrivals ---- */

static struct buf
read_arrivals(struct imported *im, const struct buf *log, int workers)
{
	static const char path[] = "import_log_test.arrivals";
	struct buf out = { .cap_bytes = (size_t)64 << 20 };

	*im = import_log(log, (struct import_options){ .replay = path, .workers = workers });
	if (im->code < 0)
		fail_msg("%s", im->e.text);
	assert_string_equal(im->r.scenario->replay, path);
	assert_int_equal(file_read(path, (size_t)64 << 20, &out, &im->e), 0);
	unlink(path);
	return out;
}

static void
whole_seconds_are_spread(void **state)
{
	struct buf log = { 0 };
	struct imported im;

	put_line(&log, 5, "GET", "/b", 200);
	put_line(&log, 5, "GET", "/a", 200);
	put_line(&log, 7, "GET", "/a", 200);
	put_line(&log, 6, "GET", "/a", 200);
	put_line(&log, 6, "POST", "/a", 200);
	struct buf got = read_arrivals(&im, &log, 1);
	assert_string_equal(buf_text(&got), "0.000000 1\n0.500000 0\n1.000000 0\n2.000000 0\n");
	arena_free(im.a);
	buf_done(&got);
	buf_done(&log);
}

static void
exact_times_are_kept(void **state)
{
	struct buf log = { 0 };
	struct imported im;

	buf_puts(&log, "{\"ts\":1795255200.25,\"path\":\"/a\"}\n{\"ts\":1795255200.125,\"path\":\"/a\"}\n"
	    "{\"path\":\"/a\"}\n{\"ts\":1795255201,\"path\":\"/a\"}\n");
	struct buf got = read_arrivals(&im, &log, 1);
	assert_string_equal(buf_text(&got), "0.000000 0\n0.125000 0\n0.875000 0\n");
	assert_int_equal(noted(&im, "without a time"), 1);
	arena_free(im.a);
	buf_done(&got);
	buf_done(&log);
}

static void
arrivals_are_the_same_for_any_workers(void **state)
{
	struct buf log = { 0 };
	struct imported one, four;
	double last = 0, at;
	size_t lines = 0;

	write_large(&log, 30000);
	struct buf first = read_arrivals(&one, &log, 1), second = read_arrivals(&four, &log, 4);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	for (const char *line = buf_text(&first); *line; line = strchr(line, '\n') + 1, lines++) {
		at = strtod(line, NULL);
		assert_true(at >= last);
		last = at;
	}
	assert_int_equal(lines, 30000 - noted(&one, "past the 50 most frequent"));
	arena_free(one.a);
	arena_free(four.a);
	buf_done(&first);
	buf_done(&second);
	buf_done(&log);
}

static void
very_late_lines_are_moved(void **state)
{
	struct buf log = { .cap_bytes = (size_t)64 << 20 };
	struct imported im;

	for (int i = 0; i < 70000; i++)
		put_line(&log, 100 + i / 100, "GET", "/a", 200);
	put_line(&log, 1, "GET", "/a", 200);
	struct buf got = read_arrivals(&im, &log, 2);
	assert_int_equal(noted(&im, "logged very late"), 1);
	assert_true(strncmp(buf_text(&got), "0.000000 0\n0.010000 0\n", 22) == 0);
	arena_free(im.a);
	buf_done(&got);
	buf_done(&log);
}

static void
arrivals_that_cannot_be_written_are_explained(void **state)
{
	struct buf log = { 0 };

	put_line(&log, 0, "GET", "/a", 200);
	struct imported im = import_log(&log, (struct import_options){ .replay = "/nowhere/at/all" });
	assert_true(im.code < 0);
	assert_non_null(strstr(im.e.text, "cannot create"));
	arena_free(im.a);
	buf_done(&log);
}

RUN_TESTS(
	cmocka_unit_test(lines_of_every_kind_are_read),
	cmocka_unit_test(lines_without_a_request_are_told),
	cmocka_unit_test(instants_are_read),
	cmocka_unit_test(routes_become_weighted_flows),
	cmocka_unit_test(hosts_of_a_log_are_kept_apart),
	cmocka_unit_test(the_number_of_workers_changes_nothing),
	cmocka_unit_test(a_flood_of_routes_is_given_up),
	cmocka_unit_test(enormous_lines_are_left_out),
	cmocka_unit_test(packed_logs_are_unpacked),
	cmocka_unit_test(files_of_two_formats_are_refused),
	cmocka_unit_test(whole_seconds_are_spread),
	cmocka_unit_test(exact_times_are_kept),
	cmocka_unit_test(arrivals_are_the_same_for_any_workers),
	cmocka_unit_test(very_late_lines_are_moved),
	cmocka_unit_test(arrivals_that_cannot_be_written_are_explained))

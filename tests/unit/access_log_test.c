/* SPDX-License-Identifier: MIT */
#include "gate/admin/access_log.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "check.h"

#define T(s) { s, sizeof(s) - 1 }

static const struct access_line plain = {
	.wall_ns = INT64_C(1795296000) * NS_PER_S + 5 * NS_PER_MS, .client = T("192.0.2.7"), .method = T("GET"),
	.target = T("/a?b=1"), .protocol = T("HTTP/1.1"), .host = T("www.example.org"), .status = 200,
	.body_bytes = 1234, .duration_ns = 1500 * NS_PER_US, .upstream_ns = -1, .agent = T("curl/7.88.1"),
};

/* ---- lines ---- */

static void
check_line(enum gate_log_format format, const struct access_line *line, const char *wanted)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	access_line_write(format, line, &out);
	assert_string_equal(buf_text(&out), wanted);
}

static void
combined_is_as_apache_has_it(void **state)
{
	struct access_line line = plain;

	check_line(GATE_LOG_COMBINED, &line, "192.0.2.7 - - [21/Nov/2026:21:20:00 +0000] \"GET /a?b=1 HTTP/1.1\" "
	    "200 1234 \"-\" \"curl/7.88.1\"\n");
	line = (struct access_line){ .client = T("::1"), .upstream_ns = -1, .referer = T("http://a/\"\\\n\x7f\xc3\xa9") };
	check_line(GATE_LOG_COMBINED, &line, "::1 - - [01/Jan/1970:00:00:00 +0000] \"- - -\" 499 0 "
	    "\"http://a/\\x22\\x5C\\x0A\\x7F\\xC3\\xA9\" \"-\"\n");
}

static void
json_is_one_object_a_line(void **state)
{
	struct access_line line = plain;

	check_line(GATE_LOG_JSON, &line, "{\"time\":\"2026-11-21T21:20:00.005Z\",\"client\":\"192.0.2.7\","
	    "\"method\":\"GET\",\"host\":\"www.example.org\",\"target\":\"/a?b=1\",\"protocol\":\"HTTP/1.1\","
	    "\"status\":200,\"bytes\":1234,\"duration\":0.001500,\"agent\":\"curl/7.88.1\"}\n");
	line.upstream = (struct text)T("10.0.0.1:80");
	line.upstream_ns = 61 * NS_PER_S;
	line.cache = (struct text)T("miss");
	line.status = 0;
	line.agent = (struct text){ "", 0 };
	line.referer = (struct text)T("https://u:p@x/?q=1");
	check_line(GATE_LOG_JSON, &line, "{\"time\":\"2026-11-21T21:20:00.005Z\",\"client\":\"192.0.2.7\","
	    "\"method\":\"GET\",\"host\":\"www.example.org\",\"target\":\"/a?b=1\",\"protocol\":\"HTTP/1.1\","
	    "\"bytes\":1234,\"duration\":0.001500,\"upstream\":\"10.0.0.1:80\",\"upstream_duration\":61.000000,"
	    "\"cache\":\"miss\",\"referer\":\"https://x/?q=1\"}\n");
}

static void
secrets_are_not_written(void **state)
{
	static const struct { const char *target, *written; } rows[] = {
		{ "/a?access_token=abc&x=1", "/a?access_token=*&x=1" },
		{ "/a?x=1;apiKey=abc#password=d", "/a?x=1;apiKey=*#password=*" },
		{ "/a?email=a@b&email=", "/a?email=*&email=*" },
		{ "/a?token", "/a?token" },
		{ "/a?keyword=1&author=2", "/a?keyword=1&author=2" },
		{ "/a?b=?token=1", "/a?b=?token=1" },
		{ "http://user:pass@h/a?p=1", "http://h/a?p=1" },
		{ "http://u@p@h", "http://h" },
		{ "http://h/@a?b@c", "http://h/@a?b@c" },
		{ "//u:p@h/", "//h/" },
		{ "/a?u=//b@c", "/a?u=//b@c" },
		{ "?", "?" }, { "*", "*" }, { "h:443", "h:443" }, { "/a?&&=", "/a?&&=" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		struct access_line line = plain;
		char wanted[200];
		line.target = (struct text){ rows[i].target, strlen(rows[i].target) };
		access_line_write(GATE_LOG_COMBINED, &line, &out);
		snprintf(wanted, sizeof(wanted), "\"GET %s HTTP/1.1\"", rows[i].written);
		if (!strstr(buf_text(&out), wanted))
			fail_msg("%s: %s", rows[i].target, buf_text(&out));
	}
}

/* Whatever a client sends, JSON stays JSON and a line a line. */
static void
bytes_of_strangers_break_nothing(void **state)
{
	char bytes[512];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i < 256 ? i : i * 7919 >> 3);
	for (size_t begin = 0; begin < sizeof(bytes); begin++)
		for (int format = 0; format < 2; format++) {
			CLEANUP(buf_done) struct buf out = { 0 };
			struct access_line line = plain;
			line.target = line.agent = line.referer = line.host =
			    (struct text){ bytes + begin, sizeof(bytes) - begin };
			access_line_write((enum gate_log_format)format, &line, &out);
			assert_ptr_equal(memchr(out.data, '\n', out.size), out.data + out.size - 1);
			assert_null(memchr(out.data, '\0', out.size));
			if (format == GATE_LOG_COMBINED)
				continue;
			json_error_t why;
			json_t *j = json_loadb(out.data, out.size, JSON_ALLOW_NUL, &why);
			if (!j)
				fail_msg("%s\n%s", why.text, buf_text(&out));
			json_decref(j);
		}
}

static void
long_fields_are_cut(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	static char path[100000];
	struct access_line line = plain;

	memset(path, 'a', sizeof(path));
	line.target = line.agent = line.method = (struct text){ path, sizeof(path) };
	access_line_write(GATE_LOG_COMBINED, &line, &out);
	assert_true(out.size < 6000);
}

/* ---- the file ---- */

static char folder[] = "/tmp/access-log-XXXXXX", path[64], moved[64];

static int
make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/access.log", folder);
	snprintf(moved, sizeof(moved), "%s/access.log.1", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	unlink(path);
	unlink(moved);
	return rmdir(folder);
}

static size_t
count_lines(const char *name)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct err e = { 0 };
	size_t n = 0;

	if (file_read(name, (size_t)64 << 20, &text, &e) < 0)
		return 0;
	for (const char *p = buf_text(&text); (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static void *
add_many(void *feed)
{
	for (int i = 0; i < 2000; i++)
		access_feed_add(feed, &plain);
	return NULL;
}

static void
lines_of_all_workers_reach_the_file(void **state)
{
	const struct gate_access_log c = { path, GATE_LOG_COMBINED };
	struct access_log *log;
	struct err e = { 0 };
	pthread_t threads[4];

	assert_int_equal(access_log_open(&c, 4, &log, &e), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, access_log_feed(log, i)), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(access_feed_dropped(access_log_feed(log, i)), 0);
	access_log_close(log);
	assert_int_equal(count_lines(path), 8000);
	access_log_close(NULL);
}

static void
a_moved_file_is_opened_again(void **state)
{
	const struct gate_access_log c = { path, GATE_LOG_COMBINED };
	struct access_log *log;
	struct err e = { 0 };

	unlink(path);
	assert_int_equal(access_log_open(&c, 1, &log, &e), 0);
	assert_int_equal(rename(path, moved), 0);
	access_log_reopen(log);
	access_feed_add(access_log_feed(log, 0), &plain);
	access_log_close(log);
	assert_int_equal(count_lines(path), 1);
	assert_int_equal(count_lines(moved), 0);
}

static void *
close_log(void *log)
{
	access_log_close(log);
	return NULL;
}

/* The writer is held up: what does not fit is lost by whole lines, and known. */
static void
a_slow_file_costs_lines_not_time(void **state)
{
	int ends[2];
	char name[32];
	struct access_log *log;
	struct err e = { 0 };

	assert_int_equal(pipe(ends), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[1]);
	const struct gate_access_log c = { name, GATE_LOG_COMBINED };
	assert_int_equal(access_log_open(&c, 1, &log, &e), 0);
	for (int i = 0; i < 50000; i++)
		access_feed_add(access_log_feed(log, 0), &plain);
	assert_true(access_feed_dropped(access_log_feed(log, 0)) > 20000);
	assert_int_equal(access_feed_dropped(access_log_feed(log, 0)), 0);
	close(ends[1]);
	/* closing waits for the file, so somebody must read */
	FILE *f = fdopen(ends[0], "r");
	pthread_t closer;
	assert_int_equal(pthread_create(&closer, NULL, close_log, log), 0);
	char line[512];
	int n = 0;
	for (; fgets(line, sizeof(line), f); n++)
		assert_int_equal(strncmp(line, "192.0.2.7 - - [", 15), 0);
	pthread_join(closer, NULL);
	fclose(f);
	assert_true(n > 1000 && n < 30000);
}

static void
a_file_that_cannot_be_is_named(void **state)
{
	const struct gate_access_log c = { "/nowhere/at/all.log", GATE_LOG_JSON };
	struct access_log *log;
	struct err e = { 0 };

	assert_true(access_log_open(&c, 1, &log, &e) < 0);
	assert_non_null(strstr(e.text, "/nowhere/at/all.log"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(combined_is_as_apache_has_it), cmocka_unit_test(json_is_one_object_a_line),
		cmocka_unit_test(secrets_are_not_written), cmocka_unit_test(bytes_of_strangers_break_nothing),
		cmocka_unit_test(long_fields_are_cut), cmocka_unit_test(lines_of_all_workers_reach_the_file),
		cmocka_unit_test(a_moved_file_is_opened_again), cmocka_unit_test(a_slow_file_costs_lines_not_time),
		cmocka_unit_test(a_file_that_cannot_be_is_named),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* SPDX-License-Identifier: MIT */
/* The codec against a real redis-server: every type that one sends, in both versions. */
#include <unistd.h>

#include "net/resp.h"
#include "check.h"
#include "live_server.h"

#define SERVER "/usr/bin/redis-server"

static struct live_server server;

struct client {
	int fd;
	struct resp p;
	struct buf out, keep;
	char bytes[4096];
	size_t from, to;         /* of bytes: not yet fed */
};

static void
client_open(struct client *c)
{
	*c = (struct client){ .fd = live_connect(&server) };
	assert_true(c->fd >= 0);
}

static void
client_close(struct client *c)
{
	close(c->fd);
	buf_done(&c->out);
	buf_done(&c->keep);
}

static void
flush(struct client *c)
{
	assert_true(live_write(c->fd, c->out.data, c->out.size));
	buf_clear(&c->out);
}

static enum resp_verdict
next(struct client *c)
{
	enum resp_verdict v = RESP_MORE;

	buf_clear(&c->keep);
	resp_start(&c->p, &c->keep);
	while (v == RESP_MORE) {
		size_t used;
		if (c->from == c->to) {
			c->from = 0;
			c->to = live_read(c->fd, c->bytes, sizeof(c->bytes));
			assert_true(c->to > 0);
		}
		v = resp_feed(&c->p, c->bytes + c->from, c->to - c->from, &used);
		c->from += used;
	}
	return v;
}

/* A command in words separated by spaces. */
static void
command(struct client *c, const char *line)
{
	struct resp_word words[16];
	size_t n = 0;

	while (*line) {
		size_t size = strcspn(line, " ");
		words[n++] = (struct resp_word){ line, size };
		line += size + (line[size] == ' ');
	}
	resp_command(&c->out, words, n);
}

struct row {
	const char *line;
	enum resp_kind kind;
	int64_t integer, values;
	const char *kept;        /* NULL: any */
};

static void
check_rows(struct client *c, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)   /* pipelined */
		command(c, rows[i].line);
	flush(c);
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		if (next(c) != RESP_DONE || c->p.kind != r->kind)
			fail_msg("%s: kind %d (%s %s)", r->line, c->p.kind, c->p.error, c->p.why);
		if (r->kind == RESP_INTEGER || r->kind == RESP_BOOL)
			assert_int_equal(c->p.integer, r->integer);
		if (r->values)
			assert_int_equal(c->p.values, r->values);
		if (r->kept)
			assert_string_equal(buf_text(&c->keep), r->kept);
	}
	assert_int_equal(c->from, c->to);
}

#define CHECK_ROWS(c, rows) check_rows(c, rows, sizeof(rows) / sizeof(rows[0]))

static void
version_2(void **state)
{
	static const struct row rows[] = {
		{ "PING", RESP_ERROR },
		{ "AUTH wrong", RESP_ERROR },
		{ "AUTH secret", RESP_SIMPLE, .kept = "OK" },
		{ "FLUSHALL", RESP_SIMPLE, .kept = "OK" },
		{ "SELECT 3", RESP_SIMPLE, .kept = "OK" },
		{ "SET k v", RESP_SIMPLE, .kept = "OK" },
		{ "GET k", RESP_BULK, 0, 1, "v" },
		{ "GET none", RESP_NULL, 0, 1 },
		{ "INCRBY n -5", RESP_INTEGER, -5, 1 },
		{ "RPUSH l a b c", RESP_INTEGER, 3, 1 },
		{ "LRANGE l 0 -1", RESP_ARRAY, 0, 3, "a" },
		{ "LRANGE none 0 -1", RESP_ARRAY },
		{ "BLPOP none 0.01", RESP_NULL },
		{ "INCR l", RESP_ERROR },
		{ "DEBUG PROTOCOL string", RESP_BULK, 0, 1, "Hello World" },
		{ "MULTI", RESP_SIMPLE, .kept = "OK" },
		{ "GET k", RESP_SIMPLE, .kept = "QUEUED" },
		{ "INCR k", RESP_SIMPLE, .kept = "QUEUED" },
		{ "EXEC", RESP_ARRAY, 0, 2, "v" },
	};
	struct client c;

	if (!server.pid)
		SKIP("no " SERVER);
	client_open(&c);
	CHECK_ROWS(&c, rows);
	assert_int_equal(c.p.errors, 1);
	assert_int_equal(strncmp(c.p.error, "ERR ", 4), 0);
	command(&c, "COMMAND");   /* deep and long: more than one read */
	command(&c, "PING");
	flush(&c);
	assert_int_equal(next(&c), RESP_DONE);
	assert_true(c.p.kind == RESP_ARRAY && c.p.values > 1000);
	assert_int_equal(next(&c), RESP_DONE);
	assert_string_equal(c.keep.data, "PONG");
	client_close(&c);
}

static void
version_3(void **state)
{
	static const struct row rows[] = {
		{ "PING", RESP_SIMPLE, .kept = "PONG" },
		{ "DEBUG PROTOCOL string", RESP_BULK, 0, 1, "Hello World" },
		{ "DEBUG PROTOCOL integer", RESP_INTEGER, 12345, 1 },
		{ "DEBUG PROTOCOL double", RESP_DOUBLE },
		{ "DEBUG PROTOCOL null", RESP_NULL },
		{ "DEBUG PROTOCOL array", RESP_ARRAY, 0, 3 },
		{ "DEBUG PROTOCOL set", RESP_SET, 0, 3 },
		{ "DEBUG PROTOCOL map", RESP_MAP, 0, 6 },
		{ "DEBUG PROTOCOL bignum", RESP_BIG },
		{ "DEBUG PROTOCOL true", RESP_BOOL, 1 },
		{ "DEBUG PROTOCOL false", RESP_BOOL, 0 },
		{ "DEBUG PROTOCOL verbatim", RESP_VERBATIM, .kept = "This is a verbatim\nstring" },
		{ "DEBUG PROTOCOL attrib", RESP_BULK, 0, 1, "Some real reply following the attribute" },
		{ "CONFIG GET save", RESP_MAP, 0, 2, "save" },
		{ "ZADD z 1.5 m", RESP_INTEGER, 1 },
		{ "ZSCORE z m", RESP_DOUBLE },
		{ "GET none", RESP_NULL },
	};
	struct client c;

	if (!server.pid)
		SKIP("no " SERVER);
	client_open(&c);
	resp_hello(&c.out, NULL, "secret");
	resp_select(&c.out, 2);
	flush(&c);
	assert_int_equal(next(&c), RESP_DONE);
	assert_int_equal(c.p.kind, RESP_MAP);
	assert_string_equal(c.keep.data, "server");
	assert_int_equal(next(&c), RESP_DONE);
	CHECK_ROWS(&c, rows);
	client_close(&c);
}

static void
pushed_messages_stand_apart(void **state)
{
	struct client c, other;
	int pushed = 0;

	if (!server.pid)
		SKIP("no " SERVER);
	client_open(&c);
	client_open(&other);
	resp_hello(&c.out, NULL, "secret");
	command(&c, "CLIENT TRACKING ON");
	command(&c, "GET watched");
	flush(&c);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(&c), RESP_DONE);
	resp_auth(&other.out, "default", "secret");
	command(&other, "SET watched 1");
	flush(&other);
	for (int i = 0; i < 2; i++)
		assert_int_equal(next(&other), RESP_DONE);
	assert_string_equal(other.keep.data, "OK");
	command(&c, "DEBUG PROTOCOL push");
	command(&c, "PING");
	flush(&c);
	/* The invalidation, the push that was asked for, and PING's answer. */
	for (enum resp_verdict v = RESP_PUSHED; v != RESP_DONE || c.p.kind != RESP_SIMPLE;) {
		v = next(&c);
		assert_true(v != RESP_BAD);
		if (v == RESP_PUSHED)
			pushed++;
	}
	assert_string_equal(c.keep.data, "PONG");
	assert_int_equal(pushed, 2);
	client_close(&c);
	client_close(&other);
}

static int
start(void **state)
{
	char port[8];

	if (access(SERVER, X_OK) != 0)
		return 0;
	if (!live_prepare(&server))
		return -1;
	snprintf(port, sizeof(port), "%u", server.port);
	const char *const argv[] = { SERVER, "--port", port, "--bind", "127.0.0.1", "--save", "",
		"--requirepass", "secret", "--enable-debug-command", "yes", NULL };
	return live_start(&server, argv) ? 0 : -1;
}

static int
stop(void **state)
{
	live_stop(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2), cmocka_unit_test(version_3),
		cmocka_unit_test(pushed_messages_stand_apart),
	};
	return cmocka_run_group_tests(tests, start, stop);
}

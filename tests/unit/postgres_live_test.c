/* SPDX-License-Identifier: MIT */
/* The codec against a real PostgreSQL: every way to log in, pipelines, errors, large answers. */
#include <stdlib.h>
#include <unistd.h>

#include "net/pgwire.h"
#include "check.h"
#include "live_server.h"

#define BIN "/usr/lib/postgresql/15/bin/"

static const char access_rules[] =
	"host all boss 127.0.0.1/32 trust\n"
	"host all plain 127.0.0.1/32 password\n"
	"host all old 127.0.0.1/32 md5\n"
	"host all all 127.0.0.1/32 scram-sha-256\n";

static struct live_server server;
static struct scram_cache cache;

struct client {
	int fd;
	struct pg p;
	struct buf out;
	char bytes[4096];
	size_t from, to;         /* of bytes: not yet fed */
};

static void
flush(struct client *c)
{
	assert_true(!c->out.size || live_write(c->fd, c->out.data, c->out.size));
	buf_clear(&c->out);
}

/* The next verdict that says something. */
static enum pg_verdict
next(struct client *c)
{
	enum pg_verdict v = PG_MORE;

	while (v == PG_MORE) {
		size_t used;
		flush(c);
		if (c->from == c->to) {
			c->from = 0;
			c->to = live_read(c->fd, c->bytes, sizeof(c->bytes));
			if (!c->to)
				fail_msg("nothing more comes");
		}
		v = pg_feed(&c->p, c->bytes + c->from, c->to - c->from, &used, &c->out);
		c->from += used;
	}
	return v;
}

static enum pg_verdict
client_open(struct client *c, const char *user, const char *password)
{
	const struct pg_login login = { .user = user, .database = "postgres", .password = password,
		.nonce = "fixed-nonce-of-a-test", .cache = &cache };

	*c = (struct client){ .fd = live_connect(&server) };
	assert_true(c->fd >= 0);
	pg_start(&c->p, &login, &c->out);
	return next(c);
}

static void
client_close(struct client *c)
{
	close(c->fd);
	pg_done(&c->p);
	buf_done(&c->out);
}

static void
logins(void **state)
{
	static const struct { const char *user, *password; bool fine; } cases[] = {
		{ "boss", NULL, true }, { "plain", "secret", true }, { "plain", "wrong", false },
		{ "old", "secret", true }, { "old", "wrong", false },
		{ "new", "secret", true }, { "new", "secret", true }, { "new", NULL, false },
		{ "none", "secret", false },
	};
	struct client c;

	if (!server.pid)
		SKIP("no " BIN "postgres");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum pg_verdict v = client_open(&c, cases[i].user, cases[i].password);
		if (v != (cases[i].fine ? PG_READY : PG_BAD))
			fail_msg("%s: %d, %s, %s", cases[i].user, v, c.p.why, c.p.error.message);
		if (v == PG_BAD && cases[i].password)
			assert_string_equal(c.p.error.sqlstate, "28P01");
		client_close(&c);
	}
	assert_int_equal(cache.iterations, 4096);
	cache = (struct scram_cache){ 0 };   /* the next password is another one's */
	assert_int_equal(client_open(&c, "new", "wrong"), PG_BAD);
	assert_string_equal(c.p.error.sqlstate, "28P01");
	cache = (struct scram_cache){ 0 };
	client_close(&c);
}

static void
many_answers_in_flight(void **state)
{
	char number[16];
	struct client c;

	if (!server.pid)
		SKIP("no " BIN "postgres");
	assert_int_equal(client_open(&c, "new", "secret"), PG_READY);
	pg_parse(&c.out, "rows", "SELECT generate_series(1, $1::int)");
	pg_sync(&c.out);
	for (int i = 0; i < 200; i++) {
		snprintf(number, sizeof(number), "%d", i);
		pg_execute(&c.out, "rows", &(struct pg_value){ number, strlen(number) }, 1);
		pg_sync(&c.out);
	}
	assert_int_equal(next(&c), PG_DONE);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(next(&c), PG_DONE);
		assert_false(c.p.failed);
		assert_int_equal(c.p.rows, i);
		assert_int_equal(c.p.affected, i);
	}
	assert_int_equal(c.from, c.to);
	client_close(&c);
}

static void
an_error_is_of_its_own_answer(void **state)
{
	struct client c;

	if (!server.pid)
		SKIP("no " BIN "postgres");
	assert_int_equal(client_open(&c, "boss", NULL), PG_READY);
	pg_parse(&c.out, "cast", "SELECT $1::text::int");
	for (int i = 0; i < 3; i++) {
		pg_execute(&c.out, "cast", &(struct pg_value){ i == 1 ? "4711x" : "12", i == 1 ? 5 : 2 }, 1);
		pg_sync(&c.out);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(next(&c), PG_DONE);
		assert_int_equal(c.p.failed, i == 1);
		assert_int_equal(c.p.rows, i != 1);
		if (c.p.failed) {
			assert_string_equal(c.p.error.severity, "ERROR");
			assert_string_equal(c.p.error.sqlstate, "22P02");
			assert_string_equal(c.p.error.message, "invalid input syntax for type integer: ?");
		}
	}
	pg_parse(&c.out, "", "SELECT * FROM nowhere");
	pg_sync(&c.out);
	assert_int_equal(next(&c), PG_DONE);
	assert_string_equal(c.p.error.message, "relation \"nowhere\" does not exist");
	client_close(&c);
}

/* One nameless statement without parameters. */
static void
run(struct client *c, const char *sql)
{
	pg_parse(&c->out, "", sql);
	pg_execute(&c->out, "", NULL, 0);
	pg_sync(&c->out);
	assert_int_equal(next(c), PG_DONE);
	if (c->p.failed)
		fail_msg("%s: %s", sql, c->p.error.message);
}

static void
statements_of_all_sorts(void **state)
{
	static const char longest[1000] = "x";
	struct client c;

	if (!server.pid)
		SKIP("no " BIN "postgres");
	assert_int_equal(client_open(&c, "boss", NULL), PG_READY);
	run(&c, "CREATE TEMP TABLE t(a int, b text)");
	run(&c, "BEGIN");
	assert_int_equal(c.p.transaction, 'T');
	run(&c, "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i");
	assert_int_equal(c.p.affected, 5000);
	run(&c, "COMMIT");
	assert_int_equal(c.p.transaction, 'I');
	run(&c, "SELECT * FROM t");
	assert_int_equal(c.p.rows, 5000);
	/* Two values a row: 2 bytes of count, 4 of length each; 1 to 4 digits. */
	assert_int_equal(c.p.row_bytes, 5000 * (2 + 8 + 1000) + 9 + 180 + 2700 + 4001 * 4);
	run(&c, "UPDATE t SET b = NULL WHERE a <= 10");
	assert_int_equal(c.p.affected, 10);
	run(&c, "");
	run(&c, "DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
	run(&c, "LISTEN c");
	run(&c, "NOTIFY c, 'payload'");
	run(&c, "SET TIME ZONE 'UTC'");
	pg_parse(&c.out, "", "SELECT $1::text, $2::text");
	pg_execute(&c.out, "", (struct pg_value[]){ { NULL, 0 }, { longest, 1 } }, 2);
	pg_sync(&c.out);
	assert_int_equal(next(&c), PG_DONE);
	assert_int_equal(c.p.rows, 1);
	assert_int_equal(c.p.row_bytes, 2 + 4 + 4 + 1);
	client_close(&c);
}

static void
create_role(struct client *c, const char *encryption, const char *create)
{
	char set[64];

	snprintf(set, sizeof(set), "SET password_encryption = '%s'", encryption);
	run(c, set);
	run(c, create);
}

static bool
start_server(void)
{
	char port[8];

	if (!live_prepare(&server))
		return false;
	snprintf(port, sizeof(port), "%u", server.port);
	const char *const make[] = { BIN "initdb", "-D", "data", "-U", "boss", "-A", "trust", "-N",
		"--no-locale", "-E", "UTF8", NULL };
	const char *const argv[] = { BIN "postgres", "-D", "data", "-p", port, "-k", "", "-F", "-c",
		"listen_addresses=127.0.0.1", NULL };
	return live_run(&server, make) == 0 && live_put_file(&server, "data/pg_hba.conf", access_rules) &&
	    live_start(&server, argv);
}

static int
start(void **state)
{
	struct client c;

	if (access(BIN "postgres", X_OK) != 0)
		return 0;
	if (!start_server())
		return -1;
	/* The port listens before the database is ready: until then the login is refused. */
	while (client_open(&c, "boss", NULL) != PG_READY) {
		assert_string_equal(c.p.error.sqlstate, "57P03");
		client_close(&c);
		usleep(20000);
	}
	create_role(&c, "md5", "CREATE ROLE old LOGIN PASSWORD 'secret'");
	create_role(&c, "scram-sha-256", "CREATE ROLE new LOGIN PASSWORD 'secret'");
	create_role(&c, "scram-sha-256", "CREATE ROLE plain LOGIN PASSWORD 'secret'");
	client_close(&c);
	return 0;
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
		cmocka_unit_test(logins), cmocka_unit_test(many_answers_in_flight),
		cmocka_unit_test(an_error_is_of_its_own_answer), cmocka_unit_test(statements_of_all_sorts),
	};
	return cmocka_run_group_tests(tests, start, stop);
}

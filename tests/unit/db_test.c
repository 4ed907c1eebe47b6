/* SPDX-License-Identifier: MIT */
/* Databases made here and asked about statements. Around every question the folder is compared:
 * nothing in it may change. */
#include "db/db.h"

#include <dirent.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "check.h"

struct place {
	char folder[64], database[96];
	sqlite3 *db;               /* the service's connection; NULL: it has none open */
};

static const char schema[] =
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, customer_id INTEGER, created INTEGER);"
    "CREATE TABLE \"order items\" (order_id INTEGER, \"the article\" INTEGER, PRIMARY KEY (order_id))"
    "  WITHOUT ROWID;"
    "CREATE TABLE indexed (a INTEGER, b INTEGER, c TEXT COLLATE house_rules);"
    "CREATE INDEX indexed_a ON indexed(a);"
    "CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open';"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
    "  INSERT INTO orders SELECT i, 's' || (i % 3), i % 700, i * 10 FROM n;";

static int
by_bytes(void *ctx, int na, const void *a, int nb, const void *b)
{
	return na == nb ? memcmp(a, b, (size_t)na) : na - nb;
}

static void
run_sql(sqlite3 *db, const char *sql)
{
	char *why = NULL;
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static struct place
place_new(const char *journal_mode)
{
	struct place p = { .folder = "/tmp/db-test-XXXXXX" };
	char pragma[64];

	assert_non_null(mkdtemp(p.folder));
	snprintf(p.database, sizeof(p.database), "%s/a#b %%41.db", p.folder);
	assert_int_equal(sqlite3_open(p.database, &p.db), SQLITE_OK);
	sqlite3_create_collation(p.db, "house_rules", SQLITE_UTF8, NULL, by_bytes);
	snprintf(pragma, sizeof(pragma), "PRAGMA journal_mode=%s", journal_mode);
	run_sql(p.db, pragma);
	run_sql(p.db, schema);
	return p;
}

static void
place_close_service(struct place *p)
{
	sqlite3_close(p->db);
	p->db = NULL;
}

static uint64_t
hash_of(const struct buf *bytes)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes->size; i++)
		hash = (hash ^ (unsigned char)bytes->data[i]) * 0x100000001b3;
	return hash;
}

/* Names, sizes, times and bytes of everything in the folder. */
static char *
fingerprint_of(const struct place *p)
{
	struct buf all = { 0 };
	struct dirent **names;
	struct err e = { 0 };
	int n = scandir(p->folder, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		struct stat st;
		snprintf(path, sizeof(path), "%s/%s", p->folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && stat(path, &st) == 0) {
			buf_printf(&all, "%s %ld %ld.%09ld\n", names[i]->d_name, (long)st.st_size,
			    (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
			struct buf bytes = { 0 };
			if (S_ISREG(st.st_mode))
				assert_int_equal(file_read(path, 1 << 24, &bytes, &e), 0);
			buf_printf(&all, "%016llx\n", (unsigned long long)hash_of(&bytes));
			buf_done(&bytes);
		}
		free(names[i]);
	}
	free(names);
	return all.data;
}

static void
place_done(struct place *p)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

	place_close_service(p);
	for (size_t i = 0; i < 4; i++) {
		char name[128];
		snprintf(name, sizeof(name), "%s%s", p->database, suffixes[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(p->folder), 0);
}

static struct run *
ask(const struct place *p, const char *sql)
{
	struct run *r = run_new();
	struct run_query *q = RUN_ADD(r, query, r->evidence.trace.queries, r->evidence.trace.n_queries);
	struct run_process *self = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	char *before = fingerprint_of(p), *after;

	self->pid = getpid();
	q->engine = "sqlite";
	q->database = p->database;
	q->fingerprint = sql;
	q->seconds = 1;
	db_explain(r, NULL);
	after = fingerprint_of(p);
	assert_string_equal(before, after);
	free(before);
	free(after);
	return r;
}

static const char *
columns_of(const struct run_query *q)
{
	static char text[128];

	text[0] = '\0';
	for (size_t i = 0; i < q->n_index_columns; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? "," : "",
		    q->index_columns[i]);
	return text;
}

static void
check_same(const char *sql, const char *what, const char *got, const char *want)
{
	if (strcmp(got ? got : "", want ? want : "") != 0)
		fail_msg("%s: %s is '%s', wanted '%s'", sql, what, got ? got : "", want ? want : "");
}

static void
what_has_no_plan_is_not_asked_for(void **state)
{
	static const char *const statements[] = { "BEGIN", "COMMIT", "PRAGMA user_version", "(prepared before tracing)" };
	struct place p = place_new("delete");

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct run *r = ask(&p, statements[i]);
		assert_int_equal(r->n_eyes, 0);
		run_free(r);
	}
	place_done(&p);
}

static void
the_planner_names_the_index(void **state)
{
	static const struct { const char *sql, *scan, *table, *columns; } rows[] = {
		{ "SELECT * FROM orders WHERE customer_id = ?", "orders", "orders", "customer_id" },
		{ "select o.id from orders as o where o.customer_id = ? order by o.id desc limit ?",
		    "orders", "orders", "customer_id" },
		{ "SELECT id FROM orders WHERE customer_id = ? ORDER BY created DESC LIMIT ?",
		    "orders", "orders", "customer_id,created" },
		/* Three values of status: the other column leads, and is enough. */
		{ "SELECT * FROM orders WHERE status = ? AND customer_id = ?", "orders", "orders",
		    "customer_id" },
		/* Alone, status selects badly: created narrows it. */
		{ "SELECT * FROM orders WHERE status = ? AND created > ?", "orders", "orders",
		    "status,created" },
		{ "UPDATE orders SET status = ? WHERE customer_id = ?", "orders", "orders", "customer_id" },
		{ "DELETE FROM orders WHERE created < ?", "orders", "orders", "created" },
		{ "SELECT * FROM open_orders WHERE customer_id = ?", "orders", "orders", "customer_id" },
		{ "SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders x WHERE "
		    "x.customer_id = c.id) AND c.id = ?", "orders", "orders", "customer_id" },
		{ "SELECT * FROM \"order items\" WHERE \"the article\" = ?", "order items", "order items",
		    "the article" },
		{ "SELECT * FROM indexed WHERE c = ?", "indexed", "indexed", "c" },
		/* Nothing to gain. */
		{ "SELECT * FROM indexed WHERE a = ?", NULL, NULL, "" },
		{ "SELECT * FROM orders WHERE id = ?", NULL, NULL, "" },
		{ "SELECT * FROM orders", "orders", NULL, "" },
		{ "SELECT * FROM orders WHERE lower(status) = ?", "orders", NULL, "" },
		{ "SELECT * FROM orders WHERE status LIKE ?", "orders", NULL, "" },
		{ "SELECT ?", NULL, NULL, "" },
	};
	struct place p = place_new("delete");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = ask(&p, rows[i].sql);
		const struct run_query *q = &r->evidence.trace.queries[0];
		check_same(rows[i].sql, "scan_table", q->scan_table, rows[i].scan);
		check_same(rows[i].sql, "index_table", q->index_table, rows[i].table);
		check_same(rows[i].sql, "index_columns", columns_of(q), rows[i].columns);
		if (q->index_table)
			assert_non_null(strstr(q->index_plan, "SEARCH "));
		assert_true(r->n_eyes == 1 && r->eyes[0].open);
		run_free(r);
	}
	place_done(&p);
}

static void
rows_and_plan_are_kept(void **state)
{
	struct place p = place_new("delete");
	struct run *r = ask(&p, "SELECT * FROM orders WHERE customer_id = ?");
	const struct run_query *q = &r->evidence.trace.queries[0];

	CHECK_NEAR(q->scan_rows, 3000, 0);
	assert_int_equal(q->n_plan, 1);
	assert_string_equal(q->plan[0], "SCAN orders");
	assert_string_equal(q->index_plan, "SEARCH orders USING INDEX orders_customer_id (customer_id=?)");
	run_free(r);
	run_sql(p.db, "CREATE INDEX x ON orders(status); ANALYZE; DELETE FROM orders WHERE id > 10");
	r = ask(&p, "SELECT * FROM orders WHERE customer_id = ?");
	CHECK_NEAR(r->evidence.trace.queries[0].scan_rows, 3000, 0);   /* what the planner believes */
	run_free(r);
	place_done(&p);
}

/* A service is another process: within one, SQLite would share the lock state between us and it. */
struct service { pid_t pid; int orders; };

static struct service
service_start(const char *database, const char *sql, bool close_at_end)
{
	int orders[2], ready[2];
	char byte = 0;

	assert_int_equal(pipe(orders) | pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		sqlite3 *db;
		close(orders[1]);
		if (sqlite3_open(database, &db) == SQLITE_OK &&
		    sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
			byte = 1;
		byte = (char)write(ready[1], &byte, 1);
		byte = (char)read(orders[0], &byte, 1);
		if (close_at_end)
			sqlite3_close(db);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	close(orders[0]);
	close(ready[0]);
	close(ready[1]);
	return (struct service){ pid, orders[1] };
}

static void
service_end(struct service *s)
{
	close(s->orders);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

/* The service has the database open, writes to it, has crashed or has closed it: the answer is the
 * same and the folder stays as it is. */
static void
write_ahead_logs_stay_untouched(void **state)
{
	static const struct { const char *sql; bool close_at_end; } services[] = {
		{ "SELECT count(*) FROM orders", true },
		{ "INSERT INTO orders VALUES (NULL, 'x', 1, 1)", true },
		{ "BEGIN IMMEDIATE; INSERT INTO orders VALUES (NULL, 'x', 1, 1)", true },
		{ "INSERT INTO orders VALUES (NULL, 'x', 1, 1)", false },
	};
	const char *sql = "SELECT * FROM orders WHERE customer_id = ?";
	struct place p = place_new("wal");

	place_close_service(&p);
	for (size_t i = 0; i < 2 * sizeof(services) / sizeof(services[0]); i++) {
		struct service s = service_start(p.database, services[i / 2].sql,
		    services[i / 2].close_at_end);
		if (i % 2)
			service_end(&s);
		struct run *r = ask(&p, sql);
		check_same(services[i / 2].sql, "index_columns", columns_of(&r->evidence.trace.queries[0]),
		    "customer_id");
		run_free(r);
		if (i % 2 == 0)
			service_end(&s);
	}
	place_done(&p);
}

static const char *
closed_eye(const struct run *r)
{
	for (size_t i = 0; i < r->n_eyes; i++)
		if (!r->eyes[i].open)
			return r->eyes[i].means;
	return "";
}

static void
check_closed(const struct place *p, const char *sql, const char *part)
{
	struct run *r = ask(p, sql);

	if (!strstr(closed_eye(r), part))
		fail_msg("%s: says '%s', wanted '%s'", sql, closed_eye(r), part);
	assert_int_equal(r->evidence.trace.queries[0].n_plan, 0);
	run_free(r);
}

static void
what_cannot_be_asked_is_said(void **state)
{
	struct place p = place_new("delete");

	check_closed(&p, "SELECT my_function(id) FROM orders", "no such function: my_function");
	check_closed(&p, "SELECT * FROM other.orders", "no such table: other.orders");
	check_closed(&p, "SELECT 1; SELECT 2", "more than one statement");
	check_closed(&p, "SELECT * FROM orders WHERE (", "incomplete input");
	run_sql(p.db, "BEGIN EXCLUSIVE");
	check_closed(&p, "SELECT * FROM orders", "database is locked");
	run_sql(p.db, "COMMIT");
	place_done(&p);
}

static void
what_is_no_database_is_said(void **state)
{
	struct place p = place_new("delete"), other;
	struct err e = { 0 };

	other = p;
	snprintf(other.database, sizeof(other.database), "%s/none.db", p.folder);
	check_closed(&other, "SELECT 1", "No such file");
	char zeros[4096] = "SQLite format 3";
	assert_int_equal(file_write(other.database, zeros, 90, &e), 0);
	check_closed(&other, "SELECT 1", "is not an SQLite database");
	memset(zeros + 16, 0xff, 2000);
	assert_int_equal(file_write(other.database, zeros, sizeof(zeros), &e), 0);
	check_closed(&other, "SELECT 1", "cannot read");
	unlink(other.database);
	assert_int_equal(mkfifo(other.database, 0600), 0);
	check_closed(&other, "SELECT 1", "is not a plain file");
	unlink(other.database);
	snprintf(other.database, sizeof(other.database), ":memory:");
	check_closed(&other, "SELECT 1", "in memory");
	place_done(&p);
}

/* What another program could have written into sqlite_schema must not run here. */
static void
hostile_schemas_do_nothing(void **state)
{
	struct place p = place_new("delete");

	run_sql(p.db, "PRAGMA writable_schema=ON;"
	    "INSERT INTO sqlite_schema VALUES ('table','evil','evil',0,'CREATE VIRTUAL TABLE evil USING fts5(x)');"
	    "PRAGMA writable_schema=OFF;");
	check_closed(&p, "SELECT * FROM evil", "evil");
	place_done(&p);
}

RUN_TESTS(cmocka_unit_test(what_has_no_plan_is_not_asked_for),
    cmocka_unit_test(the_planner_names_the_index), cmocka_unit_test(rows_and_plan_are_kept),
    cmocka_unit_test(write_ahead_logs_stay_untouched), cmocka_unit_test(what_cannot_be_asked_is_said),
    cmocka_unit_test(what_is_no_database_is_said), cmocka_unit_test(hostile_schemas_do_nothing))

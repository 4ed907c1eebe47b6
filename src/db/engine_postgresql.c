/* SPDX-License-Identifier: MIT */
/* PostgreSQL: the statement's own generic plan, by PREPARE and EXPLAIN EXECUTE, which runs nothing. A
 * table that is read whole for a few of its rows, by columns that no index begins with, lacks one.
 * Whether the planner would take it is not asked: that needs an index, or a copy. */
#include "db/engine.h"

#include <errno.h>
#include <libpq-fe.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "db/postgres_login.h"
#include "db/postgres_plan.h"

#define COLUMNS_MAX  1600      /* PostgreSQL's own limit */
#define INDEX_MAX    3
#define FEW          0.2       /* of the table's rows: an index pays */

struct database {
	PGconn *session;
	struct arena *arena;
};

static void
database_close(void *handle)
{
	struct database *d = handle;

	PQfinish(d->session);
	arena_free(d->arena);
	free(d);
}

static int
database_open(const struct run *r, const char *name, const char *login, void **ret, struct err *e)
{
	PGconn *session;
	int code = postgres_login(name, login, &session, e);
	if (code < 0)
		return code;
	struct database *d = calloc(1, sizeof(*d));
	if (!d)
		abort();
	d->session = session;
	d->arena = arena_new();
	*ret = d;
	return 0;
}

static void
result_done(PGresult **r)
{
	PQclear(*r);
}

/* ---- the catalogue ------------------------------------------------------------------------- */

static PGresult *
of_table(struct database *d, const char *sql, const struct postgres_scan *s)
{
	const char *values[] = { s->schema, s->table };
	return PQexecParams(d->session, sql, 2, NULL, values, NULL, NULL, 0);
}

#define TABLE "(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " \
	"WHERE n.nspname = $1 AND c.relname = $2)"

/* NAN where the table was never analysed. */
static double
rows_of(struct database *d, const struct postgres_scan *s)
{
	CLEANUP(result_done) PGresult *r = of_table(d, "SELECT reltuples FROM pg_class WHERE oid = " TABLE, s);
	double rows = PQntuples(r) == 1 ? atof(PQgetvalue(r, 0, 0)) : -1;
	return rows >= 0 ? rows : NAN;
}

static size_t
columns_of(struct database *d, const struct postgres_scan *s, const char **ret)
{
	CLEANUP(result_done) PGresult *r = of_table(d, "SELECT attname FROM pg_attribute WHERE attrelid = " TABLE
	    " AND attnum > 0 AND NOT attisdropped ORDER BY attnum", s);
	size_t n = 0;

	for (int i = 0; i < PQntuples(r) && n < COLUMNS_MAX; i++)
		ret[n++] = arena_strdup(d->arena, PQgetvalue(r, i, 0));
	return n;
}

/* Does a usable index begin with this column? Then the planner knew it, and did not want it. */
static bool
is_indexed(struct database *d, const struct postgres_scan *s, const char *column)
{
	CLEANUP(result_done) PGresult *r = of_table(d, "SELECT a.attname FROM pg_index i JOIN pg_attribute a "
	    "ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indisvalid AND i.indpred IS NULL "
	    "AND i.indrelid = " TABLE, s);
	bool found = false;

	for (int i = 0; i < PQntuples(r); i++)
		found |= !strcmp(PQgetvalue(r, i, 0), column);
	return found;
}

/* ---- a statement --------------------------------------------------------------------------- */

static void
look_at_scan(struct database *d, struct run *r, struct run_query *q, const struct postgres_scan *s)
{
	const char *columns[COLUMNS_MAX];
	size_t chosen[INDEX_MAX], n = columns_of(d, s, columns);
	double rows = rows_of(d, s);

	if (q->scan_table && !(rows > q->scan_rows))
		return;
	q->scan_table = run_str(r, s->table);
	q->scan_rows = rows;
	q->index_columns = NULL;
	q->n_index_columns = 0;
	size_t n_chosen = postgres_filter_columns(s->filter, columns, n, chosen, INDEX_MAX);
	if (!n_chosen || s->rows > FEW * rows || is_indexed(d, s, columns[chosen[0]]))
		return;
	for (size_t i = 0; i < n_chosen; i++)
		RUN_ADD_STR(r, q->index_columns, q->n_index_columns, columns[chosen[i]]);
}

/* What EXPLAIN says of the prepared statement with nothing for each of its parameters. */
static PGresult *
plan_of_prepared(struct database *d, size_t parameters)
{
	struct buf b = { 0 };

	buf_puts(&b, "EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE prony_statement");
	for (size_t i = 0; i < parameters; i++)
		buf_puts(&b, i ? ", NULL" : "(NULL");
	buf_puts(&b, parameters ? ")" : "");
	PGresult *r = PQexec(d->session, buf_text(&b));
	buf_done(&b);
	return r;
}

static int
refused(const PGresult *r, struct err *e)
{
	const char *why = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	return err_set(e, EINVAL, "PostgreSQL: %s", why ? why : "no answer");
}

static int
database_explain(void *handle, struct run *r, struct run_query *q, struct err *e)
{
	struct database *d = handle;
	struct postgres_plan plan;
	const char *text;

	size_t n = postgres_parameters(q->fingerprint, d->arena, &text);
	CLEANUP(result_done) PGresult *prepared = PQexec(d->session,
	    arena_printf(d->arena, "PREPARE prony_statement AS %s", text));
	if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
		return refused(prepared, e);
	CLEANUP(result_done) PGresult *said = plan_of_prepared(d, n);
	PQclear(PQexec(d->session, "DEALLOCATE prony_statement"));
	if (PQresultStatus(said) != PGRES_TUPLES_OK || PQntuples(said) != 1)
		return refused(said, e);
	int code = postgres_plan_read(PQgetvalue(said, 0, 0), d->arena, &plan, e);
	if (code < 0)
		return code;
	for (size_t i = 0; i < plan.n_lines; i++)
		RUN_ADD_STR(r, q->plan, q->n_plan, plan.lines[i]);
	for (size_t i = 0; i < plan.n_scans; i++)
		look_at_scan(d, r, q, &plan.scans[i]);
	return 0;
}

const struct engine engine_postgresql = {
	.name = "postgresql",
	.open = database_open,
	.explain = database_explain,
	.close = database_close,
};

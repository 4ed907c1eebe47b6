/* SPDX-License-Identifier: MIT */
/* Create the index that the planner would use. */
#include <string.h>

#include "base/buf.h"
#include "plan/fix.h"
#include "plan/words.h"

static const char *
index_name(struct run *r, const struct run_query *q, const char *table)
{
	struct buf b = { 0 };

	buf_printf(&b, "prony_%s", table);
	for (size_t i = 0; i < q->n_index_columns; i++)
		buf_printf(&b, "_%s", q->index_columns[i]);
	if (b.size > 60)   /* PostgreSQL cuts names at 63 bytes */
		b.data[b.size = 60] = '\0';
	const char *name = run_str(r, buf_text(&b));
	buf_done(&b);
	return name;
}

static const char *
columns(struct run *r, const struct run_query *q)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < q->n_index_columns; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", words_sql_name(r, q->index_columns[i]));
	const char *text = run_str(r, buf_text(&b));
	buf_done(&b);
	return text;
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const struct run_query *q = words_query(r, f);
	const char *table = q ? q->index_table ? q->index_table : q->scan_table : NULL;

	if (!table || q->n_index_columns == 0) {
		s->what = run_printf(r, "create an index for %s", words_place(r, f->where));
		s->apply = "CREATE INDEX on the columns that the statement's WHERE clause compares";
		s->undo = "DROP INDEX of the same name";
		return;
	}
	bool postgres = q->engine && strcmp(q->engine, "postgresql") == 0;
	const char *concurrently = postgres ? "CONCURRENTLY " : "";
	const char *name = words_sql_name(r, index_name(r, q, table));
	s->what = run_printf(r, "create an index on %s(%s)", table, columns(r, q));
	s->apply = run_printf(r, "CREATE INDEX %s%s ON %s (%s);", concurrently, name,
	    words_sql_name(r, table), columns(r, q));
	s->undo = run_printf(r, "DROP INDEX %s%s;", concurrently, name);
	if (q->engine && strcmp(q->engine, "sqlite") == 0 && q->changeable) {
		s->automatic = true;
		s->executor = "sqlite";
		s->on = q->database;
	}
}

const struct fix fix_db_index = {
	.kind = "io.db.missing-index", .action = "db.index", .gain_low = 0.75, .gain_high = 0.99,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "every write to the table also writes the index; disk space; building it reads the "
	    "whole table once (SQLite and MySQL stop writers meanwhile)",
};

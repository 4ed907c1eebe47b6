/* SPDX-License-Identifier: MIT */
/* The planner is the parser: an index on each column is tried alone, and those that the statement
 * is then searched by are the columns that matter. The most selective of them leads; a second
 * column joins it when it saves a sort, or when the first alone selects badly. An index counts only
 * if fewer tables are read whole than before. */
#include "db/sqlite_index.h"

#include <string.h>
#include <strings.h>

#include "db/sqlite_file.h"

enum { COLUMNS_MAX = 64, LEADERS_MAX = 3 };
#define SELECTS_WELL 0.5   /* so many of 1000 rows differ: one column is enough */

struct search {
	sqlite3 *copy, *original;
	struct arena *arena;
	const char *sql, *table;
	const struct sqlite_plan *now;
	const char *columns[COLUMNS_MAX];
	size_t n_columns;
};

struct trial {
	const char *columns[INDEX_COLUMNS_MAX];
	size_t n_columns;
	const char *line;          /* NULL: not used, or no help */
	int terms, sorts;
	bool equality;
	double distinct;           /* of the first column */
};

static void
read_columns(struct search *s)
{
	char *sql = sqlite3_mprintf("SELECT * FROM \"%w\" LIMIT 0", s->table);
	sqlite3_stmt *q = NULL;

	if (sql && sqlite3_prepare_v2(s->copy, sql, -1, &q, NULL) == SQLITE_OK)
		for (int i = 0; i < sqlite3_column_count(q) && s->n_columns < COLUMNS_MAX; i++)
			s->columns[s->n_columns++] = arena_strdup(s->arena, sqlite3_column_name(q, i));
	sqlite3_finalize(q);
	sqlite3_free(sql);
}

static void
judge(struct search *s, struct trial *t, const char *name)
{
	struct sqlite_plan p;
	struct err e = { 0 };

	if (sqlite_plan_of(s->copy, s->sql, s->arena, &p, &e) < 0 || p.scans >= s->now->scans)
		return;
	for (size_t i = 0; i < p.n_lines; i++) {
		const struct sqlite_line *line = &p.lines[i];
		if (line->access != ACCESS_SEARCH || !line->index || strcmp(line->index, name) != 0)
			continue;
		t->line = line->text;
		t->terms = line->terms;
		t->equality = line->equality;
		t->sorts = p.sorts;
	}
}

static struct trial
try_index(struct search *s, const char *first, const char *second)
{
	struct trial t = { .columns = { first, second }, .n_columns = second ? 2 : 1 };
	const char *name = arena_printf(s->arena, "%s_%s%s%s", s->table, first, second ? "_" : "",
	    second ? second : "");
	char *create = second ?
	    sqlite3_mprintf("CREATE INDEX \"%w\" ON \"%w\"(\"%w\", \"%w\")", name, s->table, first,
	        second) :
	    sqlite3_mprintf("CREATE INDEX \"%w\" ON \"%w\"(\"%w\")", name, s->table, first);
	char *drop = sqlite3_mprintf("DROP INDEX \"%w\"", name);

	if (create && drop && sqlite3_exec(s->copy, create, NULL, NULL, NULL) == SQLITE_OK) {
		judge(s, &t, name);
		sqlite3_exec(s->copy, drop, NULL, NULL, NULL);
	}
	sqlite3_free(create);
	sqlite3_free(drop);
	return t;
}

static bool
leads_better(const struct trial *a, const struct trial *b)
{
	if (a->equality != b->equality)
		return a->equality;
	return a->distinct > b->distinct;
}

/* The useful columns, best leader first; returns how many, at most LEADERS_MAX. */
static size_t
find_leaders(struct search *s, struct trial leaders[LEADERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_columns; i++) {
		struct trial t = try_index(s, s->columns[i], NULL);
		if (!t.line)
			continue;
		t.distinct = sqlite_file_distinct(s->original, s->table, s->columns[i]);
		size_t at = n < LEADERS_MAX ? n++ : LEADERS_MAX;
		for (; at > 0 && leads_better(&t, &leaders[at - 1]); at--)
			if (at < LEADERS_MAX)
				leaders[at] = leaders[at - 1];
		if (at < LEADERS_MAX)
			leaders[at] = t;
	}
	return n;
}

static bool
is_better(const struct trial *pair, const struct trial *best)
{
	if (!pair->line || pair->terms < best->terms)
		return false;
	if (pair->sorts != best->sorts)
		return pair->sorts < best->sorts;
	return best->distinct < SELECTS_WELL && pair->terms > best->terms;
}

static struct trial
add_second_column(struct search *s, const struct trial *leader)
{
	struct trial best = *leader;

	for (size_t i = 0; i < s->n_columns; i++) {
		if (strcasecmp(s->columns[i], leader->columns[0]) == 0)
			continue;
		struct trial pair = try_index(s, leader->columns[0], s->columns[i]);
		pair.distinct = leader->distinct;
		if (is_better(&pair, &best))
			best = pair;
	}
	return best;
}

bool
sqlite_index_find(struct sqlite_copy *c, sqlite3 *original, const char *sql, const char *table,
    const struct sqlite_plan *now, struct arena *a, struct sqlite_index *ret)
{
	struct search s = { .copy = c->db, .original = original, .arena = a, .sql = sql, .table = table,
		.now = now };
	struct trial leaders[LEADERS_MAX];

	read_columns(&s);
	if (find_leaders(&s, leaders) == 0)
		return false;
	struct trial best = add_second_column(&s, &leaders[0]);
	*ret = (struct sqlite_index){ .n_columns = best.n_columns, .line = best.line };
	memcpy(ret->columns, best.columns, sizeof(ret->columns));
	return true;
}

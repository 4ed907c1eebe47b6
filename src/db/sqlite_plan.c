/* SPDX-License-Identifier: MIT */
/* EXPLAIN QUERY PLAN answers in English, the same since SQLite 3.36:
 *   SCAN t | SCAN t USING [COVERING] INDEX i | SEARCH t USING INDEX i (a=? AND b>?)
 *   SEARCH t USING AUTOMATIC COVERING INDEX (a=?) | USE TEMP B-TREE FOR ORDER BY
 * and before that "SCAN TABLE t AS x". */
#include "db/sqlite_plan.h"

#include <errno.h>
#include <string.h>

#include "db/sqlite_file.h"

enum { LINES_MAX = 200, STATEMENT_NS = 50000000 };

static const char *
after(const char *text, const char *prefix)
{
	size_t size = strlen(prefix);
	return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static size_t
name_size(const char *rest)
{
	static const char *const ends[] = { " USING ", " VIRTUAL TABLE ", " LEFT-JOIN", " EXISTS" };
	size_t size = strlen(rest);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *at = strstr(rest, ends[i]);
		if (at && (size_t)(at - rest) < size)
			size = (size_t)(at - rest);
	}
	return size;
}

/* "(a=? AND b>?)" at the end of a line. */
static void
parse_terms(const char *list, struct sqlite_line *line)
{
	const char *end = strpbrk(list, "=<>");

	line->equality = end && *end == '=';
	line->terms = 1;
	for (const char *at = list; (at = strstr(at, " AND ")); at++)
		line->terms++;
}

static void
parse_using(struct arena *a, const char *using, struct sqlite_line *line)
{
	const char *list = strrchr(using, '(');
	const char *name = strstr(using, "INDEX ");

	if (list && line->access == ACCESS_SEARCH)
		parse_terms(list + 1, line);
	if (strncmp(using, "AUTOMATIC", 9) == 0) {
		line->access = ACCESS_AUTOMATIC;
	} else if (name) {
		name += strlen("INDEX ");
		size_t size = list && list > name ? (size_t)(list - name) - 1 : strlen(name);
		line->index = arena_strndup(a, name, size);
	}
}

struct sqlite_line
sqlite_line_parse(struct arena *a, const char *text)
{
	struct sqlite_line line = { .text = arena_strdup(a, text) };
	const char *rest = after(text, "SCAN ");

	line.access = rest ? ACCESS_SCAN : ACCESS_SEARCH;
	if (!rest)
		rest = after(text, "SEARCH ");
	if (rest && after(rest, "TABLE "))
		rest = after(rest, "TABLE ");
	/* "SCAN CONSTANT ROW", "SCAN 3 CONSTANT ROWS", "SCAN (subquery-1)" read no table; what a
	 * virtual table does is its own affair. */
	if (!rest || strstr(rest, "CONSTANT ROW") || *rest == '(' || strstr(rest, " VIRTUAL TABLE ")) {
		line.access = ACCESS_OTHER;
		return line;
	}
	line.alias = arena_strndup(a, rest, name_size(rest));
	const char *as = strstr(line.alias, " AS ");
	if (as)
		line.alias = as + strlen(" AS ");
	const char *using = strstr(rest, " USING ");
	if (using)
		parse_using(a, using + strlen(" USING "), &line);
	return line;
}

static void
add_line(struct sqlite_plan *p, struct arena *a, const char *text)
{
	struct sqlite_line *line = ARENA_PUSH(a, p->lines, p->n_lines);

	*line = sqlite_line_parse(a, text);
	p->scans += line->access == ACCESS_SCAN || line->access == ACCESS_AUTOMATIC;
	p->sorts += strncmp(text, "USE TEMP B-TREE", 15) == 0;
}

static int
prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	const char *rest = "";
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);

	if (!explain)
		return err_set(e, ENOMEM, "out of memory");
	int result = sqlite3_prepare_v2(db, explain, -1, ret, &rest);
	if (result == SQLITE_OK && rest[strspn(rest, " \t\r\n;")] != '\0') {
		sqlite3_finalize(*ret);
		result = SQLITE_MISUSE;
	}
	sqlite3_free(explain);
	if (result == SQLITE_MISUSE)
		return err_set(e, EINVAL, "more than one statement");
	if (result != SQLITE_OK || !*ret)
		return err_set(e, EINVAL, "%s", sqlite3_errmsg(db));
	return 0;
}

int
sqlite_plan_of(sqlite3 *db, const char *sql, struct arena *a, struct sqlite_plan *ret,
    struct err *e)
{
	struct sqlite_deadline deadline;
	struct sqlite_plan p = { 0 };
	sqlite3_stmt *s = NULL;

	int r = prepare(db, sql, &s, e);
	if (r < 0)
		return r;
	sqlite_deadline_set(db, &deadline, STATEMENT_NS);
	while (p.n_lines < LINES_MAX && sqlite3_step(s) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 3);
		if (text)
			add_line(&p, a, text);
	}
	sqlite3_finalize(s);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	*ret = p;
	return 0;
}

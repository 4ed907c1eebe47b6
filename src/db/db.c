/* SPDX-License-Identifier: MIT */
/* Asks about the statements that cost most, each database opened once. A database or a statement
 * that cannot be asked becomes an eye of the run, and the others go on. */
#include "db/db.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "db/engine.h"

enum { QUERIES_MAX = 20, DATABASES_MAX = 8 };

#define ENGINE(name) extern const struct engine engine_##name;
#include "db/engines.def"
#undef ENGINE

static const struct engine *const engines[] = {
#define ENGINE(name) &engine_##name,
#include "db/engines.def"
#undef ENGINE
};

struct opened {
	const struct engine *engine;
	const char *database;
	void *handle;              /* NULL: could not be opened, and the run says why */
};

struct asking {
	struct run *run;
	const char *login;
	struct opened opened[DATABASES_MAX];
	size_t n_opened;
	size_t explained, failed;
	const char *first_failure;
};

static const struct engine *
engine_named(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(engines); i++)
		if (name && strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

static void
say(struct run *r, bool open, const char *means, const char *cure)
{
	struct run_eye *eye = RUN_ADD(r, eye, r->eyes, r->n_eyes);

	eye->name = "statement plans";
	eye->open = open;
	eye->means = means;
	eye->cure = cure;
}

static struct opened *
database_of(struct asking *a, const struct run_query *q)
{
	const struct engine *engine = engine_named(q->engine);
	struct err e = { 0 };

	if (!engine || !q->database)
		return NULL;
	for (size_t i = 0; i < a->n_opened; i++)
		if (a->opened[i].engine == engine && strcmp(a->opened[i].database, q->database) == 0)
			return &a->opened[i];
	if (a->n_opened == DATABASES_MAX)
		return NULL;
	struct opened *o = &a->opened[a->n_opened++];
	*o = (struct opened){ .engine = engine, .database = q->database };
	if (engine->open(a->run, q->database, a->login, &o->handle, &e) < 0)
		say(a->run, false, run_printf(a->run, "no plans from %s: %s", q->database, e.text),
		    e.hint[0] ? run_str(a->run, e.hint) : NULL);
	return o;
}

/* What begins and ends a transaction or sets something is carried out without a plan. */
static bool
has_plan(const char *statement)
{
	static const char *const first[] = { "select", "insert", "update", "delete", "with", "merge", "values", "replace" };
	const char *word = statement ? statement + strspn(statement, " (") : "";

	for (size_t i = 0; i < COUNT_OF(first); i++)
		if (!strncasecmp(word, first[i], strlen(first[i])))
			return true;
	return false;
}

static void
ask(struct asking *a, struct run_query *q)
{
	struct opened *o = has_plan(q->fingerprint) ? database_of(a, q) : NULL;
	struct err e = { 0 };

	if (!o || !o->handle)
		return;
	if (o->engine->explain(o->handle, a->run, q, &e) == 0) {
		a->explained++;
		return;
	}
	if (a->failed++ == 0)
		a->first_failure = run_printf(a->run, "%.60s: %s", q->fingerprint, e.text);
}

static int
dearest_first(const void *a, const void *b)
{
	const struct run_query *x = *(struct run_query *const *)a, *y = *(struct run_query *const *)b;
	return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static void
ask_dearest(struct asking *a, struct run_trace *t)
{
	CLEANUP(free_p) struct run_query **order = calloc(t->n_queries, sizeof(*order));
	size_t n = 0;

	if (!order)
		return;
	for (size_t i = 0; i < t->n_queries; i++)
		if (engine_named(t->queries[i].engine))
			order[n++] = &t->queries[i];
	qsort(order, n, sizeof(*order), dearest_first);
	for (size_t i = 0; i < n && i < QUERIES_MAX; i++)
		ask(a, order[i]);
}

void
db_explain(struct run *r, const char *login)
{
	struct asking a = { .run = r, .login = login };

	if (r->evidence.trace.n_queries == 0)
		return;
	ask_dearest(&a, &r->evidence.trace);
	for (size_t i = 0; i < a.n_opened; i++)
		if (a.opened[i].handle)
			a.opened[i].engine->close(a.opened[i].handle);
	if (a.explained)
		say(r, true, run_printf(r, "%zu statements explained by their databases",
		    a.explained), NULL);
	if (a.failed)
		say(r, false, run_printf(r, "%zu statements could not be explained, first %s", a.failed,
		    a.first_failure), NULL);
}

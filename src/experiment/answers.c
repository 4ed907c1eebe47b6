/* SPDX-License-Identifier: MIT */
#include "experiment/answers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/url.h"

#define REQUESTS   200          /* of each of the three passes */
#define ROOM       (8 * REQUESTS)   /* flows ask several requests each */
#define PASS_NS    (5 * NS_PER_S)
#define DIFFERS    20           /* lines kept */

struct said {
	int64_t index, nth;       /* arrival; which of its requests with this route */
	const char *route;
	int status;
	bool failed;
	int64_t body_bytes;
	uint64_t body_hash;
};

struct pass {
	struct said *said;
	size_t n;
};

static void
pass_done(struct pass *p)
{
	free(p->said);
}

/* ---- asking -------------------------------------------------------------------------------- */

static void
note(void *ctx, const struct load_answer *a)
{
	struct pass *p = ctx;

	if (p->n == ROOM)
		return;
	p->said[p->n] = (struct said){
		.index = a->index, .nth = (int64_t)p->n, .route = a->route, .status = a->status,
		.failed = a->failed, .body_bytes = a->body_bytes, .body_hash = a->body_hash,
	};
	p->n++;
}

static int
by_request(const void *a, const void *b)
{
	const struct said *x = a, *y = b;
	int names = strcmp(x->route, y->route);

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return names ? names : x->nth < y->nth ? -1 : x->nth > y->nth;
}

/* Requests of one connection, one after another: a flow's steps come in their order. */
static int
ask(struct side *s, struct pass *p, struct err *e)
{
	CLEANUP(run_free_p) struct run *scratch = run_new();
	struct run_phase *phase;
	const struct load_step step = {
		.name = "answers", .closed = 1, .at_most = REQUESTS, .for_ns = PASS_NS, .fresh = true,
		.answer_every = 1, .answer = note, .answer_ctx = p,
	};

	p->n = 0;
	if (!(p->said = calloc(ROOM, sizeof(*p->said))))
		abort();
	int code = load_run(s->load, &step, false, scratch, &phase, e);
	if (code < 0)
		return err_wrap(e, code, "%s", s->name);
	qsort(p->said, p->n, sizeof(*p->said), by_request);
	int64_t nth = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct said *before = i ? &p->said[i - 1] : NULL;
		bool again = before && before->index == p->said[i].index &&
		    strcmp(before->route, p->said[i].route) == 0;
		p->said[i].nth = nth = again ? nth + 1 : 0;
	}
	return 0;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static const struct said *
find(const struct pass *p, const struct said *like)
{
	return bsearch(like, p->said, p->n, sizeof(*p->said), by_request);
}

static bool
is_same(const struct said *a, const struct said *b)
{
	return a->status == b->status && a->failed == b->failed && a->body_bytes == b->body_bytes &&
	    a->body_hash == b->body_hash;
}

/* In what do they differ? NULL: in nothing that counts. */
static const char *
difference(const struct said *a, const struct said *b, bool varies)
{
	if (a->status != b->status || a->failed != b->failed)
		return "status";
	if (varies || is_same(a, b))
		return NULL;
	return a->body_bytes != b->body_bytes ? "length" : "body";
}

static const char *
words(struct run *r, const char *differs, const struct said *s)
{
	if (strcmp(differs, "status") == 0)
		return run_printf(r, "%d%s", s->status, s->failed && s->status < 400 ? " (not as wanted)" : "");
	if (strcmp(differs, "length") == 0)
		return run_printf(r, "%" PRId64 " bytes", s->body_bytes);
	return run_printf(r, "hash %016" PRIx64, s->body_hash);
}

static struct run_answer *
line_of(struct run *r, struct run_proof *p, const char *differs, const struct said *a,
    const struct said *b)
{
	const char *route = url_public(r->arena, a->route);

	for (size_t i = 0; i < p->n_answers; i++)
		if (strcmp(p->answers[i].route, route) == 0 &&
		    strcmp(p->answers[i].differs, differs) == 0)
			return &p->answers[i];
	if (p->n_answers == DIFFERS)
		return NULL;
	struct run_answer *line = RUN_ADD(r, answer, p->answers, p->n_answers);
	line->route = route;
	line->differs = differs;
	line->before = words(r, differs, a);
	line->after = words(r, differs, b);
	return line;
}

/* Requests that failed without an answer are told by the error rate of the blocks: one lost connection
 * is no other answer. */
static bool
was_answered(const struct said *s)
{
	return s && (s->status || s->body_hash);
}

static void
compare_one(const struct said *x, const struct said *x2, const struct said *y, struct run *r,
    struct run_proof *p)
{
	bool varies = !is_same(x, x2);
	const char *differs = x->status == x2->status ? difference(x, y, varies) : NULL;

	p->answers_compared++;
	p->answers_varying += varies;
	struct run_answer *line = differs ? line_of(r, p, differs, x, y) : NULL;
	if (line)
		line->count++;
}

static void
compare(const struct pass *a, const struct pass *again, const struct pass *b, struct run *r,
    struct run_proof *p)
{
	CLEANUP(arena_free_p) struct arena *scratch = arena_new();
	const char **routes = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct said *x = &a->said[i], *x2 = find(again, x), *y = find(b, x);
		if (!was_answered(x) || !was_answered(x2) || !was_answered(y))
			continue;
		compare_one(x, x2, y, r, p);
		*ARENA_PUSH(scratch, routes, n) = url_public(scratch, x->route);
	}
	for (size_t i = 0; i < p->n_answers; i++)
		for (size_t k = 0; k < n; k++)
			p->answers[i].of += strcmp(routes[k], p->answers[i].route) == 0;
}

int
answers_compare(struct side *a, struct side *b, struct run *r, struct run_proof *p,
    struct err *e)
{
	CLEANUP(pass_done) struct pass first = { 0 }, again = { 0 }, other = { 0 };

	int code = ask(a, &first, e);
	if (code == 0)
		code = ask(a, &again, e);
	if (code == 0)
		code = ask(b, &other, e);
	if (code == 0)
		compare(&first, &again, &other, r, p);
	return code;
}

/* SPDX-License-Identifier: MIT */
#include "experiment/answers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/url.h"

#define REQUESTS   200          /* of each of the four passes */
#define ROOM       (8 * REQUESTS)   /* flows ask several requests each */
#define PASS_NS    (5 * NS_PER_S)
#define DIFFERS    20           /* lines kept */
#define OFTEN      7            /* requests that B answers otherwise once of twice */

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
	int code = side_enter(s, e);
	if (code < 0)
		return code;
	code = load_run(s->load, &step, false, scratch, &phase, e);
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

/* The answers to one request: of A twice, of B twice. */
struct request { const struct said *a, *a2, *b, *b2; };

/* Only where A agrees with itself can B disagree; a body only where A's stays. */
static const char *
differs_in(const struct request *q, const struct said *of_b)
{
	if (q->a->status != q->a2->status)
		return NULL;
	return difference(q->a, of_b, !is_same(q->a, q->a2));
}

static bool
is_once(const struct request *q)
{
	return (differs_in(q, q->b) != NULL) != (differs_in(q, q->b2) != NULL);
}

static void
count(struct run *r, struct run_proof *p, const struct request *all, size_t n)
{
	int64_t once = 0;

	p->answers_compared = (int64_t)n;
	for (size_t i = 0; i < n; i++) {
		p->answers_varying += !is_same(all[i].a, all[i].a2);
		once += is_once(&all[i]);
	}
	/* What B does now and then counts when A does it hardly ever: a service that refuses one request of
	 * a hundred, whichever, is no wrong answer of B. */
	bool often = once >= OFTEN + 3 * p->answers_varying;
	for (size_t i = 0; i < n; i++) {
		const struct said *b = differs_in(&all[i], all[i].b) ? all[i].b : all[i].b2;
		const char *differs = differs_in(&all[i], b);
		struct run_answer *line = differs && (often || !is_once(&all[i]))
		    ? line_of(r, p, differs, all[i].a, b) : NULL;
		if (line)
			line->count++;
	}
}

static void
compare(const struct pass *a, const struct pass *a2, const struct pass *b, const struct pass *b2,
    struct run *r, struct run_proof *p)
{
	CLEANUP(arena_free_p) struct arena *scratch = arena_new();
	struct request *all = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct said *x = &a->said[i];
		const struct request q = { x, find(a2, x), find(b, x), find(b2, x) };
		if (was_answered(q.a) && was_answered(q.a2) && was_answered(q.b) && was_answered(q.b2))
			*ARENA_PUSH(scratch, all, n) = q;
	}
	count(r, p, all, n);
	for (size_t i = 0; i < p->n_answers; i++)
		for (size_t k = 0; k < n; k++)
			p->answers[i].of +=
			    strcmp(url_public(scratch, all[k].a->route), p->answers[i].route) == 0;
}

int
answers_compare(struct side *a, struct side *b, struct run *r, struct run_proof *p,
    struct err *e)
{
	CLEANUP(pass_done) struct pass a1 = { 0 }, a2 = { 0 }, b1 = { 0 }, b2 = { 0 };

	int code = ask(a, &a1, e);
	if (code == 0)
		code = ask(a, &a2, e);
	if (code == 0)
		code = ask(b, &b1, e);
	if (code == 0)
		code = ask(b, &b2, e);
	if (code == 0)
		compare(&a1, &a2, &b1, &b2, r, p);
	return code;
}

/* SPDX-License-Identifier: MIT */
#include "load/session.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "load/program.h"
#include "load/worker.h"

#define THINK_STREAM UINT64_C(0x7468696e6b)   /* keeps its random numbers apart from others */
#define THINK_MAX_S  86400.0

/* ---- memory -------------------------------------------------------------------------------- */

/* They were compiled once before, when the scenario was read: nothing can be wrong with them. */
static void
compile_extracts(struct worker *w)
{
	const struct program *p = w->program;
	struct arena *a = w->arena;
	struct err e;

	w->sessions.extracts = arena_alloc(a, (p->n_extracts + 1) * sizeof(struct extract));
	for (size_t i = 0; i < p->n_routes; i++)
		for (size_t k = 0; k < p->routes[i].n_extracts; k++) {
			const struct route *r = &p->routes[i];
			struct extract *x = &w->sessions.extracts[r->first_extract + k];
			if (extract_compile(&r->extracts[k], a, x, &e) < 0)
				abort();
			x->variable = r->extracts_to[k];
		}
}

void
sessions_open(struct worker *w)
{
	w->sessions.free = NO_SESSION;
	compile_extracts(w);
}

void
sessions_close(struct worker *w)
{
	struct sessions *s = &w->sessions;

	for (uint32_t i = 0; i < s->n; i++) {
		for (uint32_t k = 0; k < w->program->n_variables; k++)
			buf_done(&s->all[i].values[k]);
		free(s->all[i].values);
		free(s->all[i].variables);
	}
	for (uint32_t i = 0; s->extracts && i < w->program->n_extracts; i++)
		extract_done(&s->extracts[i]);
	free(s->all);
	free(s->heap);
}

static void
grow(struct sessions *s)
{
	uint32_t n = s->allocated ? 2 * s->allocated : 64;

	s->all = realloc(s->all, n * sizeof(*s->all));
	s->heap = realloc(s->heap, n * sizeof(*s->heap));
	if (!s->all || !s->heap)
		abort();
	s->allocated = n;
}

static uint32_t
allocate(struct worker *w)
{
	struct sessions *s = &w->sessions;
	uint32_t n = w->program->n_variables, i = s->free;

	if (i != NO_SESSION) {
		s->free = s->all[i].next_free;
		return i;
	}
	if (s->n == SESSIONS_MAX)
		return NO_SESSION;
	if (s->n == s->allocated)
		grow(s);
	i = s->n++;
	s->all[i] = (struct session){
		.variables = calloc(n + 1, sizeof(struct view)), .values = calloc(n + 1, sizeof(struct buf)),
	};
	if (!s->all[i].variables || !s->all[i].values)
		abort();
	return i;
}

void
session_end(struct worker *w, uint32_t session)
{
	w->sessions.all[session].next_free = w->sessions.free;
	w->sessions.free = session;
	w->sessions.active--;
}

/* ---- the heap of those that wait ----------------------------------------------------------- */

static int64_t
due_of(const struct sessions *s, uint32_t at)
{
	return s->all[s->heap[at]].due_ns;
}

static void
swap(struct sessions *s, uint32_t a, uint32_t b)
{
	uint32_t kept = s->heap[a];
	s->heap[a] = s->heap[b];
	s->heap[b] = kept;
}

static void
wait_in_heap(struct sessions *s, uint32_t session)
{
	uint32_t at = s->n_heap++;

	s->heap[at] = session;
	for (; at && due_of(s, (at - 1) / 2) > due_of(s, at); at = (at - 1) / 2)
		swap(s, at, (at - 1) / 2);
}

uint32_t
session_earliest(const struct worker *w, int64_t *ret_due_ns)
{
	const struct sessions *s = &w->sessions;

	*ret_due_ns = s->n_heap ? due_of(s, 0) : INT64_MAX;
	return s->n_heap ? s->heap[0] : NO_SESSION;
}

void
session_take(struct worker *w)
{
	struct sessions *s = &w->sessions;

	s->heap[0] = s->heap[--s->n_heap];
	for (uint32_t at = 0, least = 0;; at = least) {
		for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < s->n_heap && due_of(s, child) < due_of(s, least))
				least = child;
		if (least == at)
			return;
		swap(s, at, least);
	}
}

void
session_wait(struct worker *w, uint32_t session)
{
	wait_in_heap(&w->sessions, session);
}

/* ---- steps --------------------------------------------------------------------------------- */

static double
uniform(const struct session *s, uint32_t draw)
{
	uint64_t bits = random_at(s->seed ^ THINK_STREAM, 2 * (uint64_t)s->step + draw);
	return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static double
think_seconds(const struct flow_step *t, const struct session *s)
{
	double normal, seconds = t->think_s;

	switch (t->think) {
	case THINK_CONSTANT:
		break;
	case THINK_EXPONENTIAL:
		seconds = -t->think_s * log(uniform(s, 0));
		break;
	case THINK_LOGNORMAL:             /* with that mean: Box and Muller (1958) for the normal */
		normal = sqrt(-2 * log(uniform(s, 0))) * cos(2 * M_PI * uniform(s, 1));
		seconds = t->think_s * exp(t->think_sigma * normal - t->think_sigma * t->think_sigma / 2);
		break;
	}
	return fmin(seconds, THINK_MAX_S);
}

/* Pass over pauses to the next request, or end. */
static void
next_request(struct worker *w, uint32_t session, int64_t now)
{
	struct session *s = &w->sessions.all[session];
	const struct flow *f = &w->program->flows[s->flow];

	s->due_ns = now;
	for (; s->step < f->n_steps && f->steps[s->step].is_pause; s->step++)
		s->due_ns += (int64_t)(think_seconds(&f->steps[s->step], s) * 1e9);
	if (s->step == f->n_steps)
		session_end(w, session);
	else
		wait_in_heap(&w->sessions, session);
}

static void
draw_variables(struct worker *w, struct session *s)
{
	const struct program *p = w->program;

	for (size_t i = 0; i < p->n_drawn; i++) {
		struct buf *value = &s->values[p->drawn[i].variable];
		struct template_values v = worker_values(w, s->variables, s->index, s->seed);
		buf_clear(value);
		template_render(&p->drawn[i].value, &v, value);
		s->variables[p->drawn[i].variable] = (struct view){ buf_text(value), value->size };
	}
}

bool
session_begin(struct worker *w, const struct arrival *a, int64_t due_ns)
{
	uint32_t session = allocate(w);

	if (session == NO_SESSION)
		return false;
	struct session *s = &w->sessions.all[session];
	s->flow = a->route;
	s->step = s->asked = 0;
	s->index = a->index;
	s->seed = a->seed;
	memcpy(s->variables, w->program->variables, w->program->n_variables * sizeof(struct view));
	draw_variables(w, s);
	w->sessions.active++;
	next_request(w, session, due_ns);
	return true;
}

bool
session_go_on(struct worker *w, uint32_t session, uint32_t route, const struct answer *answer,
    int64_t at_ns, const char **ret_why)
{
	struct session *s = &w->sessions.all[session];
	const struct route *r = &w->program->routes[route];

	for (size_t i = 0; i < r->n_extracts; i++) {
		const struct extract *x = &w->sessions.extracts[r->first_extract + i];
		struct buf *value = &s->values[x->variable];
		buf_clear(value);
		if (extract_value(x, answer, value) != EXTRACT_FOUND) {
			*ret_why = r->extracts[i].variable;
			return false;
		}
		s->variables[x->variable] = (struct view){ buf_text(value), value->size };
	}
	s->step++;
	next_request(w, session, at_ns);
	return true;
}

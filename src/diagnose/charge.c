/* SPDX-License-Identifier: MIT */
#include "diagnose/charge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/text.h"

#define REST_MIN     0.0005   /* a smaller missing rest is rounding */
#define BLOCKED_MIN  0.02     /* of a group's time: enough to tell what it is blocked in */

static double
positive(double v)
{
	return isfinite(v) && v > 0 ? v : 0;
}

void
mix_add(struct mix *m, enum run_part_kind kind, const char *where, double share)
{
	share = positive(share);
	if (share == 0)
		return;
	for (size_t i = 0; i < m->n; i++)
		if (m->parts[i].kind == kind && text_same(m->parts[i].where, where)) {
			m->parts[i].share += share;
			return;
		}
	struct run_part *p = RUN_ADD(m->run, part, m->parts, m->n);
	p->kind = kind;
	p->where = where;
	p->share = share;
}

static int
largest_first(const void *a, const void *b)
{
	const struct run_part *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->where ? x->where : "", y->where ? y->where : "");
}

void
mix_seal(struct mix *m, double seconds)
{
	double sum = 0;

	for (size_t i = 0; i < m->n; i++)
		sum += m->parts[i].share;
	if (sum < 1 - REST_MIN) {
		mix_add(m, PART_OTHER, "unexplained", 1 - sum);
		sum = 1;
	}
	qsort(m->parts, m->n, sizeof(*m->parts), largest_first);
	for (size_t i = 0; i < m->n; i++) {
		m->parts[i].share /= sum;
		m->parts[i].seconds = m->parts[i].share * seconds;
	}
}

const struct run_wait *
charge_wait(const struct run *r, enum run_part_kind kind, const char *where)
{
	const struct run_trace *t = &r->evidence.trace;
	const struct run_wait *only = NULL;
	size_t of_kind = 0;

	for (size_t i = 0; i < t->n_waits; i++) {
		if (t->waits[i].kind != kind)
			continue;
		if (text_same(t->waits[i].where, where))
			return &t->waits[i];
		only = &t->waits[i];
		of_kind++;
	}
	return of_kind == 1 ? only : NULL;
}

static double
parts_sum(const struct run_part *parts, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += positive(parts[i].share);
	return sum;
}

static bool
is_blocked(enum run_part_kind kind)
{
	return kind == PART_LOCK || kind == PART_DISK || kind == PART_DB || kind == PART_CACHE
	    || kind == PART_NET || kind == PART_SLEEP;
}

/* A holder that was blocked in something unknown was serving requests like these: it was blocked
 * in what they are blocked in. */
static void
charge_unknown(struct mix *m, const struct run_time *own, double share)
{
	double sum = 0;

	for (size_t i = 0; i < own->n_parts; i++)
		sum += is_blocked(own->parts[i].kind) ? positive(own->parts[i].share) : 0;
	if (sum < BLOCKED_MIN)
		mix_add(m, PART_OTHER, NULL, share);
	for (size_t i = 0; i < own->n_parts && sum >= BLOCKED_MIN; i++)
		if (is_blocked(own->parts[i].kind))
			mix_add(m, own->parts[i].kind, own->parts[i].where,
			    share * positive(own->parts[i].share) / sum);
}

static void
charge_part(struct mix *m, const struct run_time *own, const struct run_part *p, double share,
    int depth)
{
	enum run_part_kind kind = p->kind;
	const char *where = p->where;

	if (kind == PART_OTHER && depth > 0 && !(where && *where)) {
		charge_unknown(m, own, share);
		return;
	}
	if (kind != PART_QUEUE) {
		mix_add(m, kind, where, share);
		return;
	}
	const struct run_wait *w = charge_wait(m->run, kind, where);
	double held = w ? parts_sum(w->holder, w->n_holder) : 0;
	if (held == 0 || depth >= CHARGE_DEPTH) {
		mix_add(m, PART_OTHER, where ? where : "queue", share);
		return;
	}
	double scale = held > 1 ? 1 / held : 1;
	for (size_t i = 0; i < w->n_holder; i++)
		charge_part(m, own, &w->holder[i], share * positive(w->holder[i].share) * scale,
		    depth + 1);
	if (held < 1)
		mix_add(m, PART_OTHER, where ? where : "queue", share * (1 - held));
}

void
charge(struct run *r)
{
	const struct run_trace *t = &r->evidence.trace;

	r->time = NULL;
	r->n_time = 0;
	for (size_t i = 0; i < t->n_routes; i++) {
		const struct run_time *raw = &t->routes[i];
		struct mix m = { .run = r };
		for (size_t k = 0; k < raw->n_parts; k++)
			charge_part(&m, raw, &raw->parts[k], raw->parts[k].share, 0);
		mix_seal(&m, raw->seconds);
		struct run_time *out = RUN_ADD(r, time, r->time, r->n_time);
		out->route = raw->route;
		out->scope = raw->scope;
		out->requests = raw->requests;
		out->seconds = raw->seconds;
		out->parts = m.parts;
		out->n_parts = m.n;
	}
}

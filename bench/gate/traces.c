/* SPDX-License-Identifier: MIT */
#include "traces.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "scenario/zipf.h"

#define SEED UINT64_C(20261121)

static void
grow(void *items, size_t *room, size_t n, size_t each)
{
	if (n < *room)
		return;
	*room = *room ? *room * 2 : 1 << 16;
	*(void **)items = realloc(*(void **)items, *room * each);
	if (!*(void **)items)
		abort();
}

/* Box and Muller. */
static double
normal(uint64_t seed, uint64_t i)
{
	double u = random_unit(random_at(seed, i * 2)), v = random_unit(random_at(seed, i * 2 + 1));

	return sqrt(-2 * log(1 - u)) * cos(2 * M_PI * v);
}

/* The object's number; it gets one when it is new. */
static uint32_t
know(struct trace_intake *in, uint64_t name, uint32_t size)
{
	struct trace *t = in->t;
	bool new;
	uint64_t *id = map_at(&in->known, &name, sizeof(name), &new);

	if (new) {
		grow(&t->sizes, &in->id_room, t->n_ids, sizeof(*t->sizes));
		*id = t->n_ids++;
		t->sizes[*id] = 0;
		grow(&t->costs, &in->cost_room, *id, sizeof(*t->costs));
		t->costs[*id] = (float)exp(2 * normal(SEED + 8, *id));   /* one of 40 costs 50 times the median */
	}
	if (!t->sizes[*id])
		t->sizes[*id] = in->uniform ? 1 : size;
	return (uint32_t)*id;
}

void
trace_know(struct trace_intake *in, uint64_t name, uint32_t size)
{
	know(in, name, size);
}

void
trace_take(struct trace_intake *in, uint64_t name, uint32_t size)
{
	struct trace *t = in->t;
	uint32_t id = know(in, name, size);

	grow(&t->ids, &in->room, t->n, sizeof(*t->ids));
	t->ids[t->n++] = id;
}

void
trace_taken(struct trace_intake *in)
{
	struct trace *t = in->t;

	for (size_t i = 0; i < t->n_ids; i++) {
		t->sizes[i] = t->sizes[i] ? t->sizes[i] : 1;
		t->bytes += t->sizes[i];
	}
	map_done(&in->known);
}

/* ---- made up ------------------------------------------------------------------------------------ */

/* Chance and the requests so far. Names: popular objects from 0, passing ones from PASSING. */
struct maker {
	uint64_t *names;
	size_t n, i;
	uint64_t seed, draws, passing;
	struct zipf zipf;
};

#define PASSING (UINT64_C(1) << 40)
#define SCAN    (UINT64_C(1) << 41)

static double
chance(struct maker *m)
{
	return random_unit(random_at(m->seed, m->draws++));
}

static uint64_t
popular(struct maker *m)
{
	return zipf_rank(&m->zipf, m->seed + 1, m->i);
}

static uint64_t
passing(struct maker *m)
{
	return PASSING + m->passing++;
}

/* One that was asked for d requests ago, d by Pareto's law. */
static uint64_t
recent(struct maker *m, double shape)
{
	double d = pow(1 - chance(m), -1 / shape);

	return d < (double)m->i ? m->names[m->i - (size_t)d] : passing(m);
}

static uint64_t
make_zipf(struct maker *m)
{
	return popular(m);
}

static uint64_t
make_wonders(struct maker *m)
{
	return chance(m) < 0.3 ? passing(m) : popular(m);
}

/* What is popular moves on: every 20 requests the ranks shift by one object. */
static uint64_t
make_drift(struct maker *m)
{
	return popular(m) + m->i / 20;
}

static uint64_t
make_web(struct maker *m)
{
	double c = chance(m);

	return c < 0.25 ? passing(m) : c < 0.5 ? recent(m, 0.6) : popular(m);
}

static uint64_t
make_recency(struct maker *m)
{
	return chance(m) < 0.1 ? passing(m) : recent(m, 0.35);
}

/* Every 100000 requests, 20000 of them read through objects that nobody else asks for. */
static uint64_t
make_scans(struct maker *m)
{
	size_t at = m->i % 100000;

	return at < 40000 && at % 2 ? SCAN + m->i : popular(m);
}

static uint64_t
make_loops(struct maker *m)
{
	return m->i % 3 ? SCAN + m->i % 75000 : popular(m);
}

/* 200000 requests of one character, then of another. */
static uint64_t
make_phases(struct maker *m)
{
	switch (m->i / 200000 % 3) {
	case 0: return make_recency(m);
	case 1: return make_loops(m);
	default: return make_web(m);
	}
}

static const struct kind {
	const char *name;
	uint64_t (*next)(struct maker *m);
	double objects, exponent;
} kinds[] = {
	{ "zipf", make_zipf, 100000, 1.0 },
	{ "wonders", make_wonders, 100000, 0.9 },
	{ "drift", make_drift, 50000, 0.9 },
	{ "web", make_web, 100000, 0.9 },
	{ "recency", make_recency, 1000, 1.0 },
	{ "scans", make_scans, 50000, 0.8 },
	{ "loops", make_loops, 50000, 0.9 },
	{ "phases", make_phases, 50000, 0.9 },
};

const char *
trace_name(size_t i)
{
	return i < COUNT_OF(kinds) ? kinds[i].name : NULL;
}

/* Median 8 KiB, a tail of megabytes, as on the web. */
static uint32_t
size_of(uint64_t name)
{
	return (uint32_t)fmin(fmax(8192 * exp(1.6 * normal(SEED + 7, name)), 64), 32 << 20);
}

void
trace_make(size_t i, size_t n, int sized, struct trace *ret)
{
	struct maker m = { .n = n, .seed = SEED + i * 10 };
	struct trace_intake in = { .t = ret };

	*ret = (struct trace){ .name = kinds[i].name };
	m.zipf = zipf_make((uint64_t)kinds[i].objects, kinds[i].exponent);
	m.names = calloc(n, sizeof(*m.names));
	for (; m.i < n; m.i++) {
		uint64_t name = kinds[i].next(&m);
		m.names[m.i] = name;
		trace_take(&in, name, sized ? size_of(name) : 1);
	}
	free(m.names);
	trace_taken(&in);
}

void
trace_done(struct trace *t)
{
	free(t->ids);
	free(t->sizes);
	free(t->costs);
	*t = (struct trace){ 0 };
}

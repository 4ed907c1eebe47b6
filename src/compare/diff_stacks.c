/* SPDX-License-Identifier: MIT */
/* The stacks of two profiles merged by their names, per request, for the flame graph of the
 * difference. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "compare/compare_int.h"
#include "compare/names.h"

/* run.json stays below 1 MiB: so much of it may be stacks. */
#define MOST_STACKS 800
#define MOST_BYTES  ((size_t)192 << 10)
#define MOST_FRAMES_BYTES 4096

struct tower { const char *kind, *frames; double seconds[2]; };
struct towers { struct arena *arena; struct map ids; struct tower *items; size_t n; };

static bool
on_cpu(const struct run_stack *s)
{
	return !s->kind || strcmp(s->kind, "cpu") == 0;
}

/* What a second of the trace is per request. The samples of the CPU are scaled to the CPU time that was
 * measured; waiting is divided by the requests. NAN: cannot be told. */
static double
scale_of(const struct run_trace *t, bool cpu, double cpu_per_request)
{
	double sum = 0;

	for (size_t i = 0; cpu && i < t->n_stacks; i++)
		sum += on_cpu(&t->stacks[i]) && t->stacks[i].seconds > 0 ? t->stacks[i].seconds : 0;
	if (cpu && cpu_per_request > 0 && sum > 0)
		return cpu_per_request / sum;
	return t->requests > 0 ? 1 / (double)t->requests : NAN;
}

static void
add(struct towers *t, const struct run_stack *s, int side, double seconds)
{
	CLEANUP(buf_done) struct buf key = { .cap_bytes = MOST_FRAMES_BYTES };
	const char *kind = on_cpu(s) ? "cpu" : s->kind;
	bool is_new;

	buf_printf(&key, "%s;", kind);
	size_t at = key.size;
	name_frames(s->frames, &key);
	uint64_t *id = map_at(&t->ids, buf_text(&key), key.size, &is_new);
	if (is_new) {
		*id = t->n;
		*ARENA_PUSH(t->arena, t->items, t->n) = (struct tower){
			.kind = arena_strdup(t->arena, kind),
			.frames = arena_strdup(t->arena, buf_text(&key) + at),
		};
	}
	t->items[*id].seconds[side] += seconds;
}

static void
add_side(struct towers *t, const struct run_trace *trace, int side, double cpu_per_request)
{
	double cpu = scale_of(trace, true, cpu_per_request), off = scale_of(trace, false, NAN);

	for (size_t i = 0; i < trace->n_stacks; i++) {
		const struct run_stack *s = &trace->stacks[i];
		double seconds = s->seconds * (on_cpu(s) ? cpu : off);
		if (s->frames && *s->frames && seconds > 0)
			add(t, s, side, seconds);
	}
}

static double
weight(const struct tower *t)
{
	return fmax(t->seconds[0], t->seconds[1]);
}

static int
heaviest_first(const void *left, const void *right)
{
	const struct tower *l = left, *r = right;
	double a = weight(l), b = weight(r);
	return a > b ? -1 : a < b ? 1 : strcmp(l->frames, r->frames);
}

static bool
has_stacks(const struct run *r)
{
	return r->evidence.trace.n_stacks > 0;
}

void
compare_diff_stacks(const struct run *a, const struct run *b, const double cpu[2], struct run *r,
    struct run_proof *p)
{
	struct towers t = { .arena = arena_new() };
	size_t bytes = 0;

	p->diff_stacks = NULL;
	p->n_diff_stacks = 0;
	if (has_stacks(a) && has_stacks(b)) {
		add_side(&t, &a->evidence.trace, 0, cpu[0]);
		add_side(&t, &b->evidence.trace, 1, cpu[1]);
	}
	if (t.n)
		qsort(t.items, t.n, sizeof(*t.items), heaviest_first);
	for (size_t i = 0; i < t.n && i < MOST_STACKS && bytes < MOST_BYTES; i++) {
		struct run_diff_stack *to = RUN_ADD(r, diff_stack, p->diff_stacks, p->n_diff_stacks);
		to->kind = run_str(r, t.items[i].kind);
		to->frames = run_str(r, t.items[i].frames);
		to->before = t.items[i].seconds[0];
		to->after = t.items[i].seconds[1];
		bytes += strlen(to->frames) + 80;
	}
	map_done(&t.ids);
	arena_free(t.arena);
}

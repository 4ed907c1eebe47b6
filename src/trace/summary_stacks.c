/* SPDX-License-Identifier: MIT */
/* Hot functions, and every stack for the flame graphs. */
#include "trace/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define FUNCTIONS_MAX 50
#define STACKS_SHOWN  1500

/* ---- functions ----------------------------------------------------------------------------- */

struct function {
	const struct frame *frame;
	uint32_t stack;            /* one that it stands in, for its line */
	int64_t self, total;
	int64_t counted;           /* last stack it was counted for + 1: recursion counts once */
};

struct functions { struct map ids; struct function *items; size_t n; };

static struct function *
function_of(struct summary *s, struct functions *f, uint32_t stack, const struct frame *frame)
{
	char key[256];
	bool new;
	int size = snprintf(key, sizeof(key), "%s\n%s", frame->name, frame->module ? frame->module : "");
	if (size > (int)sizeof(key) - 1)
		size = sizeof(key) - 1;
	uint64_t *at = map_at(&f->ids, key, (size_t)size, &new);
	if (new) {
		*at = f->n;
		*ARENA_PUSH(s->arena, f->items, f->n) = (struct function){ .frame = frame, .stack = stack };
	}
	return &f->items[*at];
}

static int64_t *
count_stacks(struct summary *s)
{
	struct tape *t = s->a->tape;
	int64_t *counts = arena_alloc(s->arena, (s->in->stacks->n + 1) * sizeof(*counts));
	for (size_t i = 0; i < t->n_samples; i++)
		counts[t->samples[i].stack]++;
	return counts;
}

static int
by_total(const void *left, const void *right)
{
	const struct function *l = left, *r = right;
	int64_t a = l->self * 2 + l->total, b = r->self * 2 + r->total;
	return a > b ? -1 : a < b;
}

static void
add_function(struct summary *s, const struct function *f, double samples)
{
	struct run_trace *t = &s->r->evidence.trace;
	const struct frame *frame = f->frame;
	const char *file = frame->file;
	int line = frame->line;
	struct run_function *out = RUN_ADD(s->r, function, t->functions, t->n_functions);

	if (!file && frame->application && frame->ip)
		symbols_line(s->in->symbols, s->in->stacks->items[f->stack].pid, frame->ip, &file, &line);
	out->name = run_str(s->r, frame->name);
	out->module = run_str(s->r, frame->module);
	out->file = run_str(s->r, file);
	out->line = file ? line : 0;
	out->language = run_str(s->r, frame->language);
	out->self = (double)f->self / samples;
	out->total = (double)f->total / samples;
	out->samples = f->total;
	out->application = frame->application;
}

void
summary_functions(struct summary *s)
{
	struct stacks *stacks = s->in->stacks;
	struct functions f = { 0 };
	int64_t *counts = count_stacks(s), rooted = 0, n = (int64_t)s->a->tape->n_samples;

	for (uint32_t i = 1; i < stacks->n; i++) {
		rooted += stacks->items[i].rooted ? counts[i] : 0;
		for (size_t j = 0; counts[i] && j < stacks->items[i].n; j++) {
			struct function *at = function_of(s, &f, i, stacks_frame(stacks, i, j));
			at->self += j ? 0 : counts[i];
			at->total += at->counted == i + 1 ? 0 : counts[i];
			at->counted = i + 1;
		}
	}
	qsort(f.items, f.n, sizeof(*f.items), by_total);
	for (size_t i = 0; i < f.n && i < FUNCTIONS_MAX; i++)
		add_function(s, &f.items[i], (double)n);
	map_done(&f.ids);
	struct run_trace *t = &s->r->evidence.trace;
	t->samples = n;
	if (n)
		t->unwound = (double)rooted / (double)n;
	if (stacks->user_frames)
		t->symbolised = (double)stacks->user_named / (double)stacks->user_frames;
}

/* ---- stacks -------------------------------------------------------------------------------- */

static const char *
folded(struct summary *s, uint32_t stack)
{
	struct buf b = { .cap_bytes = 16384 };
	for (size_t i = s->in->stacks->items[stack].n; i-- > 0; ) {
		size_t at = b.size;
		buf_puts(&b, stacks_frame(s->in->stacks, stack, i)->name);
		for (; at < b.size; at++)
			if (b.data[at] == ';' || b.data[at] == '\n')
				b.data[at] = ':';
		if (i)
			buf_putc(&b, ';');
	}
	const char *text = run_str(s->r, buf_text(&b));
	buf_done(&b);
	return text;
}

static bool
in_request(const struct summary *s, uint32_t thread, int64_t at)
{
	const struct thread_log *log = &s->a->threads[thread];
	size_t low = 0, high = log->n_segments;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (s->a->segments[log->segments[middle]].start < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low && s->a->segments[log->segments[low - 1]].end >= at;
}

/* Waits at futexes and clocks outside requests are idle workers and timers. */
static bool
is_idle(const struct summary *s, const struct wait_stack *w)
{
	return (w->kind == PART_LOCK || w->kind == PART_SLEEP) && !in_request(s, w->thread, w->at);
}

void
summary_stacks(struct summary *s)
{
	struct ledger all = { 0 };
	struct ledger_row *rows;
	int64_t *counts = count_stacks(s);

	for (uint32_t i = 1; i < s->in->stacks->n; i++)
		ledger_add(&all, PART_CPU, i, (int64_t)((double)counts[i] * s->sample_seconds * 1e9));
	for (size_t i = 0; i < s->in->n_waits; i++)
		if (!s->in->waits[i].unlock && s->in->waits[i].stack && !is_idle(s, &s->in->waits[i]))
			ledger_add(&all, s->in->waits[i].kind, s->in->waits[i].stack, s->in->waits[i].ns);
	size_t n = ledger_rows(&all, s->arena, &rows);
	struct run_trace *t = &s->r->evidence.trace;
	for (size_t i = 0; i < n && i < STACKS_SHOWN; i++) {
		struct run_stack *out = RUN_ADD(s->r, stack, t->stacks, t->n_stacks);
		out->kind = part_kind_name(rows[i].kind);
		out->frames = folded(s, rows[i].where);
		out->seconds = ns_to_s(rows[i].ns);
	}
	ledger_done(&all);
}

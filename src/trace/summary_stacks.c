/* SPDX-License-Identifier: MIT */
/* Hot functions, and every stack for the flame graphs. */
#include "trace/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "trace/export_folded.h"
#include "trace/export_pprof.h"

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

/* "root;caller;leaf", for files with " (file:line)" behind each frame whose source is known. */
static const char *
folded(struct summary *s, uint32_t stack, bool lines)
{
	struct buf b = { .cap_bytes = 16384 };
	for (size_t i = s->in->stacks->items[stack].n; i-- > 0; ) {
		const struct frame *f = stacks_frame(s->in->stacks, stack, i);
		size_t at = b.size;
		buf_puts(&b, f->name);
		if (lines && f->file)
			buf_printf(&b, " (%s:%d)", f->file, f->line);
		for (; at < b.size; at++)
			if (b.data[at] == ';' || b.data[at] == '\n')
				b.data[at] = ':';
		if (i)
			buf_putc(&b, ';');
	}
	const char *text = arena_strdup(s->arena, buf_text(&b));
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

/* Waiting of the requests' threads by (kind, stack). */
static struct ledger
waits_by_stack(const struct summary *s)
{
	struct ledger all = { 0 };
	for (size_t i = 0; i < s->in->n_waits; i++) {
		const struct wait_stack *w = &s->in->waits[i];
		if (!w->unlock && w->stack && !is_idle(s, w))
			ledger_add(&all, (enum run_part_kind)w->kind, w->stack, w->ns);
	}
	return all;
}

void
summary_stacks(struct summary *s)
{
	struct ledger all = waits_by_stack(s);
	struct ledger_row *rows;
	int64_t *counts = count_stacks(s);

	for (uint32_t i = 1; i < s->in->stacks->n; i++)
		ledger_add(&all, PART_CPU, i, (int64_t)((double)counts[i] * s->sample_seconds * 1e9));
	size_t n = ledger_rows(&all, s->arena, &rows);
	struct run_trace *t = &s->r->evidence.trace;
	for (size_t i = 0; i < n && i < STACKS_SHOWN; i++) {
		struct run_stack *out = RUN_ADD(s->r, stack, t->stacks, t->n_stacks);
		out->kind = part_kind_name(rows[i].kind);
		out->frames = run_str(s->r, folded(s, rows[i].where, false));
		out->seconds = ns_to_s(rows[i].ns);
	}
	ledger_done(&all);
}

/* ---- files --------------------------------------------------------------------------------- */

static struct export_stack *
cpu_stacks(struct summary *s, size_t *ret_n)
{
	struct export_stack *list = NULL;
	int64_t *counts = count_stacks(s);
	for (uint32_t i = 1; i < s->in->stacks->n; i++)
		if (counts[i])
			*ARENA_PUSH(s->arena, list, *ret_n) = (struct export_stack){ folded(s, i, true), counts[i],
			    (int64_t)((double)counts[i] * s->sample_seconds * 1e9) };
	return list;
}

/* The kind stands at the root, so that a flame graph has one tower for each. */
static struct export_stack *
wait_stacks(struct summary *s, size_t *ret_n)
{
	struct export_stack *list = NULL;
	struct ledger all = waits_by_stack(s);
	struct ledger_row *rows;
	size_t n = ledger_rows(&all, s->arena, &rows);
	for (size_t i = 0; i < n; i++)
		*ARENA_PUSH(s->arena, list, *ret_n) = (struct export_stack){
		    arena_printf(s->arena, "%s;%s", part_kind_name(rows[i].kind),
		        folded(s, rows[i].where, true)), rows[i].ns / NS_PER_US, rows[i].ns };
	ledger_done(&all);
	return list;
}

int
summary_files(struct summary *s, int64_t duration_ns, struct err *e)
{
	size_t n_cpu = 0, n_waits = 0;
	if (!s->r->folder)
		return 0;
	struct export_stack *cpu = cpu_stacks(s, &n_cpu), *waits = wait_stacks(s, &n_waits);
	struct export_profile profile = { .stacks = cpu, .n_stacks = n_cpu,
		.wall_ns = wall_ns() - duration_ns, .duration_ns = duration_ns,
		.period_ns = (int64_t)(s->sample_seconds * 1e9) };
	int code = export_folded(arena_printf(s->arena, "%s/cpu.folded", s->r->folder), cpu, n_cpu, e);
	if (!code)
		code = export_folded(arena_printf(s->arena, "%s/offcpu.folded", s->r->folder), waits,
		    n_waits, e);
	if (!code)
		code = export_pprof(arena_printf(s->arena, "%s/profile.pb.gz", s->r->folder), &profile, e);
	return code;
}

/* SPDX-License-Identifier: MIT */
/* Hot functions, and every stack for the flame graphs. */
#include "trace/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/search.h"
#include "trace/export_folded.h"
#include "trace/export_pprof.h"

#define FUNCTIONS_MAX  160
#define STACKS_SHOWN  1500
#define SPIN_BEFORE   8        /* bytes of code around a sample */
#define SPIN_AFTER    8

/* ---- functions ----------------------------------------------------------------------------- */

struct function {
	const struct frame *frame;
	uint32_t stack;            /* one that it stands in, for its line */
	int64_t self, total;
	int64_t spins;             /* of self */
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

/* The request that a thread was at work for; NOBODY none. */
static uint32_t
span_at(const struct summary *s, uint32_t thread, int64_t at)
{
	const struct thread_log *log = &s->a->threads[thread];
	size_t after = FIRST_WHERE(i, log->n_segments, s->a->segments[log->segments[i]].start >= at);
	const struct segment *g = after ? &s->a->segments[log->segments[after - 1]] : NULL;
	bool inside = g && g->end >= at && g->span != NOBODY && s->a->spans[g->span].end >= at;
	return inside ? g->span : NOBODY;
}

static bool
in_scope(const struct summary *s, enum scope scope, uint32_t thread, int64_t at)
{
	if (scope == SCOPE_ALL)
		return true;
	uint32_t span = s->scopes ? span_at(s, thread, at) : NOBODY;
	return span != NOBODY && s->scopes[span] == scope;
}

static int64_t *
count_stacks(struct summary *s, enum scope scope)
{
	struct tape *t = s->a->tape;
	int64_t *counts = arena_alloc(s->arena, (s->in->stacks->n + 1) * sizeof(*counts));
	for (size_t i = 0; i < t->n_samples; i++)
		counts[t->samples[i].stack] += in_scope(s, scope, t->samples[i].thread,
		    t->samples[i].time);
	return counts;
}

static int
by_total(const void *left, const void *right)
{
	const struct function *l = left, *r = right;
	int64_t a = l->self * 2 + l->total, b = r->self * 2 + r->total;
	return a > b ? -1 : a < b;
}

/* A loop that only waits for another CPU says so to its own: x86's pause ("Intel 64 and IA-32
 * Architectures Software Developer's Manual", volume 2), two bytes near where the sample was. */
static bool
is_spinning(struct summary *s, uint32_t stack)
{
	const struct frame *leaf = stacks_frame(s->in->stacks, stack, 0);
	uint8_t code[SPIN_BEFORE + SPIN_AFTER];

#ifndef __x86_64__
	return false;
#endif
	if (!leaf->ip || !leaf->language || strcmp(leaf->language, "native") != 0 ||
	    !symbols_code(s->in->symbols, s->in->stacks->items[stack].pid, leaf->ip, SPIN_BEFORE, SPIN_AFTER,
	    code))
		return false;
	for (size_t i = 0; i + 1 < sizeof(code); i++)
		if (code[i] == 0xf3 && code[i + 1] == 0x90)
			return true;
	return false;
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
	out->spinning = f->self ? (double)f->spins / (double)f->self : 0;
	out->application = frame->application;
}

/* Half of the places are kept for the application: under an engine many functions of the runtime
 * stand in every stack and would take them all. */
static void
list_functions(struct summary *s, struct functions *f, double samples)
{
	size_t own = 0, others = 0;
	for (size_t i = 0; i < f->n; i++)
		own += f->items[i].frame->application;
	own = own < FUNCTIONS_MAX / 2 ? own : FUNCTIONS_MAX / 2;
	for (size_t i = 0; i < f->n && own + others < FUNCTIONS_MAX; i++)
		others += !f->items[i].frame->application;
	own = FUNCTIONS_MAX - others;
	for (size_t i = 0; i < f->n; i++) {
		size_t *left = f->items[i].frame->application ? &own : &others;
		if (*left && (*left)--)
			add_function(s, &f->items[i], samples);
	}
}

void
summary_functions(struct summary *s)
{
	struct stacks *stacks = s->in->stacks;
	struct functions f = { 0 };
	int64_t *counts = count_stacks(s, SCOPE_ALL), rooted = 0, n = (int64_t)s->a->tape->n_samples;

	for (uint32_t i = 1; i < stacks->n; i++) {
		rooted += stacks->items[i].rooted ? counts[i] : 0;
		for (size_t j = 0; counts[i] && j < stacks->items[i].n; j++) {
			struct function *at = function_of(s, &f, i, stacks_frame(stacks, i, j));
			at->self += j ? 0 : counts[i];
			at->spins += j || !is_spinning(s, i) ? 0 : counts[i];
			at->total += at->counted == i + 1 ? 0 : counts[i];
			at->counted = i + 1;
		}
	}
	sort_list(f.items, f.n, sizeof(*f.items), by_total);
	list_functions(s, &f, (double)n);
	map_done(&f.ids);
	struct run_trace *t = &s->r->evidence.trace;
	t->samples = n;
	if (n)
		t->unwound = (double)rooted / (double)n;
	if (stacks->user_frames)
		t->symbolised = (double)stacks->user_named / (double)stacks->user_frames;
}

/* ---- stacks -------------------------------------------------------------------------------- */

/* Stacks by what they read as: the same functions at other addresses are one. Their texts are long: none
 * is kept twice, and none longer than its towers. */
struct tower { enum run_part_kind kind; const char *frames; int64_t count, ns[SCOPES]; };
struct towers {
	struct map ids;
	struct tower *items; size_t n;
	struct arena *arena;
	struct buf text;           /* of one, behind its kind */
};

static void
towers_begin(struct towers *t)
{
	*t = (struct towers){ .arena = arena_new(), .text.cap_bytes = 16384 };
}

static void
towers_end(struct towers *t)
{
	map_done(&t->ids);
	arena_free(t->arena);
	buf_done(&t->text);
}

/* "root;caller;leaf", for files with " (file:line)" behind each frame whose source is known. */
static void
fold(struct summary *s, uint32_t stack, bool lines, struct buf *b)
{
	for (size_t i = s->in->stacks->items[stack].n; i-- > 0; ) {
		const struct frame *f = stacks_frame(s->in->stacks, stack, i);
		size_t at = b->size;
		buf_puts(b, f->name);
		if (lines && f->file)
			buf_printf(b, " (%s:%d)", f->file, f->line);
		for (; at < b->size; at++)
			if (b->data[at] == ';' || b->data[at] == '\n')
				b->data[at] = ':';
		if (i)
			buf_putc(b, ';');
	}
}

/* Waits at futexes and clocks outside requests are idle workers and timers. */
bool
summary_is_idle(const struct summary *s, const struct wait_stack *w)
{
	return !w->task && (w->kind == PART_LOCK || w->kind == PART_SLEEP) &&
	    span_at(s, w->thread, w->at) == NOBODY;
}

static struct tower *
tower_of(struct summary *s, struct towers *t, enum run_part_kind kind, uint32_t stack, bool lines)
{
	bool new;
	buf_clear(&t->text);
	buf_putc(&t->text, (char)('a' + (int)kind));
	fold(s, stack, lines, &t->text);
	uint64_t *at = map_at(&t->ids, buf_text(&t->text), t->text.size, &new);
	if (new) {
		*at = t->n;
		*ARENA_PUSH(t->arena, t->items, t->n) = (struct tower){ .kind = kind,
			.frames = arena_strdup(t->arena, buf_text(&t->text) + 1) };
	}
	return &t->items[*at];
}

static void
tower_add(struct tower *t, enum scope scope, int64_t count, int64_t ns)
{
	t->count += scope == SCOPE_ALL ? count : 0;
	t->ns[scope] += ns;
}

static void
add_cpu(struct summary *s, struct towers *t, enum scope scope, bool lines)
{
	int64_t *counts = count_stacks(s, scope);
	for (uint32_t i = 1; i < s->in->stacks->n; i++)
		if (counts[i])
			tower_add(tower_of(s, t, PART_CPU, i, lines), scope, counts[i],
			    (int64_t)((double)counts[i] * s->sample_seconds * 1e9));
}

/* Waiting of the requests' threads. */
static void
add_waits(struct summary *s, struct towers *t, enum scope scope, bool lines)
{
	struct ledger all = { 0 };
	struct ledger_row *rows;
	for (size_t i = 0; i < s->in->n_waits; i++) {
		const struct wait_stack *w = &s->in->waits[i];
		if (!w->unlock && w->stack && w->kind != PART_NONE && !summary_is_idle(s, w) &&
		    in_scope(s, scope, w->thread, w->at))
			ledger_add(&all, (enum run_part_kind)w->kind, w->stack, w->ns);
	}
	size_t n = ledger_rows(&all, s->arena, &rows);
	for (size_t i = 0; i < n; i++)
		tower_add(tower_of(s, t, rows[i].kind, rows[i].where, lines), scope, rows[i].ns / NS_PER_US,
		    rows[i].ns);
	ledger_done(&all);
}

static int
highest_first(const void *left, const void *right)
{
	const struct tower *l = left, *r = right;
	int64_t a = l->ns[SCOPE_ALL], b = r->ns[SCOPE_ALL];
	return a > b ? -1 : a < b;
}

void
summary_stacks(struct summary *s)
{
	struct towers towers;
	struct run_trace *t = &s->r->evidence.trace;
	int64_t sums[SCOPES] = { 0 };

	towers_begin(&towers);
	for (enum scope scope = SCOPE_ALL; scope < SCOPES; scope++) {
		add_cpu(s, &towers, scope, false);
		add_waits(s, &towers, scope, false);
	}
	for (size_t i = 0; i < towers.n; i++)
		for (enum scope scope = SCOPE_ALL; scope < SCOPES; scope++)
			sums[scope] += towers.items[i].ns[scope];
	sort_list(towers.items, towers.n, sizeof(*towers.items), highest_first);
	for (size_t i = 0; i < towers.n && i < STACKS_SHOWN; i++) {
		const struct tower *from = &towers.items[i];
		struct run_stack *out = RUN_ADD(s->r, stack, t->stacks, t->n_stacks);
		out->kind = part_kind_name(from->kind);
		out->frames = run_str(s->r, from->frames);
		out->seconds = ns_to_s(from->ns[SCOPE_ALL]);
		if (!sums[SCOPE_SLOW] || !sums[SCOPE_REST] ||
		    !(from->ns[SCOPE_SLOW] || from->ns[SCOPE_REST]))
			continue;
		out->slow = (double)from->ns[SCOPE_SLOW] / (double)sums[SCOPE_SLOW];
		out->rest = (double)from->ns[SCOPE_REST] / (double)sums[SCOPE_REST];
	}
	towers_end(&towers);
}

/* ---- files --------------------------------------------------------------------------------- */

/* Of waits the kind stands at the root, so that a flame graph has one tower for each. */
static struct export_stack *
exported(struct towers *t)
{
	struct export_stack *list = arena_alloc(t->arena, (t->n + 1) * sizeof(*list));
	for (size_t i = 0; i < t->n; i++) {
		const struct tower *from = &t->items[i];
		list[i] = (struct export_stack){ from->kind == PART_CPU ? from->frames :
		    arena_printf(t->arena, "%s;%s", part_kind_name(from->kind), from->frames),
		    from->count, from->ns[SCOPE_ALL] };
	}
	return list;
}

int
summary_files(struct summary *s, int64_t duration_ns, struct err *e)
{
	struct towers cpu, waits;
	if (!s->r->folder)
		return 0;
	towers_begin(&cpu);
	towers_begin(&waits);
	add_cpu(s, &cpu, SCOPE_ALL, true);
	add_waits(s, &waits, SCOPE_ALL, true);
	struct export_stack *stacks = exported(&cpu), *off = exported(&waits);
	struct export_profile profile = { .stacks = stacks, .n_stacks = cpu.n,
		.wall_ns = wall_ns() - duration_ns, .duration_ns = duration_ns,
		.period_ns = (int64_t)(s->sample_seconds * 1e9) };
	int code = export_folded(arena_printf(s->arena, "%s/cpu.folded", s->r->folder), stacks, cpu.n,
	    e);
	if (!code)
		code = export_folded(arena_printf(s->arena, "%s/offcpu.folded", s->r->folder), off, waits.n,
		    e);
	if (!code)
		code = export_pprof(arena_printf(s->arena, "%s/profile.pb.gz", s->r->folder), &profile, e);
	towers_end(&cpu);
	towers_end(&waits);
	return code;
}

/* SPDX-License-Identifier: MIT */
#include "trace/proc_states.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/same.h"
#include "trace/proc_wait.h"
#include "trace/summary.h"

#define KINDS_MAX    8192      /* of waits told apart by stack */
#define STACK_BYTES  4096
#define SHARE_MIN    0.02      /* of a thread: less is left out */

struct seen {                  /* a wait, with where it comes from */
	int pid, tid;
	uint32_t name, stack;      /* texts of the tape, stacks of the intake */
	uint64_t key;
	uint8_t kind, unsure;
	int64_t times;
};

struct proc_states {
	struct intake *in;
	struct proc_sockets *sockets;
	struct arena *arena;
	struct map ids;
	struct seen *items;        size_t n;
};

struct proc_states *
proc_states_new(struct intake *in)
{
	struct proc_states *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->in = in;
	s->sockets = proc_sockets_new();
	s->arena = arena_new();
	return s;
}

void
proc_states_free(struct proc_states *s)
{
	if (!s)
		return;
	proc_sockets_free(s->sockets);
	map_done(&s->ids);
	arena_free(s->arena);
	free(s);
}

/* The callers of a sleeping thread: its stack stands still. */
static uint32_t
stack_of(struct proc_states *s, int pid, const struct proc_call *call)
{
	uint8_t copy[STACK_BYTES];
	uint64_t ips[STACK_FRAMES_MAX];
	struct iovec here = { copy, sizeof(copy) }, there = { (void *)(uintptr_t)call->sp, sizeof(copy) };
	struct symbol_regs regs = { .ip = call->pc, .sp = call->sp };
	bool rooted = false;

	ssize_t size = process_vm_readv(pid, &here, 1, &there, 1, 0);
	if (size <= 0)
		return 0;
	size_t n = symbols_unwind(s->in->symbols, pid, &regs, copy, (size_t)size, ips, STACK_FRAMES_MAX, &rooted);
	return stacks_add(s->in->stacks, pid, NULL, 0, ips, n, NULL, 0, rooted);
}

bool
proc_states_add(struct proc_states *s, int pid, int tid, const struct proc_call *call, char state,
    size_t stands_for, int64_t now)
{
	struct proc_wait w = proc_wait_of(s->sockets, pid, call, state, now);
	bool new;

	if (w.kind == PART_NONE)
		return false;
	struct { int pid; uint32_t name, stack; uint64_t key; uint8_t kind, unsure; } id;
	memset(&id, 0, sizeof(id));
	id.pid = pid;
	id.name = tape_name(s->in->tape, w.where);
	id.stack = s->n < KINDS_MAX ? stack_of(s, pid, call) : 0;
	id.key = w.key;
	id.kind = (uint8_t)w.kind;
	id.unsure = w.unsure;
	if (s->n >= KINDS_MAX && !map_find(&s->ids, &id, sizeof(id)))
		return !w.unsure;
	uint64_t *at = map_at(&s->ids, &id, sizeof(id), &new);
	if (new) {
		*at = s->n;
		*ARENA_PUSH(s->arena, s->items, s->n) = (struct seen){ .pid = pid, .tid = tid, .name = id.name,
			.stack = id.stack, .key = w.key, .kind = id.kind, .unsure = id.unsure };
	}
	s->items[*at].times += (int64_t)stands_for;
	return !w.unsure;
}

/* ---- names --------------------------------------------------------------------------------- */

static const char *
data_name(struct proc_states *s, const struct seen *i)
{
	const char *name = symbols_data_name(s->in->symbols, i->pid, i->key);
	return name && !strncmp(name, "_PyRuntime", 10) ? "Python GIL" : name;
}

static bool
is_java(const struct frame *f)
{
	return f->language && !strcmp(f->language, "java");
}

static bool
runs_java(const struct proc_states *s, uint32_t stack)
{
	bool java = false;
	for (size_t k = 0; k < s->in->stacks->items[stack].n; k++)
		java |= is_java(stacks_frame(s->in->stacks, stack, k));
	return java;
}

/* An unsure futex is what the first function of its stack says that says anything. The machine of Java waits at
 * conditions for all that Java waits for: there its methods are asked, and who is in none that parks waits for
 * a monitor. */
static enum run_part_kind
kind_of(struct proc_states *s, const struct seen *i, const char *name)
{
	enum run_part_kind kind = PART_OTHER;
	bool java = runs_java(s, i->stack), parks = false;

	if (!i->unsure || (name && !strcmp(name, "Python GIL")))
		return (enum run_part_kind)i->kind;
	for (size_t k = 0; kind == PART_OTHER && k < s->in->stacks->items[i->stack].n; k++) {
		const struct frame *f = stacks_frame(s->in->stacks, i->stack, k);
		if (java && !is_java(f))
			continue;
		parks |= strstr(f->name, "Unsafe.park") != NULL;
		kind = proc_wait_named(f->name);
	}
	if (kind == PART_LOCK || kind == PART_SLEEP)
		return kind;
	return kind == PART_OTHER && java && !parks ? PART_LOCK : PART_NONE;
}

static const char *
lock_name(struct proc_states *s, struct run *r, const struct seen *i, const char *name)
{
	if (name)
		return name;
	const struct frame *own = stacks_own_frame(s->in->stacks, i->stack);
	return own ? run_printf(r, "lock in %s", own->name) : "unnamed lock";
}

/* ---- the record ---------------------------------------------------------------------------- */

struct run_state *
proc_state(struct run *r, enum run_part_kind kind, const char *where)
{
	struct run_trace *t = &r->evidence.trace;

	for (size_t i = 0; i < t->n_states; i++)
		if (t->states[i].kind == kind && text_same(t->states[i].where, where))
			return &t->states[i];
	struct run_state *s = RUN_ADD(r, state, t->states, t->n_states);
	s->kind = kind;
	s->where = run_str(r, where);
	s->threads = 0;
	return s;
}

static void
add_stack(struct proc_states *s, const struct seen *i, enum run_part_kind kind, double seconds)
{
	if (!i->stack)
		return;
	*ARENA_PUSH(s->in->tape->arena, s->in->waits, s->in->n_waits) = (struct wait_stack){ .key = i->key,
		.ns = (int64_t)(1e9 * seconds), .kind = (uint8_t)kind, .stack = i->stack,
		.thread = tape_thread(s->in->tape, i->pid, i->tid) };
}

static void
add_wait(struct run *r, const struct run_state *of, double seconds)
{
	struct run_trace *t = &r->evidence.trace;
	struct run_wait *w = RUN_ADD(r, wait, t->waits, t->n_waits);

	w->kind = of->kind;
	w->where = of->where;
	w->seconds = of->threads * seconds;
	w->mean_waiters = of->threads;
}

static int
most_first(const void *left, const void *right)
{
	const struct run_state *l = left, *r = right;
	return l->threads > r->threads ? -1 : l->threads < r->threads;
}

static bool
same_place(const struct seen *a, const struct seen *b)
{
	bool peer = b->kind == PART_NET || b->kind == PART_DB || b->kind == PART_CACHE;
	return peer && b->name && a->pid == b->pid && a->stack == b->stack;
}

/* A connection that lives more shortly than it takes to look up is a server nobody knows. What is waited for at
 * the same place in the code is taken for what could be looked up there. */
static void
share_unknown(struct proc_states *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct seen *lost = &s->items[i];
		int64_t known = 0;
		if (lost->kind != PART_OTHER || !lost->stack)
			continue;
		for (size_t k = 0; k < s->n; k++)
			known += same_place(lost, &s->items[k]) ? s->items[k].times : 0;
		for (size_t k = 0; known && k < s->n; k++)
			if (same_place(lost, &s->items[k]))
				s->items[k].times += lost->times * s->items[k].times / known;
		lost->times = known ? 0 : lost->times;
	}
}

void
proc_states_fill(struct proc_states *s, struct run *r, int64_t looks, double seconds)
{
	share_unknown(s);
	for (size_t k = 0; k < s->n && looks > 0; k++) {
		const struct seen *i = &s->items[k];
		const char *lock = i->kind == PART_LOCK ? data_name(s, i) : NULL;
		enum run_part_kind kind = kind_of(s, i, lock);
		if (kind == PART_NONE)
			continue;
		const char *where = kind == PART_LOCK ? lock_name(s, r, i, lock) : tape_text(s->in->tape, i->name);
		double threads = (double)i->times / (double)looks;
		proc_state(r, kind, where)->threads += threads;
		add_stack(s, i, kind, threads * seconds);
	}
}

void
proc_states_settle(struct run *r, double seconds)
{
	struct run_trace *t = &r->evidence.trace;
	size_t kept = 0;

	sort_list(t->states, t->n_states, sizeof(*t->states), most_first);
	for (size_t i = 0; i < t->n_states; i++)
		if (t->states[i].threads >= SHARE_MIN)
			t->states[kept++] = t->states[i];
	t->n_states = kept;
	for (size_t i = 0; i < t->n_states; i++)
		if (t->states[i].kind == PART_LOCK)
			add_wait(r, &t->states[i], seconds);
}

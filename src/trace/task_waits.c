/* SPDX-License-Identifier: MIT */
#include "trace/task_waits.h"

#include <stdio.h>
#include <string.h>

#include "base/search.h"
#include "trace/intake.h"
#include "trace/proc_states.h"

/* Keys of this kind are no addresses. */
#define SITE_MARK (UINT64_C(1) << 59)
#define KIND_SHIFT 32          /* above the name */

enum { KINDS_MAX = 32 };

/* ---- locks ---------------------------------------------------------------------------------- */

static uint32_t
lock_of(struct assembly *a, struct map *ids, int pid, uint64_t key)
{
	struct { uint64_t key; int64_t pid; } id = { key, pid };
	bool new;
	uint64_t *at = map_at(ids, &id, sizeof(id), &new);
	if (new) {
		*at = a->n_locks;
		*ARENA_PUSH(a->arena, a->locks, a->n_locks) = (struct lock){ .key = key, .pid = pid,
			.woken = 1 };
	}
	return (uint32_t)*at + 1;
}

/* One number for all waits of a kind in one function: who holds a lock may sleep in the function that takes it. */
static uint64_t
site_key(struct intake *in, const struct tape_wait *w)
{
	const struct frame *own = stacks_own_frame(in->stacks, w->stack);
	return SITE_MARK | (uint64_t)w->kind << KIND_SHIFT | tape_name(in->tape, own ? own->name : "?");
}

static uint32_t
site_name(struct intake *in, uint32_t stack, const char *what)
{
	char text[256];
	const struct frame *own = stacks_own_frame(in->stacks, stack);
	snprintf(text, sizeof(text), "%s in %s", what, own ? own->name : "?");
	return tape_name(in->tape, text);
}

static uint32_t
queue_name(struct intake *in, uint32_t stack)
{
	bool pool = stacks_contains(in->stacks, stack, "database/sql.(*DB).conn");
	return site_name(in, stack, pool ? "connection pool" : "channel");
}

void
task_waits_settle(struct intake *in, struct assembly *a, int64_t period)
{
	struct tape *t = in->tape;
	struct map ids = { 0 };
	for (size_t i = 0; i < t->n_task_waits; i++) {
		struct tape_wait *w = &t->task_waits[i];
		uint64_t key = site_key(in, w);
		if (w->kind == PART_LOCK)
			w->where = lock_of(a, &ids, w->pid, key);
		else if (w->kind == PART_QUEUE)
			w->where = queue_name(in, w->stack);
		*ARENA_PUSH(t->arena, in->waits, in->n_waits) = (struct wait_stack){ .key = key,
			.ns = period * w->weight, .at = w->time, .kind = w->kind, .stack = w->stack,
			.thread = w->thread, .task = true };
	}
	map_done(&ids);
}

void
task_waits_states(struct intake *in, struct run *r, int64_t looks)
{
	struct tape *t = in->tape;
	for (size_t i = 0; i < t->n_task_waits && looks > 0; i++) {
		const struct tape_wait *w = &t->task_waits[i];
		uint32_t where = w->kind == PART_LOCK ? site_name(in, w->stack, "lock") :
		    w->kind == PART_QUEUE ? queue_name(in, w->stack) : 0;
		proc_state(r, (enum run_part_kind)w->kind, where ? tape_text(t, where) : NULL)->threads +=
		    (double)w->weight / (double)looks;
	}
}

/* ---- painting ------------------------------------------------------------------------------- */

static size_t
first_at(const struct tape *t, int64_t from)
{
	return FIRST_WHERE(i, t->n_task_waits, t->task_waits[i].time >= from);
}

struct share { uint8_t kind; uint32_t where; int64_t weight; };

static size_t
count_shares(const struct tape *t, int pid, int64_t from, int64_t to, struct share *shares,
    int64_t *ret_sum)
{
	size_t n = 0;
	*ret_sum = 0;
	for (size_t i = first_at(t, from); i < t->n_task_waits && t->task_waits[i].time < to; i++) {
		const struct tape_wait *w = &t->task_waits[i];
		size_t k = 0;
		if (w->pid != pid)
			continue;
		while (k < n && (shares[k].kind != w->kind || shares[k].where != w->where))
			k++;
		if (k == KINDS_MAX)
			continue;
		if (k == n)
			shares[n++] = (struct share){ w->kind, w->where, 0 };
		shares[k].weight += w->weight;
		*ret_sum += w->weight;
	}
	return n;
}

static void
paint_share(struct canvas *c, const struct share *s, int64_t from, int64_t to)
{
	ledger_add(&c->ledger, (enum run_part_kind)s->kind, s->where, to - from);
	if (s->kind != PART_SLEEP)
		canvas_wait(c, from, to, (enum run_part_kind)s->kind, s->where, NOBODY, NOBODY);
}

/* Shorter waits than the time between two samples: the nearest samples tell. */
static size_t
shares_in(const struct assembly *a, int pid, int64_t from, int64_t to, struct share *shares, int64_t *ret_sum)
{
	int64_t wide = to - from < TASK_WAIT_PERIOD_NS ? TASK_WAIT_PERIOD_NS : 0;

	return a->tape->n_task_waits && from < to ?
	    count_shares(a->tape, pid, from - wide, to + wide, shares, ret_sum) : 0;
}

bool
task_waits_paint(const struct assembly *a, int pid, int64_t from, int64_t to, struct canvas *c)
{
	struct share shares[KINDS_MAX];
	int64_t sum, at = from;
	size_t n = shares_in(a, pid, from, to, shares, &sum);

	for (size_t i = 0; i < n; i++) {
		int64_t until = i + 1 == n ? to :
		    at + (int64_t)((double)(to - from) * (double)shares[i].weight / (double)sum);
		paint_share(c, &shares[i], at, until);
		at = until;
	}
	return n > 0;
}

bool
task_waits_paint_lock(const struct assembly *a, int pid, int64_t from, int64_t to, struct canvas *c)
{
	struct share shares[KINDS_MAX], lock = { 0 };
	int64_t sum;
	size_t n = shares_in(a, pid, from, to, shares, &sum);

	for (size_t i = 0; i < n; i++)
		if (shares[i].kind == PART_LOCK && shares[i].weight > lock.weight)
			lock = shares[i];
	if (!lock.weight || 2 * lock.weight < sum)
		return false;
	paint_share(c, &lock, from, to);
	return true;
}

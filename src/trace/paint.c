/* SPDX-License-Identifier: MIT */
#include "trace/paint_int.h"

#include <stdlib.h>

#include "base/search.h"

#define HOLDER_DEPTH_MAX 16
#define PAUSE_MARGIN_NS  1000000 /* a wait that is for a pause begins and ends this near to it */
#define AT_QUEUE_MAX     0.1     /* of a task's wait: the thread that takes it was at the queue, and not idle */
#define SQL_NESTING_MAX  64    /* executions that may end after the stretch and yet overlap it */

/* ---- ledger -------------------------------------------------------------------------------- */

struct ledger_key { uint32_t kind, where; };

void
ledger_add(struct ledger *l, enum run_part_kind kind, uint32_t where, int64_t ns)
{
	struct ledger_key key = { kind, where };
	if (ns)
		*map_at(&l->rows, &key, sizeof(key), NULL) += (uint64_t)ns;
}

static struct ledger_row
row_of(const struct map_slot *slot)
{
	const struct ledger_key *key = slot->key;
	return (struct ledger_row){ (enum run_part_kind)key->kind, key->where, (int64_t)slot->value };
}

void
ledger_add_all(struct ledger *to, const struct ledger *from)
{
	size_t at = 0;
	for (const struct map_slot *s; (s = map_next(&from->rows, &at)); ) {
		struct ledger_row row = row_of(s);
		ledger_add(to, row.kind, row.where, row.ns);
	}
}

static int
largest_first(const void *left, const void *right)
{
	const struct ledger_row *l = left, *r = right;
	if (l->ns != r->ns)
		return l->ns > r->ns ? -1 : 1;
	if (l->kind != r->kind)
		return l->kind < r->kind ? -1 : 1;
	return l->where < r->where ? -1 : l->where > r->where;
}

size_t
ledger_rows(const struct ledger *l, struct arena *arena, struct ledger_row **ret)
{
	struct ledger_row *rows = arena_alloc(arena, (l->rows.count + 1) * sizeof(*rows));
	size_t n = 0, at = 0;
	for (const struct map_slot *s; (s = map_next(&l->rows, &at)); )
		rows[n++] = row_of(s);
	qsort(rows, n, sizeof(*rows), largest_first);
	*ret = rows;
	return n;
}

void
ledger_done(struct ledger *l)
{
	map_done(&l->rows);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct stretch {
	const struct assembly *a;
	struct canvas *canvas;
	uint32_t thread, resolve;
	int depth;
	int64_t from, to;
	int64_t off;               /* not on CPU */
	int64_t in_sql;            /* of that, inside statements, without waiting for a CPU */
	int64_t queued_in_sql;
};

static void paint_stretch(struct stretch *s);

static void
note_wait(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	if (!s->canvas->arena)
		return;
	uint32_t holder = off->flags & OFF_BY_FUTEX ? tape_thread_by_tid(s->a->tape, off->value) : NOBODY;

	canvas_wait(s->canvas, from, to, PART_LOCK, off->name, holder, NOBODY);
}

/* A wait for a lock whose holder is asked for: what did the holder do then? */
static bool
follow_holder(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	if (!s->resolve || off->name != s->resolve || s->depth >= HOLDER_DEPTH_MAX)
		return false;
	uint32_t holder = off->flags & OFF_BY_FUTEX ? tape_thread_by_tid(s->a->tape, off->value) : NOBODY;
	if (holder == NOBODY || holder == s->thread)
		return false;
	struct stretch inner = { .a = s->a, .canvas = s->canvas, .thread = holder,
		.resolve = s->resolve, .depth = s->depth + 1, .from = from, .to = to };
	paint_stretch(&inner);
	return true;
}

static enum run_part_kind
part_painted(const struct assembly *a, const struct rec *off)
{
	enum run_part_kind part = off_part(off);
	if (part == PART_LOCK && off->name && !(off->flags & OFF_BY_FUTEX) &&
	    !a->locks[off->name - 1].woken)
		return PART_SLEEP;
	return part == PART_NONE ? PART_OTHER : part;
}

/* ---- tasks --------------------------------------------------------------------------------- */

/* What a thread waited for work in a stretch: how long, and when it last came out of that, 0: it was at work all the
 * time. */
struct idle { int64_t ns, end; };

static struct idle
idle_in(const struct assembly *a, uint32_t thread, int64_t from, int64_t to)
{
	const struct thread_log *log = &a->threads[thread];
	struct idle idle = { 0 };
	for (size_t i = tape_first_after(a->tape, log->off, log->n_off, from); i < log->n_off; i++) {
		const struct rec *off = tape_at(a->tape, log->off[i]);
		if (off->from >= to)
			break;
		if (off_part(off) != PART_NONE || off->flags & OFF_PREEMPTED)
			continue;
		idle.ns += overlap(off->from, off->ts, from, to);
		idle.end = off->at && off->at < to ? off->at : off->ts < to ? off->ts : to;
	}
	return idle;
}

/* A thread handed a result over at `begun` and was free for the next task at `free_at`: was that one waiting? Who finds
 * it in the queue may have to wait there a moment for another one who looks. */
static bool
was_in_queue(const struct assembly *a, uint32_t worker, int64_t from, int64_t begun, int64_t free_at)
{
	return begun > from && (begun > free_at ||
	    (double)idle_in(a, worker, begun, free_at).ns < AT_QUEUE_MAX * (double)(free_at - from));
}

/* [from, to] is before the one that brings the result had work: a peer that it is read from was waited for. */
static void
paint_before_task(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	const struct call *c = off->task ? &s->a->calls[off->task - 1] : NULL;
	int64_t out = c ? overlap(c->start, c->end, from, to) : 0;
	if (c)
		ledger_add(&s->canvas->ledger, (enum run_part_kind)c->kind, call_where(c), out);
	ledger_add(&s->canvas->ledger, PART_OTHER, 0, to - from - out);
}

static void
paint_worker(struct stretch *s, uint32_t worker, int64_t from, int64_t to)
{
	struct stretch inner = { .a = s->a, .canvas = s->canvas, .thread = worker,
		.depth = s->depth + 1, .from = from, .to = to };
	if (from < to)
		paint_stretch(&inner);
}

/* The call before this one of the same request and worker that was out after `from`; NULL: there is none. */
static const struct call *
call_before(const struct assembly *a, const struct call *c, int64_t from)
{
	const struct call *before = c;
	do
		before = before->next == NOBODY ? NULL : &a->calls[before->next];
	while (before && before->thread != c->thread);
	return before && before->end > from ? before : NULL;
}

/* It executes a task and waits for peers' answers itself, in whichever calls; `c`: the last of them. */
static void
paint_asking(struct stretch *s, uint32_t worker, const struct call *c, int64_t from, int64_t to)
{
	for (; c; c = call_before(s->a, c, from)) {
		int64_t out = c->start > from ? c->start : from, back = c->end < to ? c->end : to;
		if (out >= back)
			continue;
		paint_worker(s, worker, back, to);
		ledger_add(&s->canvas->ledger, (enum run_part_kind)c->kind, call_where(c), back - out);
		to = out;
	}
	paint_worker(s, worker, from, to);
}

/* When the worker began to ask for the task whose last call this is. */
static int64_t
first_asked(const struct assembly *a, const struct call *c, int64_t from)
{
	int64_t first = c->start;
	while ((c = call_before(a, c, from)))
		first = c->start;
	return first;
}

/* The thread waits for the result of a task. Until the one that executes it was free, the task was in
 * the executor's queue; from then on it was that thread's work. */
static bool
paint_task(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	uint32_t worker = tape_thread_by_tid(s->a->tape, off->value);
	if (!(off->flags & OFF_FOR_TASK) || worker == NOBODY || worker == s->thread ||
	    s->depth >= HOLDER_DEPTH_MAX)
		return false;
	const struct call *c = off->task ? &s->a->calls[off->task - 1] : NULL;
	bool asks = c && c->thread == worker;
	int64_t asked = asks ? first_asked(s->a, c, from) : to;
	int64_t free_at = idle_in(s->a, worker, from, asked < to ? asked : to).end;
	int64_t begun = tape_last_handoff(s->a->tape, off->value, off->at ? off->at : off->ts);
	bool queued = (!c || asks) ? was_in_queue(s->a, worker, from, begun, free_at) : begun > free_at && begun > from;
	int64_t start = queued && begun > free_at ? begun : free_at > from ? free_at : from;
	if (start > to)
		start = to;
	if (queued) {
		uint32_t where = tape_name(s->a->tape, "executor");
		canvas_wait(s->canvas, from, start, PART_QUEUE, where, worker, NOBODY);
		ledger_add(&s->canvas->ledger, PART_QUEUE, where, start - from);
	} else {
		paint_before_task(s, off, from, start);
	}
	if (asks)
		paint_asking(s, worker, c, start, to);
	else
		paint_worker(s, worker, start, to);
	return true;
}

static void
paint_lock_wait(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	if (to <= from || paint_task(s, off, from, to))
		return;
	note_wait(s, off, from, to);
	if (!follow_holder(s, off, from, to))
		ledger_add(&s->canvas->ledger, PART_LOCK, off->name, to - from);
}

/* Whoever asks for a collection, or is the last to stop for one, waits a little longer than it lasts. */
static bool
is_for_pause(const struct rec *off, const struct pause *p)
{
	return p && p->from < off->ts && off->from > p->from - PAUSE_MARGIN_NS &&
	    off->ts < p->to + PAUSE_MARGIN_NS;
}

/* A thread that waits for a lock while the collector has stopped everybody waits for the collector. */
static void
paint_lock(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	const struct pauses *pauses = &s->a->tape->pauses;
	int pid = s->a->tape->threads[s->thread].pid;
	if (is_for_pause(off, pauses_after(pauses, pid, off->from))) {
		ledger_add(&s->canvas->ledger, PART_GC, 0, to - from);
		return;
	}
	for (const struct pause *p; from < to && (p = pauses_after(pauses, pid, from)) && p->from < to; ) {
		int64_t stopped = p->from > from ? p->from : from, goes_on = p->to < to ? p->to : to;
		paint_lock_wait(s, off, from, stopped);
		ledger_add(&s->canvas->ledger, PART_GC, 0, goes_on - stopped);
		from = goes_on;
	}
	paint_lock_wait(s, off, from, to);
}

/* Nobody could bring work to a thread that waits for it while the collector had stopped everybody. */
static void
paint_idle(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	int pid = s->a->tape->threads[s->thread].pid;
	int64_t stopped = 0, at = from;
	for (const struct pause *p; at < to && (p = pauses_after(&s->a->tape->pauses, pid, at)) &&
	    p->from < to; at = p->to)
		stopped += overlap(p->from, p->to, at, to);
	ledger_add(&s->canvas->ledger, PART_GC, 0, stopped);
	ledger_add(&s->canvas->ledger, PART_OTHER, off->name, to - from - stopped);
}

static void
paint_blocked(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	enum run_part_kind part = part_painted(s->a, off);
	if (to <= from)
		return;
	if (off_part(off) != PART_NONE)
		s->canvas->blocked += to - from;
	if (off->flags & OFF_IN_SQL)
		s->in_sql += to - from;
	else if (part == PART_LOCK)
		paint_lock(s, off, from, to);
	else if (off_part(off) == PART_NONE)
		paint_idle(s, off, from, to);
	else
		ledger_add(&s->canvas->ledger, part, part == PART_SLEEP ? 0 : off->name, to - from);
}

static void
paint_off(struct stretch *s, const struct rec *off)
{
	int64_t from = off->from > s->from ? off->from : s->from;
	int64_t to = off->ts < s->to ? off->ts : s->to;
	if (to <= from)
		return;
	s->off += to - from;
	int64_t woken = off->flags & OFF_PREEMPTED ? off->from : off->at ? off->at : off->ts;
	woken = woken < from ? from : woken > to ? to : woken;
	paint_blocked(s, off, from, woken);
	ledger_add(&s->canvas->ledger, PART_RUNQUEUE, 0, to - woken);
	if (off->flags & OFF_IN_SQL)
		s->queued_in_sql += to - woken;
}

/* Statements: their busy time, spread evenly over each execution, is taken from what would be
 * CPU; what was blocked inside them is already left out. */
static int64_t
paint_statements(struct stretch *s, int64_t cpu)
{
	const struct thread_log *log = &s->a->threads[s->thread];
	int64_t budget = cpu + s->in_sql, spent = 0;
	size_t after = 0;
	for (size_t i = tape_first_after(s->a->tape, log->sql, log->n_sql, s->from);
	    i < log->n_sql && after < SQL_NESTING_MAX; i++) {
		const struct rec *r = tape_at(s->a->tape, log->sql[i]);
		int64_t whole = r->ts - r->from, inside = overlap(r->from, r->ts, s->from, s->to);
		after += r->ts > s->to;
		if (!inside || whole <= 0)
			continue;
		double part = (double)inside / (double)whole;
		int64_t busy = inside == whole ? r->at : (int64_t)((double)r->at * part);
		busy = busy < budget - spent ? busy : budget - spent;
		ledger_add(&s->canvas->ledger, PART_DB, r->name, busy);
		spent += busy;
	}
	return budget - spent;
}

/* Collections of garbage: what they computed; what they waited for stays what it was. */
static int64_t
paint_collections(struct stretch *s, int64_t cpu)
{
	const struct thread_log *log = &s->a->threads[s->thread];
	int64_t spent = 0;
	for (size_t i = tape_first_after(s->a->tape, log->gc, log->n_gc, s->from); i < log->n_gc; i++) {
		const struct rec *r = tape_at(s->a->tape, log->gc[i]);
		spent += overlap(r->from, r->ts, s->from, s->to);
		if (r->ts >= s->to)
			break;
	}
	spent = spent < cpu ? spent : cpu;
	ledger_add(&s->canvas->ledger, PART_GC, 0, spent);
	return cpu - spent;
}

static void
paint_stretch(struct stretch *s)
{
	const struct thread_log *log = &s->a->threads[s->thread];
	if (s->to <= s->from)
		return;
	if (s->canvas->visit)
		s->canvas->visit(s->canvas->ctx, s->thread, s->from, s->to);
	for (size_t i = tape_first_after(s->a->tape, log->off, log->n_off, s->from); i < log->n_off; i++) {
		const struct rec *off = tape_at(s->a->tape, log->off[i]);
		if (off->from >= s->to)
			break;
		paint_off(s, off);
	}
	int64_t cpu = s->to - s->from - s->off;
	cpu = paint_collections(s, paint_statements(s, cpu < 0 ? 0 : cpu));
	ledger_add(&s->canvas->ledger, PART_CPU, s->thread + 1, cpu);
}

void
paint_thread(const struct assembly *a, uint32_t thread, int64_t from, int64_t to,
    uint32_t resolve, struct canvas *c)
{
	struct stretch s = { .a = a, .canvas = c, .thread = thread, .resolve = resolve, .from = from,
		.to = to };
	paint_stretch(&s);
}

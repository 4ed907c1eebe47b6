/* SPDX-License-Identifier: MIT */
/* Requests and connections: their work, and what lies between. */
#include "trace/paint_int.h"

#include "base/search.h"
#include "trace/task_waits.h"

#define HELPER_SHARE_MIN 0.3   /* of a gap that a helper thread must have been busy */
#define GAP_TOLD_MIN_NS  100000 /* shorter gaps stay unexplained */
#define LOOSE_LOOKED_MAX 64    /* calls that began before and may still be out */
#define DOUBTFUL_MIN     0.5   /* of the time that the loop was idle: calls were out that may be the request's */

/* The stretch of a span that is painted. */
struct frame {
	const struct assembly *a;
	struct canvas *canvas;
	int64_t from, to;
};

static bool
clip(const struct frame *f, int64_t *from, int64_t *to)
{
	*from = *from > f->from ? *from : f->from;
	*to = *to < f->to ? *to : f->to;
	return *to > *from;
}

static void
paint_queue(const struct frame *f, uint32_t where, uint32_t thread, uint32_t call, int64_t from,
    int64_t to)
{
	struct canvas *c = f->canvas;
	if (!clip(f, &from, &to))
		return;
	ledger_add(&c->ledger, PART_QUEUE, where, to - from);
	canvas_wait(c, from, to, PART_QUEUE, where, thread, call);
}

static void
paint_loop_queue(const struct frame *f, uint32_t thread, int64_t from, int64_t to)
{
	paint_queue(f, tape_name(f->a->tape, "event loop"), thread, NOBODY, from, to);
}

int64_t
paint_busy(const struct assembly *a, uint32_t thread, int64_t from, int64_t to)
{
	const struct thread_log *log = &a->threads[thread];
	int64_t idle = 0;
	for (size_t i = tape_first_after(a->tape, log->off, log->n_off, from); i < log->n_off; i++) {
		const struct rec *off = tape_at(a->tape, log->off[i]);
		if (off->from >= to)
			break;
		if (off_part(off) == PART_NONE || off_part(off) == PART_LOCK)
			idle += overlap(off->from, off->ts, from, to);
	}
	return to - from - idle;
}

/* The thread of the same process that serves no connections and was busiest meanwhile. */
static uint32_t
busiest_helper(const struct assembly *a, uint32_t than, int64_t from, int64_t to)
{
	uint32_t best = NOBODY;
	int64_t most = (int64_t)((double)(to - from) * HELPER_SHARE_MIN);
	for (uint32_t i = 0; i < a->tape->n_threads; i++) {
		if (i == than || a->tape->threads[i].pid != a->tape->threads[than].pid ||
		    a->threads[i].heads || a->threads[i].n_segments || !a->threads[i].n_off)
			continue;
		int64_t busy = paint_busy(a, i, from, to);
		if (busy > most) {
			most = busy;
			best = i;
		}
	}
	return best;
}

/* When a loop last came out of waiting for work in [from, to]; `from` when it did not wait. */
static int64_t
idle_until(const struct assembly *a, uint32_t thread, int64_t from, int64_t to)
{
	const struct thread_log *log = &a->threads[thread];
	int64_t until = from;
	for (size_t i = tape_first_after(a->tape, log->off, log->n_off, from); i < log->n_off; i++) {
		const struct rec *off = tape_at(a->tape, log->off[i]);
		if (off->from >= to)
			break;
		if (off_part(off) == PART_NONE)
			until = off->at && off->at < to ? off->at : off->ts < to ? off->ts : to;
	}
	return until > from ? until : from;
}

/* Was a call of the thread out that nobody is known to have made? */
static bool
may_be_loose_call(const struct assembly *a, uint32_t thread, int64_t from, int64_t to)
{
	size_t end = FIRST_WHERE(i, a->n_loose, a->calls[a->loose[i]].start > to);
	for (size_t i = end; i > 0 && end - i < LOOSE_LOOKED_MAX; i--) {
		const struct call *c = &a->calls[a->loose[i - 1]];
		if (c->thread == thread && (c->end ? c->end : c->start) > from)
			return true;
	}
	return false;
}

/* The call of the thread that was out in [from, to] and may be another request's than it was given to, begun last. */
static const struct call *
doubtful_call(const struct assembly *a, uint32_t thread, int64_t from, int64_t to)
{
	size_t after = FIRST_WHERE(i, a->n_calls, a->calls[i].start >= to);
	for (size_t i = after; i > 0 && after - i < LOOSE_LOOKED_MAX; i--) {
		const struct call *c = &a->calls[i - 1];
		if (c->thread == thread && c->span != NOBODY && c->sure < CALL_SURE && c->end > from)
			return c;
	}
	return NULL;
}

/* Whose calls of a loop are is not known where all go over one connection. A request that asks one after another
 * waits for such a call while the loop is idle, and for the loop else. */
static bool
paint_doubtful(const struct frame *f, uint32_t thread, int64_t from, int64_t to)
{
	const struct assembly *a = f->a;
	const struct thread_log *log = &a->threads[thread];
	const struct call *last = NULL;
	int64_t idle = 0, out = 0;

	for (size_t i = tape_first_after(a->tape, log->off, log->n_off, from); i < log->n_off; i++) {
		const struct rec *off = tape_at(a->tape, log->off[i]);
		if (off->from >= to)
			break;
		if (off_part(off) != PART_NONE)
			continue;
		const struct call *c = doubtful_call(a, thread, off->from, off->ts);
		int64_t ns = overlap(off->from, off->ts, from, to);
		idle += ns;
		out += c ? ns : 0;
		last = c ? c : last;
	}
	if (!last || (double)out < DOUBTFUL_MIN * (double)idle)
		return false;
	ledger_add(&f->canvas->ledger, (enum run_part_kind)last->kind, call_where(last), idle);
	paint_loop_queue(f, thread, from + idle, to);
	return true;
}

/* Nothing tells what a request on a loop waited for: if a helper thread was at work, for that (a
 * pool behind the loop); else for a timer as long as the loop was idle, then for the loop. While
 * calls are out that may be the request's, that is not known. */
static void
paint_unknown(const struct frame *f, uint32_t thread, int64_t from, int64_t to)
{
	const struct assembly *a = f->a;
	if (!clip(f, &from, &to))
		return;
	bool told = a->threads[thread].polls && to - from > GAP_TOLD_MIN_NS;
	uint32_t helper = told ? busiest_helper(a, thread, from, to) : NOBODY;
	if (helper != NOBODY) {
		paint_thread(a, helper, from, to, 0, f->canvas);
		return;
	}
	if (a->threads[thread].polls && paint_doubtful(f, thread, from, to))
		return;
	int64_t until = a->threads[thread].polls ? idle_until(a, thread, from, to) : to;
	bool loose = may_be_loose_call(a, thread, from, until);
	ledger_add(&f->canvas->ledger, told && !loose ? PART_SLEEP : PART_OTHER,
	    loose ? tape_name(a->tape, "unexplained") : 0, until - from);
	paint_loop_queue(f, thread, until, to);
}

static void
paint_wait(const struct frame *f, const struct segment *g, enum run_part_kind kind, int64_t from,
    int64_t to)
{
	if (kind == PART_OTHER && !g->gap_where)
		paint_unknown(f, g->thread, from, to);
	else if (clip(f, &from, &to))
		ledger_add(&f->canvas->ledger, kind, g->gap_where, to - from);
}

/* A connection that had come back before the wait began was not waited for. */
static bool
waited_for_pool(const struct segment *g, int64_t from)
{
	return g->gap_call == NOBODY || !g->gap_arrival || g->gap_arrival > from;
}

/* A goroutine's request waits for no thread: what threads did meanwhile tells nothing of it. That it waited
 * for a connection is concluded from who asked next; at a lock it was seen. */
static bool
paint_goroutines(const struct frame *f, const struct segment *g, int64_t from, int64_t to)
{
	int pid = f->a->tape->threads[g->thread].pid;
	bool known = g->gap_kind == PART_NET || g->gap_kind == PART_DB || g->gap_kind == PART_CACHE ||
	    g->gap_kind == PART_DISK;
	if (known || !clip(f, &from, &to))
		return false;
	return g->gap_call == NOBODY ? task_waits_paint(f->a, pid, from, to, f->canvas) :
	    task_waits_paint_lock(f->a, pid, from, to, f->canvas);
}

static void
paint_gap(const struct frame *f, const struct segment *g, int64_t from, int64_t to)
{
	if (to <= from || paint_goroutines(f, g, from, to))
		return;
	if (g->gap_kind == PART_QUEUE && waited_for_pool(g, from)) {
		paint_queue(f, g->gap_where, g->thread, g->gap_call, from, to);
	} else if (g->gap_kind == PART_QUEUE) {
		paint_unknown(f, g->thread, from, to);
	} else {
		int64_t arrival = g->gap_arrival > from && g->gap_arrival < to ? g->gap_arrival : to;
		paint_wait(f, g, g->gap_kind == PART_NONE ? PART_OTHER :
		    (enum run_part_kind)g->gap_kind, from, arrival);
		paint_loop_queue(f, g->thread, arrival, to);
	}
}

static void
paint_work(const struct frame *f, uint32_t thread, int64_t from, int64_t to)
{
	if (clip(f, &from, &to))
		paint_thread(f->a, thread, from, to, 0, f->canvas);
}

/* What of a request lies in [low, high]. */
static void
paint_span_in(const struct assembly *a, const struct span *s, int64_t low, int64_t high,
    struct canvas *c)
{
	struct frame f = { .a = a, .canvas = c, .from = low > s->arrival ? low : s->arrival,
		.to = high < s->end ? high : s->end };
	int64_t cursor = s->read;
	paint_queue(&f, tape_name(a->tape, "socket queue"), s->thread, NOBODY, s->arrival, s->read);
	for (uint32_t i = s->first; i != NOBODY; i = a->segments[i].next) {
		const struct segment *g = &a->segments[i];
		int64_t from = g->start > cursor ? g->start : cursor;
		int64_t to = g->end && g->end < s->end ? g->end : s->end;
		if (from > s->end)
			from = s->end;
		paint_gap(&f, g, cursor, from);
		cursor = from > cursor ? from : cursor;
		paint_work(&f, g->thread, cursor, to);
		cursor = to > cursor ? to : cursor;
	}
	int64_t end = s->end;
	if (clip(&f, &cursor, &end))
		ledger_add(&c->ledger, PART_OTHER, 0, end - cursor);
}

void
paint_span(const struct assembly *a, const struct span *s, struct canvas *c)
{
	paint_span_in(a, s, s->arrival, s->end, c);
}

/* ---- connections --------------------------------------------------------------------------- */

static void
paint_server_time(const struct frame *f, const struct call *call, int64_t from, int64_t to)
{
	if (clip(f, &from, &to))
		ledger_add(&f->canvas->ledger, (enum run_part_kind)call->kind, call_where(call), to - from);
}

/* Between its answer and the next question the connection was held by a span, or handed over. */
static void
paint_holder(const struct frame *f, const struct call *call, uint32_t next_span, int64_t from,
    int64_t to)
{
	if (!clip(f, &from, &to))
		return;
	if (call->span != NOBODY && call->span == next_span && f->a->spans[call->span].complete)
		paint_span_in(f->a, &f->a->spans[call->span], from, to, f->canvas);
	else
		paint_thread(f->a, call->thread, from, to, 0, f->canvas);
}

void
paint_connection(const struct assembly *a, uint32_t call, int64_t from, int64_t to,
    struct canvas *c)
{
	struct frame f = { .a = a, .canvas = c, .from = from, .to = to };
	uint32_t next_span = a->calls[call].span;
	int64_t upper = to;
	for (uint32_t i = a->calls[call].before; i != NOBODY && upper > from; i = a->calls[i].before) {
		const struct call *k = &a->calls[i];
		int64_t read = k->read && k->read < upper ? k->read : upper;
		int64_t end = k->end && k->end < read ? k->end : read;
		paint_holder(&f, k, next_span, read, upper);
		paint_loop_queue(&f, k->thread, end, read);
		paint_server_time(&f, k, k->start, end);
		upper = k->start < upper ? k->start : upper;
		next_span = k->span;
	}
	ledger_add(&c->ledger, PART_OTHER, 0, upper > from ? upper - from : 0);
}

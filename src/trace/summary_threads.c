/* SPDX-License-Identifier: MIT */
/* How busy each thread was, and which of them are event loops. */
#include "trace/summary.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define THREADS_MAX 64

struct use { uint32_t thread; int64_t cpu, queued, blocked; };

int64_t
summary_on_cpu(const struct summary *s, uint32_t thread)
{
	const struct thread_log *log = &s->a->threads[thread];
	int64_t on = (int64_t)(tape_seconds(s->a->tape) * 1e9);
	for (size_t i = 0; i < log->n_off; i++) {
		const struct rec *r = tape_at(s->a->tape, log->off[i]);
		on -= r->ts - r->from;
	}
	return on > 0 ? on : 0;
}

/* Time on CPU and waiting for one, over all windows. */
static struct use
use_of(struct summary *s, uint32_t thread)
{
	const struct thread_log *log = &s->a->threads[thread];
	int64_t queued = 0;
	for (size_t i = 0; i < log->n_off; i++) {
		const struct rec *r = tape_at(s->a->tape, log->off[i]);
		queued += r->ts - (r->flags & OFF_PREEMPTED ? r->from : r->at ? r->at : r->ts);
	}
	return (struct use){ thread, summary_on_cpu(s, thread), queued, 0 };
}

static bool
is_loop(const struct summary *s, uint32_t thread)
{
	const struct thread_log *log = &s->a->threads[thread];
	return log->heads && log->polls && (log->epoll || log->returns);
}

static int64_t
blocked_at_work(struct summary *s, uint32_t thread)
{
	const struct thread_log *log = &s->a->threads[thread];
	struct canvas canvas = { 0 };
	for (size_t i = 0; i < log->n_segments; i++) {
		const struct segment *g = &s->a->segments[log->segments[i]];
		const struct span *span = &s->a->spans[g->span];
		if (span->complete)
			paint_thread(s->a, thread, g->start, g->end < span->end ? g->end : span->end, 0, &canvas);
	}
	ledger_done(&canvas.ledger);
	return canvas.blocked;
}

static int
busiest_first(const void *left, const void *right)
{
	const struct use *l = left, *r = right;
	int64_t a = l->cpu + l->queued, b = r->cpu + r->queued;
	return a > b ? -1 : a < b;
}

/* The function that most samples of the longest stretch were in; NULL: none was taken. */
static const char *
longest_in(struct summary *s, uint32_t thread)
{
	const struct thread_log *log = &s->a->threads[thread];
	struct tally tally = { 0 };
	struct tally_ctx ctx = { s, &tally };
	const char *most = NULL;
	uint64_t count = 0;
	size_t at = 0;
	tally_visit(&ctx, thread, log->longest_from, log->longest_to);
	for (const struct map_slot *slot; (slot = map_next(&tally.functions, &at)); ) {
		const char *name = summary_function_name(s, *(const uint32_t *)slot->key);
		if (slot->value > count && name) {
			count = slot->value;
			most = name;
		}
	}
	map_done(&tally.functions);
	return most;
}

/* Of a thread beside a loop that serves no connection itself: a pool's. NAN for others. */
static double
helped(struct summary *s, uint32_t thread)
{
	const struct tape *t = s->a->tape;
	const struct thread_log *log = &s->a->threads[thread];
	bool beside = false;
	int64_t busy = 0;
	for (uint32_t i = 0; i < t->n_threads && !beside; i++)
		beside = i != thread && t->threads[i].pid == t->threads[thread].pid && is_loop(s, i);
	if (!beside || log->heads || log->n_segments || !log->n_off)
		return NAN;
	for (size_t i = 0; i < t->n_windows; i++)
		busy += paint_busy(s->a, thread, t->windows[i].from, t->windows[i].to);
	return (double)busy / (tape_seconds(t) * 1e9);
}

static void
add_thread(struct summary *s, const struct use *u)
{
	struct run_trace *t = &s->r->evidence.trace;
	const struct tape_thread *who = &s->a->tape->threads[u->thread];
	const struct thread_log *log = &s->a->threads[u->thread];
	double whole = tape_seconds(s->a->tape) * 1e9;
	struct run_thread *out = RUN_ADD(s->r, thread, t->threads, t->n_threads);

	out->pid = who->pid;
	out->tid = who->tid;
	out->name = run_str(s->r, who->name);
	out->loop = is_loop(s, u->thread);
	out->helped = helped(s, u->thread);
	out->cpu = (double)u->cpu / whole;
	out->runqueue = (double)u->queued / whole;
	out->blocked = (double)blocked_at_work(s, u->thread) / whole;
	if (log->polls)
		out->longest_run = ns_to_s(log->longest_run);
	if (log->polls && log->longest_to)
		out->longest_in = run_str(s->r, longest_in(s, u->thread));
}

void
summary_threads(struct summary *s)
{
	size_t n = 0;
	struct use *uses = NULL;
	if (tape_seconds(s->a->tape) <= 0)
		return;
	for (uint32_t i = 0; i < s->a->tape->n_threads; i++)
		if (s->a->threads[i].n_off || s->n_samples[i])
			*ARENA_PUSH(s->arena, uses, n) = use_of(s, i);
	sort_list(uses, n, sizeof(*uses), busiest_first);
	for (size_t i = 0; i < n && i < THREADS_MAX; i++)
		add_thread(s, &uses[i]);
}

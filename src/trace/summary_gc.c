/* SPDX-License-Identifier: MIT */
/* How often each process collected garbage, and how long it stood meanwhile. */
#include "trace/summary.h"

#include "base/clock.h"

static struct run_gc *
row_of(struct summary *s, int pid)
{
	struct run_trace *t = &s->r->evidence.trace;
	for (size_t i = 0; i < t->n_gc; i++)
		if (t->gc[i].pid == pid)
			return &t->gc[i];
	struct run_gc *g = RUN_ADD(s->r, gc, t->gc, t->n_gc);
	g->pid = pid;
	g->longest = 0;
	g->seconds = 0;
	for (size_t i = 0; i < s->r->system.n_processes; i++)
		if (s->r->system.processes[i].pid == pid)
			g->runtime = run_str(s->r, s->r->system.processes[i].runtime);
	return g;
}

void
summary_gc(struct summary *s)
{
	for (uint32_t i = 0; i < s->a->tape->n_threads; i++) {
		const struct thread_log *log = &s->a->threads[i];
		struct run_gc *g = log->n_gc ? row_of(s, s->a->tape->threads[i].pid) : NULL;
		for (size_t k = 0; k < log->n_gc; k++) {
			const struct rec *r = tape_at(s->a->tape, log->gc[k]);
			double pause = ns_to_s(r->ts - r->from);
			g->collections++;
			g->full += r->value;
			g->seconds += pause;
			g->longest = pause > g->longest ? pause : g->longest;
		}
	}
}

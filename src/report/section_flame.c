/* SPDX-License-Identifier: MIT */
/* Flame graphs on and off CPU, and the same as tables. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"

#define MOST_STACKS 2000
#define MOST_SECONDS 1e9      /* beyond: not a measurement */

static void
flame(struct doc *d, const struct run_trace *trace, bool on_cpu)
{
	struct doc_flame *f = arena_alloc(d->arena, sizeof(*f));

	for (size_t i = 0; i < trace->n_stacks && i < MOST_STACKS; i++) {
		const struct run_stack *s = &trace->stacks[i];
		bool cpu = !s->kind || strcmp(s->kind, "cpu") == 0;
		if (cpu == on_cpu && s->frames && s->seconds > 0 && s->seconds < MOST_SECONDS)
			*ARENA_PUSH(d->arena, f->stacks, f->n_stacks) = s;
	}
	f->id = on_cpu ? "oncpu" : "offcpu";
	f->title = on_cpu ? "On CPU" : "Off CPU";
	f->about = on_cpu ? "Width is CPU time; a function hangs below its caller."
	    : "Width is time spent waiting while serving; colour is what was waited for.";
	f->by_kind = !on_cpu;
	if (f->n_stacks)
		doc_block(d, DOC_FLAME)->flame = f;
	else
		doc_note(d, on_cpu ? "No on-CPU stacks were recorded."
		    : "No off-CPU stacks were recorded.");
}

/* Where slow requests spend more of their time than the others do. */
static void
slow_flame(struct doc *d, const struct run_trace *trace)
{
	struct doc_flame *f = arena_alloc(d->arena, sizeof(*f));
	double *rest = NULL, all = 0;
	size_t n = 0;

	for (size_t i = 0; i < trace->n_stacks && i < MOST_STACKS; i++) {
		const struct run_stack *s = &trace->stacks[i];
		if (!s->frames || !(s->slow >= 0 && s->slow <= 1) || !(s->rest >= 0 && s->rest <= 1))
			continue;
		struct run_stack *stack = arena_alloc(d->arena, sizeof(*stack));
		*stack = (struct run_stack){ .kind = s->kind ? s->kind : "cpu", .frames = s->frames,
			.seconds = s->slow };
		*ARENA_PUSH(d->arena, f->stacks, f->n_stacks) = stack;
		*ARENA_PUSH(d->arena, rest, n) = s->rest;
		all += s->slow;
	}
	f->id = "slow";
	f->title = "Slow requests against the others";
	f->about = "Width is the share of the time of the slow requests, the slowest 5 % of each route, "
	    "as far as stacks saw it. Red with a plus: a larger share than in the other requests; blue "
	    "with a minus: a smaller one.";
	f->by_kind = f->shares = true;
	f->before = rest;
	if (all > 0)
		doc_block(d, DOC_FLAME)->flame = f;
}

static void
functions(struct doc *d, const struct run_trace *trace)
{
	static const char *const titles[] = { "function", "in", "source", ">self", ">with callees",
	    NULL };

	if (!trace->n_functions)
		return;
	struct doc_table *t = doc_table(d, "Hottest functions, shares of on-CPU samples", titles);
	for (size_t i = 0; i < trace->n_functions && i < 15; i++) {
		const struct run_function *f = &trace->functions[i];
		doc_cell_code(d, t, say_clip(d, f->name, 120));
		doc_cell(d, t, say_clip(d, f->module, 60));
		doc_cell(d, t, f->file ? doc_printf(d, "%s:%lld", say_clip(d, f->file, 80),
		    (long long)f->line)
		    : NULL);
		doc_cell(d, t, say_share(d, f->self));
		doc_cell(d, t, say_share(d, f->total));
	}
	t->left_out = trace->n_functions > 15 ? trace->n_functions - 15 : 0;
}

static void
threads(struct doc *d, const struct run_trace *trace)
{
	static const char *const titles[] = { "thread", ">tid", ">on CPU", ">waiting for a CPU",
	    ">blocked",
	                                      ">longest run", "kind", NULL };
	if (!trace->n_threads)
		return;
	struct doc_table *t = doc_table(d, "Busiest threads, shares of the traced time", titles);
	for (size_t i = 0; i < trace->n_threads && i < 12; i++) {
		const struct run_thread *h = &trace->threads[i];
		doc_cell_code(d, t, say_clip(d, h->name, 40));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)h->tid));
		doc_cell(d, t, say_share(d, h->cpu));
		doc_cell(d, t, say_share(d, h->runqueue));
		doc_cell(d, t, say_share(d, h->blocked));
		doc_cell(d, t, say_duration(d, h->longest_run));
		doc_cell(d, t, h->loop ? "event loop" : "worker");
	}
	t->left_out = trace->n_threads > 12 ? trace->n_threads - 12 : 0;
}

static void
calls(struct doc *d, const struct run_trace *trace)
{
	static const char *const titles[] = { "peer", "kind", "route", ">calls a request", ">time",
	                                      ">connects a request", NULL };
	if (!trace->n_calls)
		return;
	struct doc_table *t = doc_table(d, "Calls to other services", titles);
	for (size_t i = 0; i < trace->n_calls && i < 15; i++) {
		const struct run_call *c = &trace->calls[i];
		doc_cell_code(d, t, say_clip(d, c->peer, 80));
		doc_cell(d, t, say_clip(d, c->kind, 20));
		doc_cell_code(d, t, say_clip(d, c->route, 80));
		doc_cell(d, t, say_count(d, c->per_request));
		doc_cell(d, t, say_duration(d, c->seconds));
		doc_cell(d, t, say_count(d, c->connects_per_request));
	}
	t->left_out = trace->n_calls > 15 ? trace->n_calls - 15 : 0;
}

void
section_flame(struct doc *d, const struct run *r)
{
	const struct run_trace *trace = &r->evidence.trace;

	if (!section_has_profile(r)) {
		doc_note(d,
		    "No profile was taken, so there is nothing to draw. prony doctor says what would "
		            "open the view.");
		return;
	}
	section_requests(d, r);
	flame(d, trace, true);
	flame(d, trace, false);
	slow_flame(d, trace);
	functions(d, trace);
	threads(d, trace);
	calls(d, trace);
}

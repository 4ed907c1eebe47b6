/* SPDX-License-Identifier: MIT */
/* More workers than are blocked at a time.
 *
 * By Little's law rate x time taken workers are busy; a third more keeps the queue short. */
#include <math.h>
#include <string.h>

#include "plan/fix.h"
#include "plan/words.h"

static bool
is_slow_only(const struct run_time *t)
{
	return t->scope && strcmp(t->scope, "slow") == 0;
}

/* Mean time that a request holds a worker, without its time in queues; NAN unknown. */
static double
seconds_taken(const struct run *r)
{
	double seconds = 0, requests = 0;

	for (size_t i = 0; i < r->evidence.trace.n_routes; i++) {
		const struct run_time *t = &r->evidence.trace.routes[i];
		double queued = 0;
		for (size_t k = 0; k < t->n_parts; k++)
			if (t->parts[k].kind == PART_QUEUE)
				queued += t->parts[k].share;
		if (is_slow_only(t))
			continue;
		requests += t->requests;
		seconds += t->requests * t->seconds * (1 - queued);
	}
	return requests > 0 ? seconds / requests : NAN;
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	double rate = r->baseline.rate > 0 ? r->baseline.rate : NAN;
	double wanted = ceil(rate * seconds_taken(r) * 4 / 3);
	const char *many = wanted >= 1 && wanted < 1e5 ? run_printf(r, "%.0f", wanted)
	                                               : "rate x time taken, and a third more,";

	if (f->where && strstr(f->where, "libuv")) {
		s->what = run_printf(r, "more threads in the %s", words_place(r, f->where));
		s->apply = run_printf(r, "start with UV_THREADPOOL_SIZE=%s in the environment (the preset "
		    "is 4); for work that only waits, use calls that need no thread", many);
		s->undo = "set the old number of threads again";
		return;
	}
	if (f->where && strncmp(f->where, "channel in ", strlen("channel in ")) == 0) {
		s->what = run_printf(r, "let more pass the %s at a time", words_place(r, f->where));
		s->apply = "where it lets one goroutine through at a time it is a lock: hold it for less; where it hands "
		    "jobs over, start more goroutines that take from it";
		s->undo = "set the old number again";
		return;
	}
	s->what = run_printf(r, "more %s", words_place(r, f->where));
	s->apply = run_printf(r, "run %s workers for this load (gunicorn: --workers N or "
	    "--worker-class gthread --threads N; thread pools: their size); or answer from an "
	    "asynchronous server", many);
	s->undo = "set the old number of workers again";
}

const struct fix fix_workers_add = {
	.kind = "contention.workers", .action = "workers.add", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "each worker costs memory and a database connection; too many overload what they "
	    "wait for",
};

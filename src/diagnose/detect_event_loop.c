/* SPDX-License-Identifier: MIT */
/* One thread serves all connections and is busy computing: everybody else's data waits.
 *
 * Signature: the loop's thread is nearly always on CPU, or stays on it for long between two polls
 * while requests wait for it. Must also hold: the time is computation that can be moved away: a
 * function stands out or single callbacks are long. A loop that is merely full of short, evenly
 * spread work (a proxy at its limit) is not blocked. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/heap.h"
#include "diagnose/peers.h"
#include "diagnose/statements.h"
#include "diagnose/text.h"

#define BUSY_MIN       0.70
#define FULL           0.85
#define LONG_RUN_S     0.010
#define SHORT_WORK_S   0.0002 /* CPU of a request that blocks nobody for long */
#define BATCH          2000   /* requests that one poll hands to a full loop (512 in nginx, 1024 in
                               * libuv), twice: it may be preempted meanwhile */
#define PREEMPTED      0.05   /* of the time the loop waits for a CPU */
#define SHARE_MIN      0.25   /* CPU, charged */
#define BESIDE         3      /* times the loop's own CPU: the computing is not on the loop */
#define QUEUED         3      /* times the loop's own CPU: others take the CPUs */
#define FUNCTION_MIN   0.15

static bool
interpreted(const struct facts *f)
{
	static const char *const names[] = { "node", "deno", "bun", "python", NULL };

	return text_in(f->loop_of ? f->loop_of->runtime : NULL, names);
}

/* Of the longest stretch between two polls, what it had a CPU, as far as the loop's average tells. */
static double
computed_in_longest_run(const struct run_thread *t)
{
	double waits = t->runqueue > 0 ? t->runqueue : 0;

	return t->cpu > 0 ? t->longest_run * t->cpu / (t->cpu + waits) : t->longest_run;
}

/* One callback is long. A full loop of short requests also runs long between two polls: as long as
 * a batch of them takes, and longer where others take the CPU away in the middle of it. */
static bool
is_blocked(const struct facts *f)
{
	double work = f->run->baseline.cpu_per_request, run = computed_in_longest_run(f->loop);
	bool batch = work < SHORT_WORK_S && (run < BATCH * work || f->loop->runqueue > PREEMPTED);

	return run >= LONG_RUN_S && !batch;
}

static const char *
name_of(const struct facts *f)
{
	const struct run_process *p = f->loop_of;
	const char *name = p && p->runtime && !text_same(p->runtime, "native") ? p->runtime
	    : p && p->name ? p->name : f->loop->name ? f->loop->name : "the service";

	return run_printf(f->run, "main loop of %s (pid %lld)", name, (long long)f->loop->pid);
}

/* What of others each request has to take in: many answers to the same statement or call, or a large one. NULL:
 * nothing. */
static const char *
taken_in(const struct facts *f)
{
	const struct run_query *q = statement_repeated(f), *large = statement_large(f);
	const struct run_call *c = peer_repeated(f);

	if (q)
		return run_printf(f->run, "asks %s %.3g times, and each answer takes the loop a moment",
		    text_brief(f->run, q->fingerprint, 60), statement_calls(q));
	if (c)
		return run_printf(f->run, "calls %s %.3g times, and each answer takes the loop a moment", c->peer,
		    c->per_request);
	return large ? run_printf(f->run, "takes in %s with %s", SIZE(large->bytes),
	    text_brief(f->run, large->fingerprint, 60)) : NULL;
}

/* A loop that is busy with nothing in particular while requests take in much (`taken`) is busy with that: who
 * asks for it is the cause. */
static double
confidence_of(const struct facts *f, bool located, const char *taken)
{
	if (located)
		return f->loop->cpu > BUSY_MIN ? 0.95 : 0.85;
	return taken ? 0.55 : 0.65;
}

static void
tell(const struct facts *f, struct draft *d, const struct hot *h, double share)
{
	const struct run_thread *t = f->loop;
	const char *loop = name_of(f);
	const char *taken = h ? NULL : taken_in(f);
	bool located = h || (is_blocked(f) && !taken);
	struct run_finding *out = finding_add(d, share, confidence_of(f, located, taken),
	    h ? facts_hot_place(f, h) : loop);

	out->route = facts_route(f, PART_CPU, h ? h->name : NULL);
	out->summary = h
	    ? run_printf(f->run, "%s keeps the %s busy: %s of the requests' time", h->name, loop,
	          PCT(share))
	    : run_printf(f->run, "the %s is busy computing: %s of the requests' time", loop,
	          PCT(share));
	finding_evidence(d, "the loop's thread is on CPU %s of the time", PCT(t->cpu));
	if (isfinite(t->longest_run))
		finding_evidence(d, "longest stretch between two polls: %s%s%s", DURATION(t->longest_run),
		    t->longest_in ? ", most of it in " : "", t->longest_in ? t->longest_in : "");
	finding_evidence(d, "requests wait %s of the time for the loop, and are computed %s of it",
	    PCT(f->raw[PART_QUEUE]), PCT(f->raw[PART_CPU]));
	if (h)
		finding_evidence(d, "%s: %s of the time, %s with all that it calls", facts_place(f, h),
		    PCT(h->own), PCT(h->total));
	if (h && facts_inside(h))
		finding_evidence(d, "most of its own time is inside %s", facts_inside(h));
	if (f->host_busy < 0.9)
		finding_evidence(d, "the host's CPUs are only %s busy", PCT(f->host_busy));
	if (!located)
		finding_against(d, "no function is known%s",
		    is_blocked(f) ? "" : " and no single stretch is long");
	if (taken)
		finding_against(d, "a request %s", taken);
}

/* CPU of the threads that work for the loop beside it, cores. */
static double
beside(const struct facts *f)
{
	double sum = 0;

	for (size_t i = 0; i < f->trace->n_threads; i++) {
		const struct run_thread *t = &f->trace->threads[i];
		if (t->pid == f->loop->pid && isfinite(t->helped) && isfinite(t->cpu))
			sum += t->cpu;
	}
	return sum;
}

/* It would be full at the highest rate that was found: what is traced is less than that. */
static bool
ends_rate(const struct facts *f)
{
	double traced = f->phase ? f->phase->rate : NAN;

	return !f->at_ease && f->end_found && traced > 0 &&
	    f->loop->cpu * f->run->capacity.max_rate / traced > FULL;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_thread *t = f->loop;
	double cpu = facts_with_runqueue(f, f->charged[PART_CPU] + f->charged[PART_GC]);

	if (!t) {
		rule_out(d, "no thread of the service runs an event loop");
		return;
	}
	bool busy = t->cpu > BUSY_MIN || t->cpu + t->runqueue > FULL || ends_rate(f);
	bool blocks = is_blocked(f);
	bool brief = f->run->baseline.cpu_per_request < SHORT_WORK_S;
	const struct hot *h = facts_hottest(f);
	/* A function in requests that are short altogether keeps nobody waiting for long. */
	if (h && (facts_hot_share(f, h) < FUNCTION_MIN || (brief && !blocks)))
		h = NULL;
	if (!busy && !blocks)
		rule_out(d, "the event loop is on CPU %s of the time%s%s", PCT(t->cpu),
		    isfinite(t->longest_run) ? ", never longer at a stretch than " : "",
		    isfinite(t->longest_run) ? DURATION(t->longest_run) : "");
	else if (!busy && beside(f) > BESIDE * t->cpu)
		rule_out(d, "the threads beside the loop compute, %.2f cores, not the loop, %s",
		    beside(f), PCT(t->cpu));
	else if (t->cpu < BUSY_MIN && t->runqueue > QUEUED * t->cpu)
		rule_out(d, "the loop waits for a CPU %s of the time and has one only %s",
		    PCT(t->runqueue), PCT(t->cpu));
	else if (!h && f->charged[PART_GC] + heap_churn(f) > cpu / 2)
		rule_out(d, "most of what it computes is collecting memory and bringing it in: see memory.gc");
	else if (cpu < SHARE_MIN)
		rule_out(d, "computing on the loop is only %s of the requests' time", PCT(cpu));
	else if (f->at_ease && !busy)
		rule_out(d, "every target is met, and the loop is on CPU only %s of the time", PCT(t->cpu));
	else if (!h && !blocks && !(interpreted(f) && busy && !brief))
		rule_out(d, "the loop is %s busy with short, evenly spread work: no function and no "
		    "long stretch stands out", PCT(t->cpu));
	else
		tell(f, d, h, h && busy ? fmax(facts_hot_share(f, h), 0) : cpu);
}

const struct detector detect_event_loop = {
	.kind = "cpu.event-loop", .class = CLASS_CPU, .needs = NEEDS_CPU, .weight = 1.2 * WEIGHT_CAUSE,
	.detect = detect,
	.about = "the thread that serves all connections is blocked by computation",
};

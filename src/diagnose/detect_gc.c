/* SPDX-License-Identifier: MIT */
/* Requests wait for the runtime's garbage collector. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/heap.h"
#include "diagnose/text.h"

#define SHARE_MIN    0.10
#define BUSY_MIN     0.05   /* of the time in collections: what is collected so often is garbage */
#define PAUSE_OF_P99 0.20   /* of the p99: worth telling */

/* What the probes saw: how often, how long, and how a pause compares with the slow requests. */
static void
tell_collections(const struct facts *f, struct draft *d)
{
	double p99 = f->phase ? f->phase->latency.p99 : NAN;

	for (size_t i = 0; i < f->trace->n_gc; i++) {
		const struct run_gc *g = &f->trace->gc[i];
		if (!(g->longest > 0) || !(f->trace->seconds > 0))
			continue;
		finding_evidence(d, "%s (pid %lld): %lld collections in %s, %s of the time; the longest "
		    "pause took %s", g->runtime ? g->runtime : "process", (long long)g->pid,
		    (long long)g->collections, DURATION(f->trace->seconds),
		    PCT(g->seconds / f->trace->seconds), DURATION(g->longest));
		if (p99 > 0 && g->longest > PAUSE_OF_P99 * p99)
			finding_evidence(d, "that pause alone is %s of the p99", PCT(g->longest / p99));
	}
}

/* Pauses that are seldom, in a heap that grows with every request. */
static bool
collects_a_leak(const struct facts *f)
{
	struct heap_growth h = heap_growth(f);
	double seconds = 0;

	for (size_t i = 0; i < f->trace->n_gc; i++)
		seconds += f->trace->gc[i].seconds;
	return heap_leaks(&h) && seconds < BUSY_MIN * f->trace->seconds;
}

static void
detect(const struct facts *f, struct draft *d)
{
	double collecting = f->charged[PART_GC], churn = heap_churn(f), share = fmin(collecting + churn, 1);

	if (share < SHARE_MIN) {
		rule_out(d, "garbage collection has %s of the requests' time", PCT(share));
		return;
	}
	if (collects_a_leak(f)) {
		rule_out(d, "garbage collection has %s of the requests' time, and what it collects in grows: see memory.leak",
		    PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.85,
	    run_printf(f->run, "garbage collector of %s", facts_runtime(f)));
	out->summary = run_printf(f->run, "requests spend %s of their time in garbage collection",
	    PCT(share));
	finding_evidence(d, "%s per request", DURATION(share * f->seconds));
	if (churn > 0)
		finding_evidence(d, "%s of the time is collecting, %s is pages that the heap has given back and that are "
		    "brought in again", PCT(collecting), PCT(churn));
	tell_collections(f, d);
}

const struct detector detect_gc = {
	.kind = "memory.gc", .class = CLASS_MEMORY, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for garbage collection",
};

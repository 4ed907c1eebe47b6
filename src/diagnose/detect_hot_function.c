/* SPDX-License-Identifier: MIT */
/* One function of the application takes the CPU time that requests wait for.
 *
 * Must also hold: CPU is a limit (the service uses most of what it may, a thread is full, or
 * threads queue for a CPU), or the function alone is half of the time. A hot function of an idle
 * machine limits nobody, and one of a service that keeps its targets at the rate that was asked for
 * likewise. Where the highest rate was looked for, requests that are dear and are that function are
 * what ends it. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define SHARE_LIMIT     0.25   /* when CPU is the limit */
#define SHARE_DOMINANT  0.50   /* when it is not */
#define SHARE_WHOLE     0.60   /* where every target is met */
#define BUSY_MIN        0.70
#define SHARE_UNSEEN    0.60   /* where no function is seen */
#define HEAVY_S         1e-3   /* CPU of a request: less may be what answering takes */

static bool
cpu_is_limit(const struct facts *f)
{
	return f->utilisation > BUSY_MIN || (f->busiest && f->busiest->cpu > BUSY_MIN)
	    || f->waiting >= 1;
}

/* Where every target is met: does the function tell how much more could be served? */
static bool
ends_rate(const struct facts *f, double share)
{
	return f->end_found && !f->rate_asked && share >= SHARE_WHOLE &&
	    f->run->baseline.cpu_per_request >= HEAVY_S;
}

static void
tell(const struct facts *f, struct draft *d, const struct hot *h, double share, bool limit)
{
	double others = 0;
	struct run_finding *out = finding_add(d, share,
	    (limit ? 0.95 : 0.85) * facts_attribution(share, h->total), facts_hot_place(f, h));

	out->route = facts_route(f, PART_CPU, h->name);
	out->summary = share > 2 * h->total
	    ? run_printf(f->run, "%s costs %s of the requests' time: most of it waiting for a CPU",
	          h->name, PCT(share))
	    : run_printf(f->run, "%s spends %s of the requests' time on CPU", h->name, PCT(share));
	finding_evidence(d, "%s: %s of the time by itself and the library code it calls, %s with "
	    "all that it calls", facts_place(f, h), PCT(h->own), PCT(h->total));
	if (facts_inside(h))
		finding_evidence(d, "most of its own time is inside %s", facts_inside(h));
	if (f->n_hot > 1)
		others = f->hot[h == &f->hot[0] ? 1 : 0].own;
	finding_evidence(d, "CPU is %s of the time; the next function has %s",
	    PCT(f->charged[PART_CPU]), PCT(others));
	if (isfinite(f->utilisation))
		finding_evidence(d, "the service uses %.2f of the %.3g cores that it may use (%s)",
		    f->cores_used, f->cores_allowed, PCT(f->utilisation));
	if (f->busiest && f->busiest->cpu > BUSY_MIN)
		finding_evidence(d, "thread %s (%lld) is on CPU %s of the time",
		    f->busiest->name ? f->busiest->name : "?", (long long)f->busiest->tid,
		    PCT(f->busiest->cpu));
	if (f->waiting >= 1)
		finding_evidence(d, "%.3g threads of the service wait for a CPU at a time", f->waiting);
	if (h->function)
		finding_evidence(d, "%lld CPU samples in it", (long long)h->function->samples);
	if (f->trace->unwound < 0.8)
		finding_against(d, "only %s of the stacks are complete", PCT(f->trace->unwound));
	if (!limit)
		finding_against(d, "CPU is not full: the service may use more");
}

/* Threads of a pool compute what a function handed them: library code, called from nowhere. */
static bool
detect_handed(const struct facts *f, struct draft *d)
{
	const struct run_site *site = facts_site(f, PART_QUEUE);
	double own = 0;

	for (size_t i = 0; i < f->n_hot; i++)
		own += f->hot[i].own;
	double share = facts_with_runqueue(f, fmax(f->charged[PART_CPU] - own, 0));
	if (!site || share < SHARE_LIMIT || own > f->charged[PART_CPU] / 2 || !cpu_is_limit(f))
		return false;
	struct run_finding *out = finding_add(d, share, 0.85, site->function);
	out->summary = run_printf(f->run, "what %s hands to the thread pool costs %s of the requests' "
	    "time", site->function, PCT(share));
	finding_evidence(d, "work is handed to the pool by %s", facts_site_place(f, PART_QUEUE));
	finding_evidence(d, "there CPU goes to: %s", text_parts(f->run, f->cpu_parts, f->n_cpu_parts, 3));
	if (isfinite(f->utilisation))
		finding_evidence(d, "the service uses %.2f of the %.3g cores that it may use (%s)",
		    f->cores_used, f->cores_allowed, PCT(f->utilisation));
	return true;
}

/* Without stacks the class is all that can be said, and that only of requests that compute much. */
static bool
detect_unseen(const struct facts *f, struct draft *d)
{
	const char *by;
	double share = facts_with_runqueue(f, f->charged[PART_CPU] - facts_faults(f, &by));
	double each = f->run->baseline.cpu_per_request;
	const struct run_process *p = facts_first_process(f);

	if (f->trace->samples || !f->estimated || !f->waits_sampled || f->at_ease || !cpu_is_limit(f) ||
	    !(share >= SHARE_UNSEEN) || !(each >= HEAVY_S) || !p)
		return false;
	struct run_finding *out = finding_add(d, share, 0.65, run_printf(f->run, "%s (pid %lld)", p->name,
	    (long long)p->pid));
	out->summary = run_printf(f->run, "computing costs %s of the requests' time, in functions that were not seen",
	    PCT(share));
	finding_evidence(d, "a request takes %s of CPU", DURATION(each));
	finding_evidence(d, "threads: %s on CPU, %s waiting for one", PCT(f->charged[PART_CPU]),
	    PCT(f->charged[PART_RUNQUEUE]));
	finding_against(d, "no stack was seen: which function it is, or whether many share it, is not known");
	return true;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct hot *h = facts_hottest(f);
	bool limit = cpu_is_limit(f);

	if (detect_handed(f, d) || detect_unseen(f, d))
		return;
	if (!h) {
		rule_out(d, "CPU is %s of the time, none of it in a function of the application",
		    PCT(f->charged[PART_CPU]));
		return;
	}
	double share = facts_hot_share(f, h);
	if (share < SHARE_LIMIT)
		rule_out(d, "the hottest function, %s, has only %s of the time", h->name, PCT(share));
	else if (!limit && (share < SHARE_DOMINANT || (f->at_ease && !ends_rate(f, share))))
		rule_out(d, "CPU is not the limit: %s of what the service may use, and the hottest "
		    "function, %s, has %s of the time", PCT(f->utilisation), h->name, PCT(share));
	else
		tell(f, d, h, share, limit);
}

const struct detector detect_hot_function = {
	.kind = "cpu.hot-function", .class = CLASS_CPU, .needs = NEEDS_CPU, .weight = WEIGHT_CAUSE,
	.detect = detect,
	.about = "one function of the application takes the CPU time",
};

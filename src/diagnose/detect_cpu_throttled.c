/* SPDX-License-Identifier: MIT */
/* The quota of the service's cgroup stops it although CPUs are free.
 *
 * Signature: throttled periods during the measurement. The time that comes back is the wait for a
 * CPU, or, where requests were not traced, the stopped time against the time that the threads
 * wanted to run. A measurement a little below the limit may see no stop; the rates that the service
 * could not hold tell then: it used its whole quota there, and what the quota withholds of the CPUs
 * is what comes back. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define PERIODS_MIN   0.05
#define SECONDS_MIN   0.05   /* stopped seconds per second */
#define QUOTA_FULL    0.93   /* of the quota used */
#define WITHHELD_MAX  0.9    /* of the host's CPUs: a quota above does not matter */

static double
lost_share(const struct facts *f, double stopped, double periods)
{
	double wanted = f->cores_used + stopped;
	double lost = wanted > 0 ? stopped / wanted : periods;

	return fmin(0.95, fmax(f->charged[PART_RUNQUEUE], isfinite(lost) ? lost : 0));
}

/* Least of the quota that was used at the rates that were missed; NAN without such rates. */
static double
used_when_missed(const struct facts *f)
{
	const struct run_capacity *c = &f->run->capacity;
	double least = NAN;

	for (size_t i = 0; i < c->n_curve; i++)
		if (!c->curve[i].sustained && isfinite(c->curve[i].cpu))
			least = fmin(isnan(least) ? INFINITY : least, c->curve[i].cpu / f->cpu_limit);
	return least;
}

static const char *
quota_name(const struct facts *f)
{
	return isfinite(f->cpu_limit) ? run_printf(f->run, "CPU quota of %.3g cores", f->cpu_limit)
	                              : "CPU quota";
}

/* Not stopped in the measurement: was it at the rates above? */
static void
detect_above(const struct facts *f, struct draft *d, double periods)
{
	double used = used_when_missed(f), cpus = f->run->host.cpus;

	if (!(used >= QUOTA_FULL) || !(f->cpu_limit < WITHHELD_MAX * cpus)) {
		rule_out(d, "its CPU quota stopped it in %s of the periods", PCT(periods));
		return;
	}
	struct run_finding *out = finding_add(d, fmin(0.95, 1 - f->cpu_limit / cpus), 0.9,
	    quota_name(f));
	out->summary = run_printf(f->run, "the %s is used up at every rate that the service does not "
	    "hold", out->where);
	finding_evidence(d, "at the rates that were missed it used %s of the quota or more", PCT(used));
	finding_evidence(d, "the host has %.3g CPUs", cpus);
	finding_against(d, "at the measured rate the quota stopped it in %s of the periods",
	    PCT(periods));
}

static void
detect(const struct facts *f, struct draft *d)
{
	double periods = facts_mean(f, "service_throttled_ratio");
	double stopped = facts_mean(f, "service_throttled_seconds_per_second");

	if (isnan(periods) && isnan(stopped)) {
		rule_out(d, "%s", isfinite(f->cpu_limit) ? "throttling could not be read"
		                                         : "the service has no CPU quota");
		return;
	}
	if (!(periods > PERIODS_MIN) && !(stopped > SECONDS_MIN)) {
		detect_above(f, d, isfinite(periods) ? periods : stopped);
		return;
	}
	const char *limit = quota_name(f);
	struct run_finding *out = finding_add(d, lost_share(f, stopped, periods), 0.97, limit);
	out->summary = run_printf(f->run, "the %s stops the service in %s of the periods", limit,
	    PCT(isfinite(periods) ? periods : stopped));
	if (isfinite(periods))
		finding_evidence(d, "throttled in %s of the quota's periods", PCT(periods));
	if (isfinite(stopped))
		finding_evidence(d, "stopped %s per second", DURATION(stopped));
	if (isfinite(f->cores_used))
		finding_evidence(d, "it used %.2f cores", f->cores_used);
	finding_evidence(d, "requests wait %s of the time for a CPU", PCT(f->charged[PART_RUNQUEUE]));
	if (isfinite(f->host_busy))
		finding_evidence(d, "the host's CPUs are %s busy", PCT(f->host_busy));
}

const struct detector detect_cpu_throttled = {
	.kind = "cpu.throttled", .class = CLASS_CPU, .needs = NEEDS_SERIES, .weight = WEIGHT_WITHHELD,
	.detect = detect,
	.about = "a CPU quota stops the service",
};

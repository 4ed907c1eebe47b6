/* SPDX-License-Identifier: MIT */
/* The quota of the service's cgroup stops it although CPUs are free.
 *
 * Signature: throttled periods during the measurement. The time that comes back is the wait for a
 * CPU, or, where requests were not traced, the stopped time against the time that the threads
 * wanted to run. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define PERIODS_MIN   0.05
#define SECONDS_MIN   0.05   /* stopped seconds per second */

static double
lost_share(const struct facts *f, double stopped, double periods)
{
	double wanted = f->cores_used + stopped;
	double lost = wanted > 0 ? stopped / wanted : periods;

	return fmin(0.95, fmax(f->charged[PART_RUNQUEUE], isfinite(lost) ? lost : 0));
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
		rule_out(d, "its CPU quota stopped it in %s of the periods",
		    PCT(isfinite(periods) ? periods : stopped));
		return;
	}
	const char *limit = isfinite(f->cpu_limit)
	    ? run_printf(f->run, "CPU quota of %.3g cores", f->cpu_limit) : "CPU quota";
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

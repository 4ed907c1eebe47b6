/* SPDX-License-Identifier: MIT */
/* All CPUs of the host are full with the service's work, spread over many functions.
 *
 * The load generator may share the host: its work is not the service's, so the service must be
 * the main user before its CPUs are called full. */
#include <math.h>

#include "diagnose/statements.h"
#include "diagnose/text.h"

#define HOST_FULL     0.90
#define SERVICE_MIN   0.60   /* of the host's CPUs */
#define WAIT_MIN      0.10   /* of the requests' time */
#define DOMINANT      0.50   /* a function with more is the finding instead */

static void
detect(const struct facts *f, struct draft *d)
{
	double cpus = f->run->host.cpus > 0 ? f->run->host.cpus : NAN;
	double mine = f->cores_used / cpus;
	/* More CPU takes the waiting away, not the computing. */
	double share = f->estimated ? 0.5 * f->charged[PART_CPU]
	                            : f->charged[PART_RUNQUEUE] + f->raw[PART_QUEUE];
	double other = facts_mean(f, "host_other_cpu_cores");
	const struct hot *h = facts_hottest(f);
	const struct run_query *q = statement_largest(f, true);
	double hottest = h ? facts_hot_share(f, h) : 0;
	double heaviest = q ? statement_share(f, q) : 0;

	if (isnan(f->host_busy))
		rule_out(d, "how busy the host's CPUs are is not known");
	else if (f->host_busy < HOST_FULL)
		rule_out(d, "the host's CPUs are %s busy", PCT(f->host_busy));
	else if (!(mine >= SERVICE_MIN))
		rule_out(d, "the host's CPUs are %s busy, but the service uses only %.2f of %.3g cores%s%s",
		    PCT(f->host_busy), f->cores_used, cpus,
		    f->run->host.generator_on_host ? "; the load generator runs on them too" : "",
		    other > 0.1 ? run_printf(f->run, "; other processes use %.2f", other) : "");
	else if (hottest >= DOMINANT)
		rule_out(d, "the CPUs are full, but one function, %s, has %s of the time", h->name,
		    PCT(hottest));
	else if (heaviest >= DOMINANT)
		rule_out(d, "the CPUs are full, but one statement has %s of the time", PCT(heaviest));
	else if (share < WAIT_MIN)
		rule_out(d, "the CPUs are full, but requests wait for them only %s of their time",
		    PCT(share));
	else {
		struct run_finding *out = finding_add(d, share, 0.9,
		    run_printf(f->run, "%.3g CPUs of the host", cpus));
		out->summary = run_printf(f->run, "the service fills the host's %.3g CPUs%s", cpus,
		    h ? ", spread over many functions" : "");
		finding_evidence(d, "the host's CPUs are %s busy, %.2f cores by the service",
		    PCT(f->host_busy), f->cores_used);
		finding_evidence(d, "requests: %s on CPU, %s waiting for one", PCT(f->charged[PART_CPU]),
		    PCT(f->charged[PART_RUNQUEUE]));
		if (h)
			finding_evidence(d, "the hottest function, %s, has %s", h->name, PCT(hottest));
		if (f->run->host.generator_on_host)
			finding_against(d, "the load generator runs on the same CPUs");
	}
}

const struct detector detect_cpu_saturated = {
	.kind = "cpu.saturated", .class = CLASS_CPU, .needs = NEEDS_CPU, .weight = WEIGHT_SHAPE,
	.detect = detect,
	.about = "the host's CPUs are full",
};

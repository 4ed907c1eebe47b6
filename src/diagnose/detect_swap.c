/* SPDX-License-Identifier: MIT */
/* Memory is short: pages of the service were swapped out and come back while requests wait. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.05

static void
detect(const struct facts *f, struct draft *d)
{
	double swapped = facts_mean(f, "service_swap_bytes");
	double major = facts_mean(f, "service_major_faults_per_second");
	double pressure = facts_mean(f, "host_psi_memory_ratio");
	double share = f->charged[PART_FAULT];

	if (!(swapped > 0)) {
		rule_out(d, isnan(swapped) ? "swapping was not measured"
		                           : "no memory of the service is in swap");
		return;
	}
	if (share < SHARE_MIN || !(major > 0)) {
		rule_out(d, "%s are in swap, but page faults have only %s of the requests' time",
		    SIZE(swapped), PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.85, "swap");
	out->summary = run_printf(f->run, "memory is short: requests wait %s of their time for pages, "
	    "and %s of the service are in swap", PCT(share), SIZE(swapped));
	finding_evidence(d, "%s swapped out; %.3g major faults per second", SIZE(swapped), major);
	if (isfinite(pressure))
		finding_evidence(d, "tasks of the host stall on memory %s of the time", PCT(pressure));
}

const struct detector detect_swap = {
	.kind = "memory.swap", .class = CLASS_MEMORY, .weight = 1.1 * WEIGHT_CAUSE, .detect = detect,
	.about = "pages of the service come back from swap",
};

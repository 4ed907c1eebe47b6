/* SPDX-License-Identifier: MIT */
/* Memory is short: pages of the service come back from swap while requests wait. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define PRESSURE_MIN 0.05
#define SHARE_MIN    0.05

static void
detect(const struct facts *f, struct draft *d)
{
	double swap_in = facts_mean(f, "host_swap_in_bytes_per_second");
	double pressure = facts_mean(f, "host_psi_memory_ratio");
	double share = f->charged[PART_FAULT];

	if (!(swap_in > 0)) {
		rule_out(d, isnan(swap_in) ? "no swapping was seen" : "nothing was read back from swap");
		return;
	}
	if (share < SHARE_MIN || pressure < PRESSURE_MIN) {
		rule_out(d, "%s/s come back from swap, but page faults have only %s of the time",
		    SIZE(swap_in), PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.85, "swap");
	out->summary = run_printf(f->run, "memory is short: %s of the time requests wait for pages, "
	    "%s/s come back from swap", PCT(share), SIZE(swap_in));
	finding_evidence(d, "%s/s read from swap", SIZE(swap_in));
	if (isfinite(pressure))
		finding_evidence(d, "tasks of the host stall on memory %s of the time", PCT(pressure));
}

const struct detector detect_swap = {
	.kind = "memory.swap", .class = CLASS_MEMORY, .weight = 1.1 * WEIGHT_CAUSE, .detect = detect,
	.about = "pages of the service come back from swap",
};

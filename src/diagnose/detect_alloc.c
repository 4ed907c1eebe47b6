/* SPDX-License-Identifier: MIT */
/* Allocating and freeing memory takes the CPU time that requests wait for.
 *
 * Must also hold: CPU is a limit, or the allocator alone is half of the time; else it is a detail. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define SHARE_LIMIT    0.20   /* when CPU is the limit */
#define SHARE_DOMINANT 0.50   /* when it is not */
#define BUSY_MIN       0.70

static void
detect(const struct facts *f, struct draft *d)
{
	const char *by;
	double direct = facts_allocator(f, &by), share = facts_with_runqueue(f, direct);
	bool limit = f->utilisation > BUSY_MIN || f->waiting >= 1
	    || (f->busiest && f->busiest->cpu > BUSY_MIN);

	if (share < (limit ? SHARE_LIMIT : SHARE_DOMINANT)) {
		rule_out(d, "the allocator has %s of the requests' time", PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.9 * facts_attribution(share, direct),
	    by ? by : "the allocator");
	out->route = facts_route(f, PART_CPU, by);
	out->summary = run_printf(f->run, "allocating and freeing memory is %s of the requests' time%s%s",
	    PCT(share), by ? ", most of it for " : "", by ? by : "");
	finding_evidence(d, "%s of the time is CPU in the allocator's own functions", PCT(direct));
	if (by)
		finding_evidence(d, "%s calls it most", by);
	if (isfinite(f->utilisation))
		finding_evidence(d, "the service uses %.2f of the %.3g cores that it may use (%s)",
		    f->cores_used, f->cores_allowed, PCT(f->utilisation));
}

const struct detector detect_alloc = {
	.kind = "memory.alloc", .class = CLASS_MEMORY, .needs = NEEDS_CPU, .weight = 1.1 * WEIGHT_CAUSE,
	.detect = detect,
	.about = "allocating memory takes the CPU time",
};

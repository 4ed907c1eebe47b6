/* SPDX-License-Identifier: MIT */
/* Requests wait for the runtime's garbage collector. */
#include "diagnose/detect.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.10

static void
detect(const struct facts *f, struct draft *d)
{
	double share = f->charged[PART_GC];

	if (share < SHARE_MIN) {
		rule_out(d, "garbage collection has %s of the requests' time", PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.85,
	    run_printf(f->run, "garbage collector of %s", facts_runtime(f)));
	out->summary = run_printf(f->run, "requests spend %s of their time in garbage collection",
	    PCT(share));
	finding_evidence(d, "%s per request", DURATION(share * f->seconds));
}

const struct detector detect_gc = {
	.kind = "memory.gc", .class = CLASS_MEMORY, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for garbage collection",
};

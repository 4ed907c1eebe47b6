/* SPDX-License-Identifier: MIT */
/* Requests wait for memory pages: fresh ones mapped and cleared again and again, or old ones
 * read from a file. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.10

static void
detect(const struct facts *f, struct draft *d)
{
	double share = f->charged[PART_FAULT];
	double major = facts_mean(f, "service_major_faults_per_second");
	double minor = facts_mean(f, "service_minor_faults_per_second");

	if (share < SHARE_MIN) {
		rule_out(d, "page faults have %s of the requests' time", PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.85, "page faults");
	out->route = facts_route(f, PART_FAULT, NULL);
	out->summary = run_printf(f->run, "requests wait %s of their time for memory pages",
	    PCT(share));
	finding_evidence(d, "%s per request", DURATION(share * f->seconds));
	if (isfinite(minor))
		finding_evidence(d, "%.3g minor faults per second", minor);
	if (isfinite(major))
		finding_evidence(d, "%.3g major faults per second", major);
}

const struct detector detect_page_fault = {
	.kind = "memory.page-fault", .class = CLASS_MEMORY, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for memory pages",
};

/* SPDX-License-Identifier: MIT */
/* Requests wait for memory pages: fresh ones mapped and cleared again and again, which is CPU time in
 * the kernel, or old ones read from a file, which is waiting. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/heap.h"
#include "diagnose/text.h"

#define SHARE_MIN  0.10
#define PAGE_BYTES 4096
#define STAY_MIN   0.5     /* of what is brought in */

/* Pages that are brought in once and kept are growth: pages that come and go do not stay. */
static bool
pages_stay(const struct facts *f)
{
	const struct run_series *rss = facts_series(f, "service_rss_bytes");
	double brought = facts_mean(f, "service_minor_faults_per_second") * PAGE_BYTES;

	return rss && rss->slope_per_s >= STAY_MIN * brought && rss->slope_low > 0;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const char *by;
	double cpu = facts_faults(f, &by);
	double share = f->charged[PART_FAULT] + facts_with_runqueue(f, cpu);
	double major = facts_mean(f, "service_major_faults_per_second");
	double minor = facts_mean(f, "service_minor_faults_per_second");

	if (share < SHARE_MIN) {
		rule_out(d, "page faults have %s of the requests' time", PCT(share));
		return;
	}
	if (heap_churn(f) > 0) {
		rule_out(d, "pages come and go with the heap that is collected: see memory.gc");
		return;
	}
	if (pages_stay(f)) {
		rule_out(d, "page faults have %s of the requests' time, but the pages stay: see memory.leak", PCT(share));
		return;
	}
	bool computed = by && cpu > f->charged[PART_FAULT];
	struct run_finding *out = finding_add(d, share, 0.85, computed ? by : "page faults");
	out->route = facts_route(f, computed ? PART_CPU : PART_FAULT, computed ? by : NULL);
	out->summary = computed
	    ? run_printf(f->run, "%s spends %s of the requests' time on memory pages that the kernel has "
	          "to bring in or take back", by, PCT(share))
	    : run_printf(f->run, "requests wait %s of their time for memory pages", PCT(share));
	finding_evidence(d, "%s of the time is CPU in page faults and in giving pages back, %s waiting "
	    "for pages", PCT(cpu), PCT(f->charged[PART_FAULT]));
	finding_evidence(d, "%s per request", DURATION(share * f->seconds));
	if (isfinite(minor))
		finding_evidence(d, "%.3g minor faults per second", minor);
	if (isfinite(major))
		finding_evidence(d, "%.3g major faults per second", major);
}

const struct detector detect_page_fault = {
	.kind = "memory.page-fault", .class = CLASS_MEMORY, .needs = NEEDS_CPU, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for memory pages",
};

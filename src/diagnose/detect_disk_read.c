/* SPDX-License-Identifier: MIT */
/* Requests wait for data from the disk: reads that the page cache does not answer. */
#include "diagnose/detect.h"
#include "diagnose/disk.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.15

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_part *top = NULL;
	double share = disk_share(f, false, &top);

	if (share < SHARE_MIN || !top) {
		rule_out(d, "requests wait %s of their time for other disk access", PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.85, text_brief(f->run, top->where, 160));
	out->route = facts_route(f, PART_DISK, top->where);
	out->summary = run_printf(f->run, "requests wait %s of their time for the disk in %s",
	    PCT(share), out->where);
	finding_evidence(d, "%s per request in %s", DURATION(share * f->seconds), out->where);
	disk_evidence(d);
}

const struct detector detect_disk_read = {
	.kind = "io.disk.read", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for data from the disk",
};

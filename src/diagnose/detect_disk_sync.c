/* SPDX-License-Identifier: MIT */
/* Requests wait until data is on the disk: fsync and its relatives, O_SYNC writes. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/disk.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.15

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_part *top = NULL;
	double share = disk_share(f, true, &top);

	if (share < SHARE_MIN || !top) {
		rule_out(d, "requests wait %s of their time for data to reach the disk", PCT(share));
		return;
	}
	const struct run_site *site = facts_site(f, PART_DISK);
	const char *where = text_brief(f->run, top->where, 160);
	struct run_finding *out = finding_add(d, share, 0.93,
	    site ? run_printf(f->run, "%s in %s", where, site->function) : where);
	out->route = facts_route(f, PART_DISK, top->where);
	out->summary = run_printf(f->run, "requests wait %s of their time for the disk in %s",
	    PCT(share), out->where);
	finding_evidence(d, "%s per request in %s", DURATION(share * f->seconds), where);
	if (site)
		finding_evidence(d, "it is called by %s", facts_site_place(f, PART_DISK));
	disk_evidence(d);
}

const struct detector detect_disk_sync = {
	.kind = "io.disk.sync", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for fsync",
};

/* SPDX-License-Identifier: MIT */
/* Answers leave in small pieces, and the kernel holds the second one back until the client has
 * acknowledged the first, which it does up to 40 ms later.
 *
 * Nagle's algorithm (RFC 896) on this side meets delayed acknowledgements (RFC 1122, 4.2.3.2) on the
 * other. The service does not see it: its last write returns at once. So the answer takes 40 ms and a
 * little, whatever the load, nearly all of it outside of the service. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.5

static void
tell(const struct facts *f, struct draft *d)
{
	const char *name = f->run->system.n_processes ? f->run->system.processes[0].name : NULL;
	struct run_finding *out = finding_add(d, f->stalled, 0.9,
	    run_printf(f->run, "answers of %s", name ? name : "the service"));

	out->summary = run_printf(f->run, "answers leave in %.2g writes, and the second waits some 40 ms "
	    "for the client's acknowledgement: %s of the time", f->trace->pieces, PCT(f->stalled));
	finding_evidence(d, "half of the answers take %s or less: 40 ms is when Linux acknowledges at the "
	    "latest", DURATION(f->phase->service.p50));
	finding_evidence(d, "%s of that passes after the service has written its answer, in %.2g pieces",
	    PCT(f->stalled), f->trace->pieces);
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(f->utilisation));
}

static void
detect(const struct facts *f, struct draft *d)
{
	if (f->stalled >= SHARE_MIN)
		tell(f, d);
	else if (isnan(f->trace->pieces))
		rule_out(d, "in how many pieces answers leave was not seen");
	else
		rule_out(d, "answers leave in %.2g writes, and half of them take %s", f->trace->pieces,
		    f->phase ? DURATION(f->phase->service.p50) : "-");
}

const struct detector detect_net_nagle = {
	.kind = "io.net.nagle", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "the kernel holds back the second piece of an answer",
};

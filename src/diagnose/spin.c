/* SPDX-License-Identifier: MIT */
/* Signature: a function of the application whose samples lie in a loop that only waits for another CPU.
 * Nobody sleeps in it, so no wait is recorded: who holds the lock is not known. */
#include "diagnose/spin.h"

#include <math.h>

#include "diagnose/text.h"

#define SPINNING_MIN 0.3   /* of the function's own samples */
#define SHARE_MIN    0.15  /* of the requests' time */

static const struct hot *
most_spinning(const struct facts *f)
{
	const struct hot *most = NULL;

	for (size_t i = 0; i < f->n_hot; i++) {
		const struct hot *h = &f->hot[i];
		if (h->function && h->function->spinning >= SPINNING_MIN
		    && (!most || h->own * h->function->spinning > most->own * most->function->spinning))
			most = h;
	}
	return most;
}

void
spin_tell(const struct facts *f, struct draft *d)
{
	const struct hot *h = most_spinning(f);
	double direct = h ? h->own * h->function->spinning : 0, share = facts_with_runqueue(f, direct);

	if (share < SHARE_MIN)
		return;
	struct run_finding *out = finding_add(d, share, 0.88 * facts_attribution(share, direct), h->name);
	out->route = facts_route(f, PART_CPU, h->name);
	out->summary = run_printf(f->run, "requests wait %s of their time in %s for a lock that is waited for "
	    "by spinning", PCT(share), h->name);
	finding_evidence(d, "%s of the samples in %s are in a loop that only waits for another CPU",
	    PCT(h->function->spinning), h->name);
	finding_evidence(d, "%s: %s of the time on CPU", h->name, PCT(h->own));
	if (isfinite(f->utilisation))
		finding_evidence(d, "the service uses %.2f of the %.3g cores that it may use (%s), part of it "
		    "waiting", f->cores_used, f->cores_allowed, PCT(f->utilisation));
	finding_against(d, "who holds the lock meanwhile was not seen");
}

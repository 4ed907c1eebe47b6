/* SPDX-License-Identifier: MIT */
#include "diagnose/confirm.h"

#include <math.h>

#include "base/cleanup.h"
#include "diagnose/text.h"

#define REQUESTS_MIN 20
#define AGREES       0.5    /* of the share that is to go away */
#define DENIES       0.2
#define DOUBTED      0.7    /* of the confidence */

/* Requests wait for each other. */
static bool
is_between_requests(const char *kind)
{
	static const char *const kinds[] = { "contention.lock", "contention.workers", "contention.pool",
		"contention.db-lock", "cpu.saturated", "cpu.single-thread", NULL };

	return text_in(kind, kinds);
}

static void
compare(const struct facts *f, struct run_finding *out, double alone, double loaded)
{
	struct run *r = f->run;
	double gone = 1 - alone / loaded;

	if (gone >= AGREES * out->share) {
		out->basis = "causal";
		RUN_ADD_STR(r, out->evidence, out->n_evidence, run_printf(r, "tried: one request at a time takes %s "
		    "instead of %s", DURATION(alone), DURATION(loaded)));
	} else if (gone < DENIES * out->share) {
		out->confidence *= DOUBTED;
		RUN_ADD_STR(r, out->against, out->n_against, run_printf(r, "tried: one request at a time takes %s, not "
		    "much less than %s: they do not wait for each other", DURATION(alone), DURATION(loaded)));
	}
}

void
confirm(const struct facts *f)
{
	const struct run_phase *alone = facts_alone(f);
	double loaded = f->phase ? f->phase->service.mean : NAN;

	if (!alone || alone->answered < REQUESTS_MIN || !(alone->service.mean > 0) || !(loaded > 0))
		return;
	for (size_t i = 0; i < f->run->n_findings; i++)
		if (is_between_requests(f->run->findings[i].kind))
			compare(f, &f->run->findings[i], alone->service.mean, loaded);
}

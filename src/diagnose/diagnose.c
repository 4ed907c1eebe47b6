/* SPDX-License-Identifier: MIT */
/* The order of the steps; each is a file of its own. */
#include "diagnose/diagnose.h"

#include <stddef.h>

#include "diagnose/charge.h"
#include "diagnose/confirm.h"
#include "diagnose/detect.h"
#include "diagnose/links.h"
#include "diagnose/load_verdict.h"
#include "diagnose/memory.h"
#include "diagnose/path.h"
#include "diagnose/targets.h"
#include "diagnose/verdict.h"

static void
reset(struct run *r)
{
	r->findings = NULL;
	r->n_findings = 0;
	r->ruled_out = NULL;
	r->n_ruled_out = 0;
	r->forks = NULL;
	r->n_forks = 0;
	r->links = NULL;
	r->n_links = 0;
	r->healthy = NULL;
	r->headline = NULL;
	r->verdict = VERDICT_NONE;
}

void
diagnose(struct run *r)
{
	struct facts f;
	struct draft d;

	reset(r);
	charge(r);
	targets_fill(r);
	facts_make(&f, r);
	const char *refusal = verdict_refusal(&f);
	if (refusal)
		draft_refuse(r, refusal);
	else
		draft_make(&d, &f);
	confirm(&f);
	confirm_presses(&f);
	links_make(&f);
	memory_make(&f);
	path_make(&f, refusal);
	verdict_decide(&f, refusal);
	load_verdict(r);
}

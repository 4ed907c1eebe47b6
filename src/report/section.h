/* SPDX-License-Identifier: MIT */
/* A section of the report: one file section_X.c and one line in sections.def. */
#pragma once

#include "report/doc.h"

/* What a run must be for the section to be of use. */
enum section_runs { OF_CHECK = 1, OF_PROOF = 2, OF_ANY = OF_CHECK | OF_PROOF };

struct section {
	const char *id, *title;
	unsigned forms;            /* of enum doc_form */
	unsigned runs;             /* of enum section_runs */
	void (*write)(struct doc *d, const struct run *r);
};

#define SECTION(name, title, forms, runs) void section_##name(struct doc *d, const struct run *r);
#include "report/sections.def"
#undef SECTION

extern const struct section sections[];   /* ends with a row without `write` */

/* The head that every form begins with: verdict, headline, targets, the figures that matter. */
void section_head(struct doc *d, const struct run *r);

/* The target that the verdict turns on: the first that is missed, else the first; NULL none. */
const struct run_target *section_target(const struct run *r);

/* The comparison that the run is about, of a fix with several the last; NULL when it is about a
 * service. Steps that were proven within a check do not make it one. */
const struct run_proof *section_proof_of(const struct run *r);

/* The service map and single requests: what the profile's section begins with. */
void section_requests(struct doc *d, const struct run *r);

/* Why this was neither found nor ruled out; NULL: it was ruled out. Lives in `o`. */
const char *section_not_judged(const struct run_ruled_out *o);

/* Did tracing see anything of the service? */
bool section_has_profile(const struct run *r);

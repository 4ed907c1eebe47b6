/* SPDX-License-Identifier: MIT */
/* Terminal: the one thing that limits, in five lines. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"

#define ARROW " \xe2\x80\xba "
#define PATH_STEPS 2
#define NAMES      4           /* of what was ruled out */
#define BRIEF      12          /* bytes of a figure that stands in the path */

/* The question before the last was whether the largest part is the limit, and it is not. */
static bool
turned_away(const struct run *r)
{
	const struct run_fork *k = r->n_forks > 1 ? &r->forks[r->n_forks - 2] : NULL;

	for (size_t i = 0; k && i < k->n_branches; i++)
		if (k->branches[i].took)
			return k->branches[i].answer && strcmp(k->branches[i].answer, "no") == 0;
	return false;
}

/* "latency › database 71 %": what is to be explained, and where its time goes. */
static const char *
path(struct doc *d, const struct run *r)
{
	const char *taken[PATH_STEPS];
	size_t n = 0;

	for (size_t i = 1; i + 1 < r->n_forks; i++)
		for (size_t k = 0; k < r->forks[i].n_branches && n < PATH_STEPS; k++) {
			const struct run_branch *b = &r->forks[i].branches[k];
			int brief = b->figure ? (int)strcspn(b->figure, ",;") : 0;
			brief = brief > BRIEF ? 0 : brief;
			if (b->took)
				taken[n++] = doc_printf(d, "%s%s%.*s", b->answer ? say_clip(d, b->answer, 30)
				    : "-", brief ? " " : "", brief, b->figure ? b->figure : "");
		}
	return n ? doc_printf(d, "path: %s%s; ", say_join(d, taken, n, n, ARROW),
	    turned_away(r) ? ", which is not the limit" : "") : "";
}

/* What was not judged has its reason in common. */
static void
ruled_out(struct doc *d, const struct run *r)
{
	const char *names[NAMES] = { 0 }, *why = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->n_ruled_out; i++) {
		const char *not_judged = section_not_judged(&r->ruled_out[i]);
		why = why ? why : not_judged;
		if (!not_judged && n++ < NAMES)
			names[n - 1] = say_clip(d, r->ruled_out[i].kind ? r->ruled_out[i].kind : "-", 40);
	}
	if (!n && why)
		doc_text(d, doc_printf(d, "%snothing is ruled out: %s", path(d, r), say_clip(d, why, 200)));
	if (!n)
		return;
	size_t told = n < NAMES ? n : NAMES;
	const char *more = n > told ? doc_printf(d, " and %zu more", n - told) : "";
	doc_text(d, doc_printf(d, "%sruled out: %s%s", path(d, r), say_join(d, names, told, told, ", "), more));
}

static void
nothing_named(struct doc *d, const struct run *r)
{
	if (r->verdict != VERDICT_MET && r->verdict != VERDICT_MISSED &&
	    r->verdict != VERDICT_INCONCLUSIVE)
		return;
	doc_lead(d, TONE_QUIET, r->healthy ? "none found" : "none is named");
	doc_text(d, say_clip(d, r->healthy, 300));
	if (!r->healthy && !section_has_profile(r))
		doc_text(d,
		    "there is no profile of the service: prony doctor names what would open one");
	ruled_out(d, r);
}

void
section_limit(struct doc *d, const struct run *r)
{
	if (!r->n_findings) {
		nothing_named(d, r);
		return;
	}
	const struct run_finding *f = &r->findings[0];
	const char *kind = say_finding(d, say_clip(d, f->kind, 60));
	doc_lead(d, TONE_BAD, say_known(f->share)
	    ? doc_printf(d, "%s, %s of slow-request time", kind, say_share(d, f->share)) : kind);
	if (say_known(f->confidence))
		doc_section(d)->aside = doc_printf(d, f->confidence < HYPOTHESIS ? "%s"
		    : f->basis && strcmp(f->basis, "causal") == 0 ? "causal, confidence %s"
		    : "confidence %s", say_certainty(d, f->confidence));
	if (f->where)
		doc_text(d, f->route ? doc_printf(d, "%s" ARROW "%s", say_clip(d, f->route, 60),
		    say_place(d, f, 200)) : say_place(d, f, 200));
	else
		doc_text(d, say_clip(d, f->summary, 200));
	for (size_t i = 0; i < f->n_evidence && i < 2; i++)
		doc_text(d, say_clip(d, f->evidence[i], 200));
	ruled_out(d, r);
}

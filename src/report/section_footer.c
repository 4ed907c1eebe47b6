/* SPDX-License-Identifier: MIT */
/* Terminal: where the rest is, what this cost, what to do next. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"
#include "report/say_proof.h"

/* What was not seen: of one view how it is opened, or why not. */
static const char *
closed_eyes(struct doc *d, const struct run *r)
{
	const struct run_eye *closed = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->n_eyes; i++) {
		closed = r->eyes[i].open ? closed : &r->eyes[i];
		n += !r->eyes[i].open;
	}
	const char *how = !n ? NULL : closed->cure ? closed->cure : closed->means;
	if (n == 1 && closed->name && how)
		return doc_printf(d, "%s: %s", say_clip(d, closed->name, 60), say_clip(d, how, 140));
	return n ? doc_printf(d, "%zu of %zu views were closed: prony doctor", n, r->n_eyes) : NULL;
}

static const char *
next_of_proof(struct doc *d, const struct run_proof *p)
{
	const struct run_comparison *c = say_primary(p);

	if (p->step && p->kept)
		return "prony undo takes it back";
	if (p->n_answers)
		return "find out why B answers otherwise, before anything else";
	if (p->step && p->verdict && strcmp(p->verdict, "inconclusive") != 0)
		return NULL;
	if (p->verdict && strcmp(p->verdict, "worse") == 0)
		return p->n_differences ? "start with what changed most; the report shows it stack by stack"
		    : "prony doctor: with a profile of both arms the cause could be named";
	if (p->verdict && strcmp(p->verdict, "inconclusive") != 0)
		return NULL;
	if (p->source == SOURCE_ESTIMATED)
		return "compare the services in turn: prony prove URL_A URL_B";
	if (c && c->pairs_needed > c->pairs)
		return doc_printf(d, "about %lld pairs would decide it, or fewer on a quieter machine",
		    (long long)c->pairs_needed);
	return "measure on a quieter machine: prony prove --aa grades it";
}

/* What to type or change next; NULL when nothing suggests itself. */
static const char *
next_step(struct doc *d, const struct run *r)
{
	if (section_proof_of(r) && r->verdict != VERDICT_ERROR)
		return next_of_proof(d, section_proof_of(r));
	if (r->n_findings && r->findings[0].kind)
		return doc_printf(d, "prony explain %s", say_clip(d, r->findings[0].kind, 60));
	if (r->verdict == VERDICT_GENERATOR_LIMITED)
		return "run prony on another machine, or leave it more CPU, and check again";
	if (r->verdict == VERDICT_IDLE)
		return "send requests meanwhile, or let prony check URL make the load";
	return r->verdict == VERDICT_INCONCLUSIVE
	    ? "measure longer (--for 60s) on a quieter machine" : NULL;
}

/* Without slashes at its end; at most so much as a person can use. */
static int
folder_size(const char *folder)
{
	size_t n = strnlen(folder, 1000);
	while (n > 1 && folder[n - 1] == '/')
		n--;
	return (int)n;
}

void
section_footer(struct doc *d, const struct run *r)
{
	struct doc_block *b = doc_block(d, DOC_PAIRS);

	if (r->folder)
		doc_pair(d, b, "report", doc_printf(d, "%.*s/report.html",
		    folder_size(r->folder), r->folder));
	if (say_known(r->self.cpu))
		doc_pair(d, b, "cost", doc_printf(d,
		    "prony used %s and %s beside the load generator",
		    say_cores(d, r->self.cpu), say_size(d, (double)r->self.rss_bytes)));
	doc_pair(d, b, "unseen", closed_eyes(d, r));
	doc_pair(d, b, "next", next_step(d, r));
	if (!b->n_pairs)
		doc_pair(d, b, "next", "prony check URL");
}

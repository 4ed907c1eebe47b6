/* SPDX-License-Identifier: MIT */
/* How quiet the machine was, and what can be told on it. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"
#include "report/say_proof.h"

static const char *
meaning_of(const char *grade)
{
	static const char *const words[][2] = {
		{ "quiet", "Quiet: small changes of latency can be told here." },
		{ "usable", "Usable: CPU per request is the surest figure; latency needs larger changes." },
		{ "noisy", "Noisy: only CPU per request and large changes of latency can be told here." },
	};
	for (size_t i = 0; grade && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(grade, words[i][0]) == 0)
			return words[i][1];
	return NULL;
}

void
section_proof_noise(struct doc *d, const struct run *r)
{
	const struct run_proof *p = section_proof_of(r);
	const struct run_noise *n = &p->noise;
	const char *meaning = meaning_of(n->grade);

	if (!say_noise(d, p)) {
		doc_note(d, p->source == SOURCE_ESTIMATED ? "These are two finished runs. What the machine did "
		    "between them is not known, so the intervals are wide enough for what machines usually do."
		    : "The noise of the machine was not measured.");
		return;
	}
	if (meaning)
		doc_lead(d, strcmp(n->grade, "noisy") == 0 ? TONE_WARN : TONE_GOOD, meaning);
	struct doc_block *b = doc_block(d, DOC_PAIRS);
	if (say_known(n->spin_p99_over_p50))
		doc_pair(d, b, "Fixed piece of work, p99 over p50", doc_printf(d, "%.2f", n->spin_p99_over_p50));
	if (say_known(n->spin_spread))
		doc_pair(d, b, "Its slowest block over its fastest", doc_printf(d, "%.2f", n->spin_spread));
	if (say_known(n->block_cpu_sd))
		doc_pair(d, b, "CPU per request within a pair", doc_printf(d, "varies by %s",
		    say_percent(d, n->block_cpu_sd)));
	if (say_known(n->block_p99_sd))
		doc_pair(d, b, "p99 within a pair", doc_printf(d, "varies by %s",
		    say_percent(d, n->block_p99_sd)));
	if (say_known(n->steal))
		doc_pair(d, b, "CPU time stolen by other guests", say_percent(d, n->steal));
}

/* SPDX-License-Identifier: MIT */
/* Make the hot function cheaper. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const char *source = words_source(r, f->where);

	if (words_compress(r, f, s))
		return;
	s->what = run_printf(r, "make %s cheaper", words_place(r, f->where));
	s->apply = run_printf(r, "in %s%s%s%s: do repeated work once, remember results per key, "
	    "choose an algorithm that grows slower than its input; then prove it: prony prove OLD NEW",
	    words_place(r, f->where), source ? " (" : "", source ? source : "", source ? ")" : "");
	s->undo = UNDO_REVERT;
}

const struct fix fix_code_function = {
	.kind = "cpu.hot-function", .action = "code.function", .gain_low = 0.3, .gain_high = 0.9,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "code that is harder to read, or memory for remembered results that must "
	    "be dropped when their source changes",
};

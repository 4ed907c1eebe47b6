/* SPDX-License-Identifier: MIT */
/* Compress large answers. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "compress the answers of %s", words_place(r, f->where));
	s->apply = run_printf(r, "gzip at level 5 for %s and similar routes when the client accepts "
	    "it, with Vary: Accept-Encoding; static files beforehand", words_place(r, f->where));
	s->undo = "switch the compression off again";
}

const struct fix fix_gate_compress = {
	.kind = "io.net.uncompressed", .action = "gate.compress", .gain_low = 0.4, .gain_high = 0.8,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "CPU per answer (10 to 30 ms per MB at a moderate level); not for answers "
	    "that mix secrets with text of the client",
};

/* SPDX-License-Identifier: MIT */
/* Less garbage, or a larger heap. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "relieve the %s", words_place(r, f->where));
	s->apply = "allocate less per request (reuse, stream), or raise the heap: -Xmx (Java), "
	    "--max-semi-space-size (Node), GOGC (Go); Python: gc.freeze() after start";
	s->undo = "set the old value again and restart";
}

const struct fix fix_memory_gc = {
	.kind = "memory.gc", .action = "memory.garbage", .gain_low = 0.3, .gain_high = 0.8,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "a larger heap uses more memory; reused buffers are a source of bugs",
};

/* SPDX-License-Identifier: MIT */
/* Feed the job: as many workers as keep up with it, or less to do for each.
 *
 * Little's law: the time that workers are at work for a step over the step's own work. */
#include <math.h>

#include "plan/fix.h"
#include "plan/words.h"

#define ALL_AT_WORK 0.9     /* of the workers: others would find something to do */

/* Workers that keep up; NAN: more of them do not help. Those that compute need a CPU each. */
static double
workers_needed(const struct run *r, const struct run_finding *f, const struct run_loader *l)
{
	double needed = ceil(l->busy / (1 - l->waited) - 0.01);
	bool fit = f->class != CLASS_CPU || needed <= (double)r->host.cpus;

	return l->busy > ALL_AT_WORK * (double)l->workers && fit && needed > (double)l->workers && needed < 1e4
	    ? needed : NAN;
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const struct run_loader *l = r->evidence.trace.loaders;
	double needed = r->evidence.trace.n_loaders ? workers_needed(r, f, l) : NAN;

	if (isfinite(needed)) {
		s->what = run_printf(r, "%.0f data workers instead of %lld", needed, (long long)l->workers);
		s->apply = run_printf(r, "PyTorch: DataLoader(num_workers=%.0f, prefetch_factor=4, "
		    "persistent_workers=True); multiprocessing.Pool(%.0f)", needed, needed);
		s->undo = run_printf(r, "set %lld workers again", (long long)l->workers);
		return;
	}
	s->what = run_printf(r, "less work for the data workers in %s", words_place(r, f->where));
	s->apply = f->class == CLASS_CPU ? "decode once and keep the result; use a faster decoder (libjpeg-turbo, "
	    "DALI); move augmentation to the device" : "fewer and larger files read in order, from a local disk or "
	    "the page cache; order further ahead (PyTorch: prefetch_factor), with a queue for each worker";
	s->undo = UNDO_REVERT;
	s->effort = LEVEL_MEDIUM;
}

const struct fix fix_data_loading = {
	.kind = "io.data-loading", .action = "data.loading", .gain_low = 0.4, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "each worker takes a CPU and memory of its own; items ordered ahead take memory too",
};

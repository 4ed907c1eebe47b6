/* SPDX-License-Identifier: MIT */
#include "diagnose/memory.h"

#include <math.h>

double
memory_limit(const struct run *r, bool *ret_own)
{
	int64_t limit = 0;

	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].memory_limit > 0
		    && (limit == 0 || r->system.processes[i].memory_limit < limit))
			limit = r->system.processes[i].memory_limit;
	*ret_own = limit > 0;
	if (limit <= 0)
		limit = r->host.memory_bytes;
	return limit > 0 ? (double)limit : NAN;
}

/* When growth that goes on reaches the limit; only of growth that is certain. */
static struct run_num
full_in(const struct run_memory *m)
{
	double left = fmax(0, m->limit_bytes - m->rss_bytes);
	const struct run_num *g = &m->growth;

	if (!(g->low > 0) || !isfinite(m->limit_bytes))
		return (struct run_num){ NAN, NAN, NAN, SOURCE_NONE };
	return (struct run_num){ left / g->value, left / g->high, left / g->low, SOURCE_ESTIMATED };
}

void
memory_make(const struct facts *f)
{
	struct run *r = f->run;
	struct run_memory *m = &r->memory;
	const struct run_series *rss = facts_series(f, "service_rss_bytes");
	bool seen = f->n_parts > 0 && (!f->estimated || f->waits_sampled);

	m->rss_bytes = rss ? rss->mean : NAN;
	m->growth = (struct run_num){ rss ? rss->slope_per_s : NAN, rss ? rss->slope_low : NAN,
		rss ? rss->slope_high : NAN, SOURCE_MEASURED };
	m->limit_bytes = memory_limit(r, &m->limit_own);
	m->full_in = full_in(m);
	m->gc_share = seen ? f->charged[PART_GC] : NAN;
	m->fault_share = seen ? f->charged[PART_FAULT] : NAN;
	m->minor_faults = facts_mean(f, "service_minor_faults_per_second");
	m->major_faults = facts_mean(f, "service_major_faults_per_second");
	m->swap_bytes = facts_mean(f, "service_swap_bytes");
}

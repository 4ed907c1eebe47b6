/* SPDX-License-Identifier: MIT */
/* A runtime that collects gives pages back after each collection, and faults them in again as the program goes
 * on allocating: in the program's functions, though none of them touches new memory by its own will. */
#include "diagnose/heap.h"

#include <math.h>

#include "diagnose/text.h"

#define COLLECTIONS_MIN 1       /* a second */
#define GC_MIN          0.03    /* of the time: with less the pages may be another's */

static bool
is_collected(const struct facts *f)
{
	static const char *const paging[] = { "node", "deno", "bun", "java", "go", NULL };

	for (size_t i = 0; i < f->trace->n_gc; i++) {
		const struct run_gc *g = &f->trace->gc[i];
		if (text_in(g->runtime, paging) && f->trace->seconds > 0
		    && (double)g->collections / f->trace->seconds >= COLLECTIONS_MIN)
			return true;
	}
	return false;
}

double
heap_churn(const struct facts *f)
{
	const char *by;

	if (f->charged[PART_GC] < GC_MIN || !is_collected(f))
		return 0;
	return fmin(f->charged[PART_FAULT] + facts_with_runqueue(f, facts_faults(f, &by)), 1);
}

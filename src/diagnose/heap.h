/* SPDX-License-Identifier: MIT */
/* Heaps that a runtime collects: what they cost beside the collections themselves. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* Share of the time in pages that a heap which is collected again and again gives back and brings in anew;
 * 0 where none is, or where the pages may be others'. */
double heap_churn(const struct facts *f);

/* How what full collections leave behind grows while traced, where that is seen. */
struct heap_growth {
	bool seen;
	double per_request;        /* bytes; may be below 0 */
	double steady;             /* how well a line describes it, while traced and since the run began: r squared */
	double against;            /* that, over what it was before: about 1 for a leak, less for caches that fill; 1 unknown */
	double first, last;        /* bytes in the heap */
};
struct heap_growth heap_growth(const struct facts *f);

/* Does it tell of a leak: certain, unlike growth of resident memory, which a heap's garbage may be? */
bool heap_leaks(const struct heap_growth *h);

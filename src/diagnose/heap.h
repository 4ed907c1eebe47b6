/* SPDX-License-Identifier: MIT */
/* Heaps that a runtime collects: what they cost beside the collections themselves. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* Share of the time in pages that a heap which is collected again and again gives back and brings in anew;
 * 0 where none is, or where the pages may be others'. */
double heap_churn(const struct facts *f);

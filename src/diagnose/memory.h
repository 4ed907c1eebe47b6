/* SPDX-License-Identifier: MIT */
/* How the service uses memory: what a page shows of it, and what the leak detector asks. Private to
 * diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* Bytes that the service may have: the least of its own limits, else the host's. NAN unknown. */
double memory_limit(const struct run *r, bool *ret_own);

void memory_make(const struct facts *f);   /* r->memory */

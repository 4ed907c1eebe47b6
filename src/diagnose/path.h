/* SPDX-License-Identifier: MIT */
/* The decision path: may anything be concluded, what is to be explained, where its time or its
 * resource goes, what the defect is; each a fork with the figures that decided it. Latency forks
 * into network, database and compute; throughput into CPU, I/O and memory. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* Writes r->forks. `refusal`: why nothing may be concluded, else NULL. */
void path_make(const struct facts *f, const char *refusal);

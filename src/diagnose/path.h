/* SPDX-License-Identifier: MIT */
/* The decision path: symptom, then where the time or the resource goes, then the cause; one line
 * a fork with the numbers that decided it. Latency forks into network, database and compute;
 * throughput into CPU, I/O and memory. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* `refusal`: why nothing may be concluded, else NULL. */
void path_make(const struct facts *f, const char *refusal);

/* SPDX-License-Identifier: MIT */
/* confirm: prony makes the load, so it can vary it, and that is an experiment. Private to diagnose/.
 *
 * While requests come one at a time nobody waits for another request: what they waited for each other,
 * at a lock, for a worker, a pooled connection or a CPU, has to be gone then. A finding that says so and
 * agrees is causal; one that does not loses confidence. What a request does by itself stays in both, and
 * is neither confirmed nor refuted by that. */
#pragma once

#include "diagnose/facts.h"

/* Both change r->findings: basis, evidence, counter-evidence, confidence. */
void confirm(const struct facts *f);

/* Likewise by r->evidence.presses: what answers follow when it has less CPU is causal; what it was
 * taken from without a difference is not the limit. A server that only waits, or is at its disk, does
 * not follow either, so that one is not doubted for it. */
void confirm_presses(const struct facts *f);

/* SPDX-License-Identifier: MIT */
/* How long something has taken lately: its middle and its tail, from a histogram of logarithmic classes
 * (four an octave, so a quantile is at most a fifth too high) in which the past fades: all is halved after
 * so many. For decisions, not for reports. One thread. */
#pragma once

#include <stdint.h>

#define LATENCY_CLASSES 96    /* 1 us to 16 s */
#define LATENCY_ENOUGH  32    /* before that nothing is said */

/* Zeroed: nothing is known. */
struct latency {
	uint32_t counts[LATENCY_CLASSES];
	uint32_t n, since;            /* all of them; since the quantiles were looked at */
	int64_t p50_ns, p99_ns;       /* 0: not known */
};

void latency_add(struct latency *l, int64_t ns);
/* So long that this share, below 1, took no longer; 0: not known. */
int64_t latency_quantile(const struct latency *l, double share);

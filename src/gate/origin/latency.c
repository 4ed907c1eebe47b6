/* SPDX-License-Identifier: MIT */
#include "gate/origin/latency.h"

#define FADE_AT   1024
#define LOOK_EACH 16

/* The class of a duration: its octave above 1 us, and the two bits behind its first. */
static int
class_of(int64_t ns)
{
	if (ns < 1024)
		return 0;
	int octave = 63 - __builtin_clzll((unsigned long long)ns);
	int class = (octave - 10) * 4 + (int)(ns >> (octave - 2) & 3);
	return class < LATENCY_CLASSES ? class : LATENCY_CLASSES - 1;
}

/* Where the class ends. */
static int64_t
end_of(int class)
{
	return ((int64_t)(class % 4) + 5) << (class / 4 + 8);
}

static int64_t
quantile(const struct latency *l, uint32_t rank)
{
	uint32_t seen = 0;

	for (int i = 0; i < LATENCY_CLASSES; i++) {
		seen += l->counts[i];
		if (seen >= rank)
			return end_of(i);
	}
	return end_of(LATENCY_CLASSES - 1);
}

static void
fade(struct latency *l)
{
	l->n = 0;
	for (int i = 0; i < LATENCY_CLASSES; i++) {
		l->counts[i] /= 2;
		l->n += l->counts[i];
	}
}

int64_t
latency_quantile(const struct latency *l, double share)
{
	return l->n < LATENCY_ENOUGH ? 0 : quantile(l, (uint32_t)(share * l->n) + 1);
}

void
latency_add(struct latency *l, int64_t ns)
{
	l->counts[class_of(ns)]++;
	l->n++;
	if (l->n >= FADE_AT)
		fade(l);
	if (l->n < LATENCY_ENOUGH || ++l->since < LOOK_EACH)
		return;
	l->since = 0;
	l->p50_ns = quantile(l, (l->n + 1) / 2);
	l->p99_ns = quantile(l, l->n - l->n / 100);
}

/* SPDX-License-Identifier: MIT */
#include "experiment/spin.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"

#define ROUNDS      400000   /* of the generator below */
#define BESIDE      8        /* repetitions beside a block */
#define MOST        8192

/* Grades: how far the slowest hundredth is from the middle. */
#define QUIET_RATIO  1.1
#define USABLE_RATIO 1.5

/* A chain of dependent multiplications (Steele & Vigna's LCG step): neither memory nor the width of
 * the core matter, only its time. */
static uint64_t
work(uint64_t x)
{
	for (int i = 0; i < ROUNDS; i++)
		x = x * UINT64_C(0xd1342543de82ef95) + 1;
	return x;
}

static volatile uint64_t sink;

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The work, done `times` times, each about half a millisecond on a machine of 2020; its times in
 * seconds, ascending. */
static void
spin_times(double *ret_s, size_t times)
{
	for (size_t i = 0; i < times; i++) {
		int64_t begin = now_ns();
		sink = work(sink);
		ret_s[i] = ns_to_s(now_ns() - begin);
	}
	qsort(ret_s, times, sizeof(*ret_s), by_value);
}

double
spin_now(void)
{
	int64_t begin = now_ns();

	for (int i = 0; i < BESIDE; i++)
		sink = work(sink);
	return ns_to_s(now_ns() - begin) / BESIDE;
}

void
spin_grade(struct run_noise *n, struct run *r, int64_t for_ns)
{
	double one = spin_now(), times = ns_to_s(for_ns) / one;
	size_t count = times < 100 ? 100 : times > MOST ? MOST : (size_t)times;
	double *s = calloc(count, sizeof(*s));

	if (!s)
		abort();
	spin_times(s, count);
	n->spin_p99_over_p50 = s[count * 99 / 100] / s[count / 2];
	n->grade = run_str(r, n->spin_p99_over_p50 < QUIET_RATIO ? "quiet"
	    : n->spin_p99_over_p50 < USABLE_RATIO ? "usable" : "noisy");
	free(s);
}

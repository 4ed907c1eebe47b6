/* SPDX-License-Identifier: MIT */
#include "trace/toll.h"

#include <math.h>

#define NOTHING 0.001          /* of a core: nobody's load changes by that */

void
toll_open(struct toll *t, int64_t now, int64_t cpu, int64_t paid)
{
	*t = (struct toll){ .began = now, .cpu = cpu, .paid = paid };
}

double
toll_share(int64_t cpu, int64_t paid)
{
	if (cpu <= 0)
		return NAN;
	return paid < cpu ? (double)paid / (double)(cpu - paid) : 1;
}

double
toll_excess(const struct toll *t, int64_t now, int64_t cpu, int64_t paid)
{
	if ((double)(paid - t->paid) <= NOTHING * (double)(now - t->began) || cpu <= t->cpu)
		return 0;
	return toll_share(cpu - t->cpu, paid - t->paid) / TOLL_MOST;
}

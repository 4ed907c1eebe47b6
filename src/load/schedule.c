/* SPDX-License-Identifier: MIT */
#include "load/schedule.h"

#include <math.h>

#include "base/clock.h"

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) at position i: its state is a plain counter, so any
 * position can be asked for. */
uint64_t
schedule_random(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

struct schedule_reader
schedule_read(const struct schedule *s, int64_t worker, int64_t workers)
{
	return (struct schedule_reader){ .schedule = s, .index = worker, .stride = workers };
}

/* Place of the next arrival on the axis where the rate is one. */
static double
next_place(struct schedule_reader *r)
{
	const struct schedule *s = r->schedule;

	if (!s->poisson)
		return (double)r->index;
	for (; r->drawn <= r->index; r->drawn++) {
		double u = (double)(schedule_random(s->seed, (uint64_t)r->drawn) >> 11) * 0x1p-53;
		r->place -= log1p(-u);
	}
	return r->place;
}

bool
schedule_next(struct schedule_reader *r, struct arrival *ret)
{
	const struct schedule *s = r->schedule;

	if (s->at_most && r->index >= s->at_most)
		return false;
	double place = next_place(r);
	for (; r->part < s->n_parts; r->part++) {
		const struct schedule_part *p = &s->parts[r->part];
		double passes = p->rate * ns_to_s(p->for_ns);
		if (place < r->part_place + passes)
			break;
		r->part_place += passes;
		r->part_ns += p->for_ns;
	}
	if (r->part == s->n_parts)
		return false;
	*ret = (struct arrival){
		.index = r->index,
		.at_ns = r->part_ns + llround((place - r->part_place) / s->parts[r->part].rate * 1e9),
		.route = (uint32_t)(r->index % s->routes),
		.seed = schedule_random(~s->seed, (uint64_t)r->index),
	};
	r->index += r->stride;
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "load/schedule.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/err.h"

/* What is drawn for one seed must not depend on each other: a stream each. */
#define STREAM_BLOCKS UINT64_C(0x5bf03635d1a3c9e7)
#define STREAM_ROUTES UINT64_C(0xa24baed4963ee407)

/* In (0, 1]: its logarithm exists. */
static double
uniform(uint64_t seed, uint64_t i)
{
	return (double)((random_at(seed, i) >> 11) + 1) * 0x1p-53;
}

struct schedule_reader
schedule_read(const struct schedule *s, int64_t worker, int64_t workers)
{
	struct schedule_reader r;

	/* Not the union: what is in it is written before it is read. */
	memset(&r, 0, offsetof(struct schedule_reader, places));
	r.schedule = s;
	r.index = worker;
	r.stride = workers;
	r.block = r.drawn = -1;
	if (s->recorded)
		r.cursor = arrivals_begin();
	return r;
}

/* ---- the unit process ---------------------------------------------------------------------- */

/* The length of a block: a number of the gamma distribution of order SCHEDULE_BLOCK, by Marsaglia
 * and Tsang (ACM TOMS 26, 2000), its normal number by Box and Muller. */
static double
block_length(uint64_t seed, int64_t block)
{
	const double d = SCHEDULE_BLOCK - 1.0 / 3, c = 1 / sqrt(9 * d);
	uint64_t stream = random_at(seed ^ STREAM_BLOCKS, (uint64_t)block);

	for (uint64_t i = 0;; i += 3) {
		double x = sqrt(-2 * log(uniform(stream, i))) * cos(2 * M_PI * uniform(stream, i + 1));
		double v = 1 + c * x;
		v *= v * v;
		if (v > 0 && log(uniform(stream, i + 2)) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v;
	}
}

static void
pass_block(struct schedule_reader *r)
{
	r->block_place = r->block_end;
	r->block_end += block_length(r->schedule->seed, ++r->block);
}

static void
draw_gaps(struct schedule_reader *r)
{
	uint64_t seed = r->schedule->seed, first = (uint64_t)r->block * SCHEDULE_BLOCK;
	double sum = 0;

	for (uint64_t i = 0; i < SCHEDULE_BLOCK; i++) {
		sum -= log(uniform(seed, first + i));
		r->places[i] = sum;
	}
	r->block_scale = (r->block_end - r->block_place) / sum;
	r->drawn = r->block;
}

/* Place of the next arrival on the axis where the rate is one. */
static double
next_place(struct schedule_reader *r)
{
	int64_t block = r->index / SCHEDULE_BLOCK;

	if (!r->schedule->poisson)
		return (double)r->index;
	while (r->block < block)
		pass_block(r);
	if (r->drawn != block)
		draw_gaps(r);
	double place = r->block_place + r->places[r->index % SCHEDULE_BLOCK] * r->block_scale;
	return place < r->block_end ? place : r->block_end;   /* rounding must not reorder */
}

/* ---- the rate ------------------------------------------------------------------------------ */

/* The integral of the rate over the first part of it that is so long. */
static double
passes_in(const struct schedule_part *p, int64_t for_ns)
{
	double share = p->for_ns ? (double)for_ns / (double)p->for_ns : 0;
	return (p->from + 0.5 * (p->to - p->from) * share) * ns_to_s(for_ns);
}

/* Where in the part its integral reaches `passed`: the smaller root of the quadratic, in the form
 * that divides by a sum of rates and so cancels nothing, not even at a rate of 0. */
static int64_t
reached_ns(const struct schedule_part *p, double passed)
{
	double slope = (p->to - p->from) / ns_to_s(p->for_ns);
	double square = p->from * p->from + 2 * slope * passed;   /* of the rate there */

	if (passed <= 0)
		return 0;
	double s = 2 * passed / (p->from + sqrt(square > 0 ? square : 0));
	int64_t ns = llround(s * 1e9);
	return ns < p->for_ns ? ns : p->for_ns;
}

/* Move to the part that the place lies in; false: behind the last. */
static bool
enter_part(struct schedule_reader *r, double place)
{
	const struct schedule *s = r->schedule;

	for (; r->part < s->n_parts; r->part++) {
		const struct schedule_part *p = &s->parts[r->part];
		double passes = passes_in(p, p->for_ns);
		if (place < r->part_place + passes)
			return true;
		r->part_place += passes;
		r->part_ns += p->for_ns;
	}
	return false;
}

/* ---- arrivals ------------------------------------------------------------------------------ */

uint32_t
schedule_route(const struct schedule *s, int64_t i)
{
	if (s->mix)
		return mix_pick(s->mix, random_at(s->seed ^ STREAM_ROUTES, (uint64_t)i));
	return (uint32_t)(i % s->routes);
}

static bool
next_recorded(struct schedule_reader *r, struct arrival *ret)
{
	const struct schedule *s = r->schedule;
	struct arrivals_entry entry;

	if (!arrivals_next(s->recorded, &r->cursor, r->index, &entry))
		return false;
	ret->at_ns = entry.at_ns;
	ret->route = entry.route == ARRIVALS_IN_TURN ? schedule_route(s, r->index) : entry.route;
	return true;
}

static bool
next_computed(struct schedule_reader *r, struct arrival *ret)
{
	double place = next_place(r);

	if (!enter_part(r, place))
		return false;
	ret->at_ns = r->part_ns + reached_ns(&r->schedule->parts[r->part], place - r->part_place);
	ret->route = schedule_route(r->schedule, r->index);
	return true;
}

bool
schedule_next(struct schedule_reader *r, struct arrival *ret)
{
	const struct schedule *s = r->schedule;

	if (s->at_most && r->index >= s->at_most)
		return false;
	if (!(s->recorded ? next_recorded(r, ret) : next_computed(r, ret)))
		return false;
	ret->index = r->index;
	ret->seed = random_at(~s->seed, (uint64_t)r->index);
	r->index += r->stride;
	return true;
}

/* ---- as a whole ---------------------------------------------------------------------------- */

/* The integral of the rate up to that time. */
static double
integral(const struct schedule *s, int64_t until_ns)
{
	double sum = 0;

	for (size_t i = 0; i < s->n_parts && until_ns > 0; i++) {
		const struct schedule_part *p = &s->parts[i];
		sum += passes_in(p, until_ns < p->for_ns ? until_ns : p->for_ns);
		until_ns -= p->for_ns;
	}
	return sum;
}

/* Pass over arrivals that are surely before that place: what is left is a block or two. */
static void
pass_over(struct schedule_reader *r, double place)
{
	const struct schedule *s = r->schedule;
	int64_t index = place > 2 ? (int64_t)place - 2 : 0;

	if (s->recorded)
		return;
	if (s->poisson) {
		while (r->block < 0 || r->block_end + 1 < place)
			pass_block(r);
		index = r->block * SCHEDULE_BLOCK;
	}
	if (s->at_most && index > s->at_most)
		index = s->at_most;
	if (index > r->index)
		r->index = index;
}

int64_t
schedule_skip(struct schedule_reader *r, int64_t until_ns)
{
	struct arrival a;

	assert(r->stride == 1);
	pass_over(r, integral(r->schedule, until_ns));
	while (schedule_next(r, &a))
		if (a.at_ns >= until_ns) {
			r->index--;
			break;
		}
	return r->index;
}

int64_t
schedule_count(const struct schedule *s, int64_t until_ns)
{
	struct schedule_reader r = schedule_read(s, 0, 1);
	return schedule_skip(&r, until_ns);
}

int64_t
schedule_share(int64_t count, int64_t worker, int64_t workers)
{
	return count > worker ? (count - worker + workers - 1) / workers : 0;
}

int64_t
schedule_length_ns(const struct schedule *s)
{
	int64_t ns = 0;

	if (s->recorded)
		return arrivals_summary(s->recorded).last_ns + 1;
	for (size_t i = 0; i < s->n_parts; i++)
		ns += s->parts[i].for_ns;
	return ns;
}

double
schedule_peak_rate(const struct schedule *s)
{
	double peak = 0;

	if (s->recorded)
		return arrivals_summary(s->recorded).peak_rate;
	for (size_t i = 0; i < s->n_parts; i++)
		peak = fmax(peak, fmax(s->parts[i].from, s->parts[i].to));
	return peak;
}

/* ---- to a file ----------------------------------------------------------------------------- */

static int
write_all(const struct schedule *s, const char *const *names, FILE *f)
{
	struct schedule_reader r = schedule_read(s, 0, 1);
	struct arrival a;
	int64_t at = 0;

	fprintf(f, "# arrivals: seconds since the start, and the route\n");
	while (schedule_next(&r, &a)) {
		/* The inverse of a rising rate may be off by half a step of its last digit. */
		at = a.at_ns > at ? a.at_ns : at;
		fprintf(f, "%lld.%09lld ", (long long)(at / NS_PER_S), (long long)(at % NS_PER_S));
		if (names && arrivals_can_name(names[a.route]))
			fprintf(f, "%s\n", names[a.route]);
		else
			fprintf(f, "%u\n", (unsigned)a.route);
	}
	return ferror(f) ? -EIO : 0;
}

int
schedule_save(const struct schedule *s, const char *const *names, const char *path,
    struct err *e)
{
	char temporary[4096];

	if (snprintf(temporary, sizeof(temporary), "%s.tmp.%ld", path, (long)getpid()) >=
	    (int)sizeof(temporary))
		return err_set(e, ENAMETOOLONG, "cannot write '%s': name too long", path);
	FILE *f = fopen(temporary, "we");
	if (!f)
		return err_set(e, errno, "cannot create '%s': %s", temporary, strerror(errno));
	int code = write_all(s, names, f);
	if (fclose(f) != 0 && code == 0)
		code = -errno;
	if (code == 0 && rename(temporary, path) < 0)
		code = -errno;
	if (code < 0) {
		unlink(temporary);
		return err_set(e, -code, "cannot write '%s': %s", path, strerror(-code));
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "gate/origin/concurrency.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

#define WINDOW_NS     (100 * NS_PER_MS)
#define WINDOW_SEEN   20      /* requests a window has at least */
#define BASE_SEEN     5       /* unloaded ones that make a median */
#define BASE_WINDOWS  20      /* without a measurement, then the limit dips */
#define LIMIT_BEGIN   512.0   /* of all workers: who is too high comes down at once, who is too low queues */
#define TOLERANCE     1.3     /* latency may be above the base by so much before the limit falls */
#define GRADIENT_MIN  0.5
#define CODEL_INTERVAL_NS (100 * NS_PER_MS)

/* ---- samples ---- */

static void
sample_add(struct latency_sample *s, int64_t latency_ns, uint64_t bits)
{
	uint64_t at = s->seen < CONCURRENCY_SAMPLES ? s->seen : random_below(bits, s->seen + 1);

	if (at < CONCURRENCY_SAMPLES)
		s->at[at] = latency_ns;
	if (s->seen < UINT32_MAX)
		s->seen++;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double
sample_median(struct latency_sample *s)
{
	size_t n = s->seen < CONCURRENCY_SAMPLES ? s->seen : CONCURRENCY_SAMPLES;

	qsort(s->at, n, sizeof(s->at[0]), compare);
	size_t middle = n / 2;
	return (double)s->at[middle];
}

/* ---- the limit ---- */

static double
within(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

void
concurrency_init(struct concurrency *c, const struct gate_concurrency *s, int64_t workers)
{
	double min = ceil((double)s->min / (double)workers), max = ceil((double)s->max / (double)workers);

	*c = (struct concurrency){ .adaptive = s->adaptive, .min = min, .max = max };
	c->limit = s->adaptive ? within(LIMIT_BEGIN / (double)workers, min, max) : max;
}

uint32_t
concurrency_limit(const struct concurrency *c)
{
	double limit = c->dip ? c->limit / 2 : c->limit;
	return limit > 1 ? (uint32_t)limit : 1;
}

/* Faster is believed at once; slower by halves, for one window of unloaded requests may be unlucky. */
static void
learn_base(struct concurrency *c)
{
	if (c->low.seen < BASE_SEEN)
		return;
	double seen = sample_median(&c->low);
	c->base_ns = !c->base_ns || seen < c->base_ns ? seen : (c->base_ns + seen) / 2;
	c->windows = 0;
}

/* Down when latency is above what it would be without a queue; up, by its root, when what is allowed was
 * also used. */
static void
move_limit(struct concurrency *c)
{
	if (!c->base_ns)
		c->base_ns = sample_median(&c->all);
	double now = sample_median(&c->all);
	double gradient = within(TOLERANCE * c->base_ns / now, GRADIENT_MIN, 1);
	double room = sqrt(c->limit) / 2;
	if (gradient == 1 && c->most < c->limit * 0.75)
		return;
	c->limit = within(c->limit * gradient + (room > 1 ? room : 1), c->min, c->max);
}

static void
end_window(struct concurrency *c, int64_t now_ns)
{
	learn_base(c);
	if (!c->dip)
		move_limit(c);
	c->dip = !c->dip && c->limit >= 2 && ++c->windows > BASE_WINDOWS;
	c->all.seen = c->low.seen = 0;
	c->most = c->in_flight;
	c->window_begin_ns = now_ns;
}

bool
concurrency_begin(struct concurrency *c, uint32_t *ret_place)
{
	if (c->in_flight >= concurrency_limit(c))
		return false;
	*ret_place = c->in_flight++;
	if (c->in_flight > c->most)
		c->most = c->in_flight;
	return true;
}

void
concurrency_end(struct concurrency *c, uint32_t place, int64_t latency_ns, int64_t now_ns)
{
	assert(c->in_flight > 0);
	c->in_flight--;
	if (!c->adaptive || latency_ns < 0)
		return;
	uint64_t bits = random_at(0, c->draws++);
	sample_add(&c->all, latency_ns, bits);
	if (place < (uint32_t)(c->limit / 2) || !place)
		sample_add(&c->low, latency_ns, bits);
	if (!c->window_begin_ns)
		c->window_begin_ns = now_ns;
	if (now_ns - c->window_begin_ns >= WINDOW_NS && c->all.seen >= WINDOW_SEEN)
		end_window(c, now_ns);
}

/* ---- the queue ---- */

/* When the next one after `refused` is due, RFC 8289, section 4.3. */
static int64_t
next_after(const struct codel *q, int64_t since_ns)
{
	return since_ns + (int64_t)((double)CODEL_INTERVAL_NS / sqrt((double)q->refused));
}

/* Has the wait been above the target for an interval? */
static bool
is_above(struct codel *q, const struct gate_concurrency *s, int64_t wait_ns, int64_t n, int64_t now_ns)
{
	if (wait_ns < s->queue_target_ns || n <= 1) {
		q->above_ns = 0;
		return false;
	}
	if (!q->above_ns)
		q->above_ns = now_ns + CODEL_INTERVAL_NS;
	return now_ns >= q->above_ns;
}

/* A new spell soon after the last one goes on about where that was. */
static void
begin_refusing(struct codel *q, int64_t now_ns)
{
	int64_t delta = q->refused - q->refused_before;
	bool soon = now_ns - q->next_ns < 16 * CODEL_INTERVAL_NS;

	q->refusing = true;
	q->refused = delta > 1 && soon ? delta : 1;
	q->refused_before = q->refused;
	q->next_ns = next_after(q, now_ns);
}

static bool
is_due(struct codel *q, int64_t now_ns)
{
	if (!q->refusing) {
		begin_refusing(q, now_ns);
		return true;
	}
	if (now_ns < q->next_ns)
		return false;
	q->refused++;
	q->next_ns = next_after(q, q->next_ns);
	return true;
}

enum codel_step
codel_next(struct codel *q, const struct gate_concurrency *s, int64_t wait_ns, int64_t n, int64_t now_ns)
{
	if (wait_ns >= s->queue_timeout_ns)
		return CODEL_REFUSE_ELDEST;
	if (!is_above(q, s, wait_ns, n, now_ns)) {
		q->refusing = false;
		return CODEL_SERVE_ELDEST;
	}
	return is_due(q, now_ns) ? CODEL_REFUSE_ELDEST : CODEL_SERVE_YOUNGEST;
}

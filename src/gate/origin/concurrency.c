/* SPDX-License-Identifier: MIT */
#include "gate/origin/concurrency.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define WINDOW_NS     (100 * NS_PER_MS)
#define COHORT_MIN    20
#define BASE_WINDOWS  20      /* without a measurement, then the limit dips */
#define LIMIT_BEGIN   4.0     /* of all workers, or min */
#define USED          0.75    /* of the limit: so much was in flight at a time */
#define TOLERANCE     1.3     /* latency may be above the base by so much before the limit falls */
#define GRADIENT_MIN  0.5
#define CLIMB_SLOW    1.5     /* times the base: more than chance, less than a queue as long as what is worked on */
#define CLIMB_CALM    1.1     /* times the base: nobody waited */
#define CLIMB_AGAIN   8       /* calm windows in which the limit was used */
#define CODEL_INTERVAL_NS (100 * NS_PER_MS)

/* ---- cohorts ---- */

static double
within(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* Of as many as may be in flight, where that is enough to tell and not more than fit. */
static void
cohort_start(struct cohort *h, double limit)
{
	double size = within(limit, COHORT_MIN, COHORT_MAX);

	*h = (struct cohort){ .number = h->number + 1 ? h->number + 1 : 1, .size = (uint32_t)size };
}

/* The cohort's number; 0: it has all of its members. */
static uint32_t
cohort_join(struct cohort *h)
{
	if (h->begun == h->size)
		return 0;
	h->begun++;
	return h->number;
}

static void
cohort_leave(struct cohort *h, uint32_t number, int64_t latency_ns)
{
	if (number != h->number)
		return;
	if (latency_ns < 0)
		h->begun--;
	else
		h->at[h->ended++] = latency_ns;
}

/* Those who are still under way have taken longer than the median already. */
static bool
cohort_is_known(const struct cohort *h)
{
	return h->begun == h->size && h->ended >= h->size - h->size / 4;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double
cohort_median(struct cohort *h)
{
	size_t middle = h->size / 2;

	qsort(h->at, h->ended, sizeof(h->at[0]), compare);
	return (double)h->at[middle];
}

/* ---- the limit ---- */

static void
begin_window(struct concurrency *c, int64_t now_ns)
{
	cohort_start(&c->all, c->limit);
	c->most = c->in_flight;
	c->window_begin_ns = now_ns;
}

void
concurrency_init(struct concurrency *c, const struct gate_concurrency *s, int64_t workers)
{
	double min = ceil((double)s->min / (double)workers), max = ceil((double)s->max / (double)workers);

	*c = (struct concurrency){ .adaptive = s->adaptive, .climbing = s->adaptive, .min = min, .max = max };
	c->limit = s->adaptive ? within(LIMIT_BEGIN / (double)workers, min, max) : max;
	begin_window(c, 0);
	cohort_start(&c->low, c->limit / 2);
}

uint32_t
concurrency_limit(const struct concurrency *c)
{
	double limit = c->dip ? c->limit / 2 : c->limit;
	return limit > 1 ? (uint32_t)limit : 1;
}

/* By halves, for the requests of one cohort may be unlucky. */
static void
learn_base(struct concurrency *c)
{
	double seen = cohort_median(&c->low);

	c->base_ns = c->base_ns > 0 ? (c->base_ns + seen) / 2 : seen;
	c->windows = 0;
	cohort_start(&c->low, c->limit / 2);
}

static bool
is_used(const struct concurrency *c)
{
	return c->most >= c->limit * USED;
}

/* Down when latency is above what it would be without a queue; up, by its root, when what is allowed was
 * also used. */
static void
move_limit(struct concurrency *c, double now)
{
	double gradient = within(TOLERANCE * c->base_ns / now, GRADIENT_MIN, 1);
	double room = sqrt(c->limit) / 2;

	c->calm = now < CLIMB_CALM * c->base_ns && is_used(c) ? c->calm + 1 : 0;
	c->climbing = c->calm >= CLIMB_AGAIN && c->limit < c->max;
	if (gradient == 1 && !is_used(c))
		return;
	c->limit = within(c->limit * gradient + (room > 1 ? room : 1), c->min, c->max);
}

/* A window that was slow is looked at twice: few requests may be unlucky. The base is what little was in flight took. */
static void
climb(struct concurrency *c, double now)
{
	bool slow = now > CLIMB_SLOW * c->base_ns, ends = slow && c->slow;

	if (now < c->base_ns)
		c->base_ns = (c->base_ns + now) / 2;
	if (ends)
		c->limit = within(c->limit * within(c->base_ns / now, GRADIENT_MIN, 1), c->min, c->max);
	else if (!slow)
		c->limit = within(c->limit * 2, c->min, c->max);
	c->climbing = !ends && c->limit < c->max;
	c->slow = slow && !ends;
	c->calm = 0;
}

static void
end_window(struct concurrency *c, int64_t now_ns)
{
	double now = cohort_median(&c->all);

	if (c->base_ns <= 0)
		c->base_ns = now;
	if (c->climbing)
		climb(c, now);
	else if (!c->dip)
		move_limit(c, now);
	c->dip = !c->dip && !c->climbing && c->limit >= 2 && ++c->windows > BASE_WINDOWS;
	begin_window(c, now_ns);
}

/* While it climbs only those count that have the limit in use before them. */
static uint32_t
join_window(struct concurrency *c)
{
	return c->climbing && c->in_flight + 1 < c->limit * USED ? 0 : cohort_join(&c->all);
}

static uint32_t
join_low(struct concurrency *c)
{
	bool low = !c->in_flight || c->in_flight < (uint32_t)(c->limit / 2);
	return low ? cohort_join(&c->low) : 0;
}

bool
concurrency_begin(struct concurrency *c, struct concurrency_ticket *ret)
{
	if (c->in_flight >= concurrency_limit(c))
		return false;
	*ret = (struct concurrency_ticket){ 0 };
	if (c->adaptive)
		*ret = (struct concurrency_ticket){ join_window(c), join_low(c) };
	if (++c->in_flight > c->most)
		c->most = c->in_flight;
	return true;
}

void
concurrency_end(struct concurrency *c, struct concurrency_ticket ticket, int64_t latency_ns, int64_t now_ns)
{
	assert(c->in_flight > 0);
	c->in_flight--;
	if (!c->adaptive)
		return;
	cohort_leave(&c->all, ticket.all, latency_ns);
	cohort_leave(&c->low, ticket.low, latency_ns);
	if (cohort_is_known(&c->low))
		learn_base(c);
	if (cohort_is_known(&c->all) && (c->climbing || now_ns - c->window_begin_ns >= WINDOW_NS))
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

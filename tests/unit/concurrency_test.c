/* SPDX-License-Identifier: MIT */
/* A service is simulated that works on so many requests side by side, eldest first. */
#include "gate/origin/concurrency.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/random.h"
#include "check.h"

#define MS       NS_PER_MS
#define STEP_NS  (MS / 10)
#define JOBS_MAX 8192

static const struct gate_concurrency settings = {
	.adaptive = true, .min = 2, .max = 4096, .queue = 4096, .queue_target_ns = 20 * NS_PER_MS,
	.queue_timeout_ns = 10 * NS_PER_S,
};

struct job { int64_t begin_ns, work_ns; struct concurrency_ticket ticket; };

struct service {
	struct concurrency c;
	int side_by_side;
	int64_t work_ns;             /* of one request, on average */
	struct job jobs[JOBS_MAX];   /* eldest first */
	size_t n;
	int64_t now_ns, done, latency_ns;
	double least, most;          /* limits of a run */
	uint64_t draws;
	bool uneven;                 /* work is exponential: most of it short, some of it long */
};

/* Let the eldest work for a step; who is ready leaves. */
static void
work(struct service *s)
{
	size_t kept = 0, working = s->n < (size_t)s->side_by_side ? s->n : (size_t)s->side_by_side;

	for (size_t i = 0; i < s->n; i++) {
		struct job *job = &s->jobs[i];
		if (i < working)
			job->work_ns -= STEP_NS;
		if (job->work_ns > 0) {
			s->jobs[kept++] = *job;
			continue;
		}
		s->done++;
		s->latency_ns += s->now_ns - job->begin_ns;
		concurrency_end(&s->c, job->ticket, s->now_ns - job->begin_ns, s->now_ns);
	}
	s->n = kept;
}

static int64_t
next_work_ns(struct service *s)
{
	double unit = random_unit(random_at(5, s->draws++));

	return (int64_t)((double)s->work_ns * (s->uneven ? -log(1 - unit) : 0.5 + unit));
}

/* `clients` who always want something, for so long. */
static void
run(struct service *s, size_t clients, int64_t for_ns)
{
	int64_t end = s->now_ns + for_ns;

	s->done = s->latency_ns = 0;
	s->least = s->most = s->c.limit;
	for (; s->now_ns < end; s->now_ns += STEP_NS) {
		struct concurrency_ticket ticket;
		while (s->n < clients && s->n < JOBS_MAX && concurrency_begin(&s->c, &ticket))
			s->jobs[s->n++] = (struct job){ s->now_ns, next_work_ns(s), ticket };
		work(s);
		s->least = fmin(s->least, s->c.limit);
		s->most = fmax(s->most, s->c.limit);
	}
}

static double
throughput(const struct service *s, int64_t for_ns)
{
	return (double)s->done / ns_to_s(for_ns);
}

static double
mean_ms(const struct service *s)
{
	return ns_to_s(s->latency_ns) * 1e3 / (double)s->done;
}

static struct service service;

static void
begin(int side_by_side, int64_t work_ns)
{
	service = (struct service){ .side_by_side = side_by_side, .work_ns = work_ns, .now_ns = NS_PER_S };
	concurrency_init(&service.c, &settings, 1);
}

/* ---- the limit ---- */

static void
the_limit_comes_to_what_the_service_can_do(void **state)
{
	static const struct { int side_by_side; int64_t work_ns; } rows[] = {
		{ 4, 5 * NS_PER_MS }, { 8, 10 * NS_PER_MS }, { 32, 20 * NS_PER_MS }, { 100, 50 * NS_PER_MS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double can = rows[i].side_by_side / ns_to_s(rows[i].work_ns);
		begin(rows[i].side_by_side, rows[i].work_ns);
		run(&service, 2000, 30 * NS_PER_S);
		run(&service, 2000, 10 * NS_PER_S);
		double got = throughput(&service, 10 * NS_PER_S);
		double longer = mean_ms(&service) / (ns_to_s(rows[i].work_ns) * 1e3);
		if (got < can * 0.93 || longer > 2)
			fail_msg("%d x %.0f ms: limit %.1f, %.0f of %.0f a second, %.2f times as long",
			    rows[i].side_by_side, ns_to_s(rows[i].work_ns) * 1e3, service.c.limit, got, can, longer);
	}
}

/* From below, in little more windows than doublings take; with never much more in flight than the service works on
 * side by side, and without falling back. Where most of the work is short and some is long, medians are less sure. */
static void
the_limit_climbs_to_the_truth(void **state)
{
	static const struct { int side_by_side; int64_t work_ns; bool uneven; } rows[] = {
		{ 4, 5 * MS }, { 64, 20 * MS }, { 1000, 50 * MS }, { 64, 500 * MS },
		{ 4, 5 * MS, true }, { 64, 20 * MS, true }, { 1000, 50 * MS, true },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		double can = rows[i].side_by_side, per_s = can / ns_to_s(rows[i].work_ns);
		begin(rows[i].side_by_side, rows[i].work_ns);
		service.uneven = rows[i].uneven;
		assert_int_equal(concurrency_limit(&service.c), 4);
		run(&service, 4000, (int64_t)(2 * log2(can) + 6) * rows[i].work_ns);
		double early = service.c.limit, over = service.most;
		run(&service, 4000, 15 * NS_PER_S);
		double got = throughput(&service, 15 * NS_PER_S);
		bool good = early >= 0.9 * can && over <= 2.1 * can && service.least >= (rows[i].uneven ? 0.5 : 0.9) * can &&
		    service.most <= (rows[i].uneven ? 4.2 : 2.3) * can && got >= 0.93 * per_s;
		if (!good)
			fail_msg("%.0f x %.0f ms%s: %.1f after at most %.1f, then %.1f to %.1f, %.0f of %.0f a second", can,
			    ns_to_s(rows[i].work_ns) * 1e3, rows[i].uneven ? ", uneven" : "", early, over, service.least,
			    service.most, got, per_s);
	}
}

/* The first answers say nothing of the work: as of a service that refuses until it is ready. */
static void
quick_first_answers_do_not_hold_the_limit_down(void **state)
{
	begin(64, MS);
	run(&service, 500, 5 * MS);
	service.work_ns = 20 * MS;
	run(&service, 500, 20 * NS_PER_S);
	run(&service, 500, 10 * NS_PER_S);
	assert_true(throughput(&service, 10 * NS_PER_S) > 0.93 * 64 / 0.020);
	assert_true(mean_ms(&service) < 2 * 20);
}

static void
a_service_that_grows_is_noticed(void **state)
{
	begin(8, 10 * MS);
	run(&service, 2000, 5 * NS_PER_S);
	assert_true(service.c.limit < 20);
	service.side_by_side = 400;
	run(&service, 2000, 5 * NS_PER_S);
	assert_true(service.c.limit > 0.9 * 400);
	assert_true(service.most < 3.1 * 400);   /* twice what was just not slow */
}

/* Twice as slow is the new truth, and not a reason to let less and less in. */
static void
a_service_that_became_slower_is_believed(void **state)
{
	begin(8, 10 * MS);
	run(&service, 500, 20 * NS_PER_S);
	service.work_ns = 40 * MS;
	run(&service, 500, 40 * NS_PER_S);
	run(&service, 500, 10 * NS_PER_S);
	assert_true(throughput(&service, 10 * NS_PER_S) > 0.9 * 8 / 0.040);
	assert_true(mean_ms(&service) < 2 * 40);
	service.work_ns = 10 * MS;
	run(&service, 500, 20 * NS_PER_S);
	run(&service, 500, 10 * NS_PER_S);
	assert_true(throughput(&service, 10 * NS_PER_S) > 0.9 * 8 / 0.010);
	assert_true(mean_ms(&service) < 2 * 10);
}

static void
little_load_leaves_the_limit_alone(void **state)
{
	begin(8, 10 * MS);
	double limit = service.c.limit;

	run(&service, 4, 60 * NS_PER_S);
	assert_true(service.c.limit >= limit * 0.9);
	CHECK_NEAR(mean_ms(&service), 10, 1);
}

static void
limits_are_shared_by_the_workers(void **state)
{
	struct gate_concurrency fixed = settings;
	struct concurrency c;
	struct concurrency_ticket ticket;

	fixed.adaptive = false;
	fixed.max = 10;
	concurrency_init(&c, &fixed, 4);
	for (int i = 0; i < 3; i++)
		assert_true(concurrency_begin(&c, &ticket));
	assert_false(concurrency_begin(&c, &ticket));
	concurrency_end(&c, ticket, 5, 5);
	assert_true(concurrency_begin(&c, &ticket));
	concurrency_init(&c, &fixed, 100);
	assert_true(concurrency_begin(&c, &ticket));
	assert_false(concurrency_begin(&c, &ticket));
}

/* ---- the queue ---- */

static void
a_short_queue_is_served_in_order(void **state)
{
	struct codel q = { 0 };

	for (int64_t now = 0; now < 10 * NS_PER_S; now += MS)
		assert_int_equal(codel_next(&q, &settings, now / MS % 500 ? 10 * MS : 300 * MS, 5, now + 1),
		    CODEL_SERVE_ELDEST);
	/* a wait that is above target, but nobody waits behind */
	for (int64_t now = 0; now < NS_PER_S; now += MS)
		assert_int_equal(codel_next(&q, &settings, 50 * MS, 1, now + 1), CODEL_SERVE_ELDEST);
}

static void
a_standing_queue_is_shortened_ever_faster(void **state)
{
	struct codel q = { 0 };
	int refused[10] = { 0 };

	for (int64_t now = 0; now < 10 * NS_PER_S; now += MS) {
		enum codel_step step = codel_next(&q, &settings, 50 * MS, 100, now + 1);
		refused[now / NS_PER_S] += step == CODEL_REFUSE_ELDEST;
		if (now < 100 * MS)
			assert_int_equal(step, CODEL_SERVE_ELDEST);
		else
			assert_int_not_equal(step, CODEL_SERVE_ELDEST);
	}
	assert_true(refused[0] > 10 && refused[0] < 40);
	for (int i = 1; i < 10; i++)
		assert_true(refused[i] > refused[i - 1]);
	/* and is at rest again when it is short */
	assert_int_equal(codel_next(&q, &settings, 5 * MS, 100, 11 * NS_PER_S), CODEL_SERVE_ELDEST);
	assert_int_equal(codel_next(&q, &settings, 50 * MS, 100, 11 * NS_PER_S + MS), CODEL_SERVE_ELDEST);
}

static void
who_waited_too_long_is_refused(void **state)
{
	struct codel q = { 0 };

	assert_int_equal(codel_next(&q, &settings, 10 * NS_PER_S, 1, 1), CODEL_REFUSE_ELDEST);
}

RUN_TESTS(
    cmocka_unit_test(the_limit_climbs_to_the_truth),
    cmocka_unit_test(quick_first_answers_do_not_hold_the_limit_down),
    cmocka_unit_test(a_service_that_grows_is_noticed),
    cmocka_unit_test(the_limit_comes_to_what_the_service_can_do),
    cmocka_unit_test(a_service_that_became_slower_is_believed),
    cmocka_unit_test(little_load_leaves_the_limit_alone),
    cmocka_unit_test(limits_are_shared_by_the_workers),
    cmocka_unit_test(a_short_queue_is_served_in_order),
    cmocka_unit_test(a_standing_queue_is_shortened_ever_faster),
    cmocka_unit_test(who_waited_too_long_is_refused))

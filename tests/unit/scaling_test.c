/* SPDX-License-Identifier: MIT */
#include "model/scaling.h"

#include "check.h"

static double
law(double g, double a, double b, double n)
{
	return g * n / (1 + a * (n - 1) + b * n * (n - 1));
}

static struct run_phase *
add_phase(struct run *r, const char *name, double n, double x)
{
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);

	p->name = run_str(r, name);
	p->rate = p->throughput = x;
	p->seconds = 10;
	p->sent = p->scheduled = p->answered = (int64_t)(10 * x);
	p->service.mean = n / x;
	p->latency.mean = 2 * n / x;       /* half of it waited for a connection */
	return p;
}

static struct run_phase *
add_point(struct run *r, double n, double x, const char *missed)
{
	char name[24];

	snprintf(name, sizeof(name), "knee-%zu", r->capacity.n_curve + 1);
	struct run_phase *p = add_phase(r, name, n, x);
	*ARENA_PUSH(r->arena, p->offered_by_second, p->n_offered_by_second) = x;
	struct run_point *point = RUN_ADD(r, point, r->capacity.curve, r->capacity.n_curve);
	point->phase = p->name;
	point->rate = point->throughput = x;
	point->missed_by = missed;
	point->sustained = !missed;
	return p;
}

static const double plan[] = { 0.5, 2, 4, 8, 12, 16, 24, 32, 48 };

#define PLAN (sizeof(plan) / sizeof(plan[0]))

static void
a_falling_curve_has_its_peak(void **state)
{
	struct run *r = run_new();

	add_phase(r, "warm-up", 4, 7);           /* cold: no point */
	add_phase(r, "baseline", 1, 100);
	for (size_t i = 0; i < PLAN; i++)
		add_point(r, plan[i], law(100, 0.03, 1e-3, plan[i]) * (i % 2 ? 1.004 : 0.996),
		    i > 6 ? "latency" : NULL);
	scaling(r);
	const struct run_usl *u = &r->capacity.usl;
	CHECK_NEAR(u->lambda, 100, 2);
	CHECK_NEAR(u->sigma, 0.03, 0.01);
	CHECK_NEAR(u->kappa, 1e-3, 2e-4);
	assert_true(u->lambda_low < 100 && 100 < u->lambda_high);
	CHECK_NEAR(u->peak.value, sqrt(0.97 / 1e-3), 2);
	assert_int_equal(u->peak.src, SOURCE_MODELLED);
	assert_true(isnan(u->roof.value));
	assert_int_equal(u->points, PLAN + 1);
	CHECK_NEAR(u->n_min, 0.5, 1e-9);
	assert_null(r->capacity.usl_why);
	CHECK_NEAR(r->capacity.curve[3].concurrency, 8, 1e-9);
	CHECK_NEAR(r->capacity.curve[3].modelled, law(100, 0.03, 1e-3, 8), 5);
	/* Read again, with fewer points: nothing of before is left. */
	r->capacity.n_curve = 1;
	scaling(r);
	assert_true(isnan(u->lambda) && isnan(u->peak.value) && !u->points);
	assert_non_null(r->capacity.usl_why);
	run_free(r);
}

static void
servers_behind_a_queue_have_a_ceiling(void **state)
{
	struct run *r = run_new();

	for (size_t i = 0; i < PLAN; i++)
		add_point(r, plan[i], fmin(100 * plan[i], 790) * (i % 2 ? 1.004 : 0.996), NULL);
	scaling(r);
	assert_true(isnan(r->capacity.usl.peak.value));
	CHECK_NEAR(r->capacity.usl.roof.value, 790, 8);
	assert_non_null(strstr(r->capacity.usl_why, "no peak: throughput stays at 7"));
	run_free(r);
}

/* Where the curve flattens and nothing was measured beyond, no fall is claimed. */
static void
a_fall_that_was_not_seen_is_not_stated(void **state)
{
	struct run *r = run_new();

	for (size_t i = 0; i < PLAN; i++)
		add_point(r, plan[i], law(100, 0.03, 4e-4, plan[i]) * (i % 2 ? 1.002 : 0.998), NULL);
	scaling(r);                              /* the peak is at 49, the last point at 48 */
	assert_true(r->capacity.usl.kappa_low > 0);
	assert_true(isnan(r->capacity.usl.peak.value));
	assert_string_equal(r->capacity.usl_why, "no peak can be stated: where throughput "
	    "falls again was not seen");
	run_free(r);
}

/* None of these is throughput of the service itself in a steady state. */
static void
only_sound_points_count(void **state)
{
	struct run *r = run_new();

	for (size_t i = 0; i < 3; i++)
		add_point(r, plan[i], law(100, 0.03, 1e-3, plan[i]), NULL);
	add_point(r, 300, 900, "throughput");
	add_point(r, 20, 800, NULL)->generator_limited = true;
	add_point(r, 30, 900, "errors")->errors = 200;
	add_point(r, 40, 900, "errors")->timeouts = 91;
	add_point(r, 50, 900, NULL)->service.mean = NAN;
	r->capacity.curve[1].phase = "gone";
	scaling(r);
	assert_true(isnan(r->capacity.usl.lambda) && isnan(r->capacity.usl.roof.value));
	assert_string_equal(r->capacity.usl_why, "a curve needs at least four different concurrencies; "
	    "of 8 points 2 are steady (1 fell behind, 2 with errors, 1 limited by the generator)");
	CHECK_NEAR(r->capacity.curve[2].concurrency, 4, 1e-9);
	for (size_t i = 3; i < r->capacity.n_curve; i++)
		assert_true(isnan(r->capacity.curve[i].concurrency));
	run_free(r);
}

static void
what_is_no_law_is_not_fitted(void **state)
{
	static const double x[] = { 50, 210, 90, 300, 120, 60, 330, 100, 280 };
	struct run *r = run_new();

	for (size_t i = 0; i < PLAN; i++)
		add_point(r, plan[i], x[i], NULL);
	scaling(r);
	assert_true(isnan(r->capacity.usl.lambda));
	assert_non_null(strstr(r->capacity.usl_why, "do not follow the law"));
	run_free(r);
}

static void
superlinear_is_said(void **state)
{
	struct run *r = run_new();

	for (size_t i = 0; i < 7; i++)
		add_point(r, plan[i], law(100, -0.02, 1e-3, plan[i]), NULL);
	scaling(r);
	assert_true(r->capacity.usl.superlinear);
	CHECK_NEAR(r->capacity.usl.sigma, -0.02, 1e-6);
	assert_non_null(strstr(r->capacity.usl_why, "faster than concurrency"));
	run_free(r);
}

static void
without_a_curve_nothing_is_said(void **state)
{
	struct run *r = run_new();

	add_phase(r, "baseline", 1, 100);
	scaling(r);
	assert_null(r->capacity.usl_why);
	assert_true(isnan(r->capacity.usl.lambda));
	run_free(r);
}

RUN_TESTS(
	cmocka_unit_test(a_falling_curve_has_its_peak),
	cmocka_unit_test(servers_behind_a_queue_have_a_ceiling),
	cmocka_unit_test(a_fall_that_was_not_seen_is_not_stated),
	cmocka_unit_test(only_sound_points_count),
	cmocka_unit_test(what_is_no_law_is_not_fitted),
	cmocka_unit_test(superlinear_is_said),
	cmocka_unit_test(without_a_curve_nothing_is_said),
)

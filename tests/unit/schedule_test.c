/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "load/shape.h"
#include "check.h"
#include "ks.h"

enum { MOST = 120000 };

static struct arrival whole[MOST];
static double gaps[MOST];

static size_t
read_all(const struct schedule *s, int64_t worker, int64_t workers, struct arrival *out)
{
	struct schedule_reader r = schedule_read(s, worker, workers);
	size_t n = 0;

	while (n < MOST && schedule_next(&r, &out[n]))
		n++;
	return n;
}

static struct schedule
one_part(struct schedule_part *part, double from, double to, int64_t for_ns, bool poisson)
{
	*part = (struct schedule_part){ from, to, for_ns };
	return (struct schedule){
		.parts = part, .n_parts = 1, .poisson = poisson, .seed = 42, .routes = 3,
	};
}

/* Rates that begin, end and rest at 0, jump, rise and fall. */
static const struct schedule_part hilly[] = {
	{ 0, 4000, 3 * NS_PER_S }, { 4000, 4000, NS_PER_S }, { 0, 0, NS_PER_S / 2 },
	{ 100, 100, 2 * NS_PER_S }, { 9000, 8999.5, NS_PER_S }, { 2500, 0, 4 * NS_PER_S },
	{ 0, 700, NS_PER_S }, { 33.3, 77.7, 3333333333 },
};
#define N_HILLY (sizeof(hilly) / sizeof(hilly[0]))

/* The integral of the rate, in the order of its definition: rate by time, trapezoid by trapezoid. */
static long double
integral_of(const struct schedule_part *parts, size_t n, int64_t at_ns, double *ret_rate)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct schedule_part *p = &parts[i];
		int64_t ns = at_ns < p->for_ns ? at_ns : p->for_ns;
		long double share = (long double)ns / (long double)p->for_ns;
		long double rate = p->from + (p->to - p->from) * share;
		sum += (p->from + rate) / 2 * (long double)ns / 1e9L;
		*ret_rate = (double)rate;
		if ((at_ns -= ns) <= 0)
			break;
	}
	return sum;
}

/* ---- constant spacing ---------------------------------------------------------------------- */

static void
constant_spacing_is_exact(void **state)
{
	static const double rates[] = { 0.5, 3, 1000, 7777, 20000 };
	struct schedule_part part;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct schedule s = one_part(&part, rates[i], rates[i], 2 * NS_PER_S, false);
		size_t n = read_all(&s, 0, 1, whole);
		assert_int_equal(n, (size_t)ceil(2 * rates[i]));
		for (size_t k = 0; k < n; k++) {
			assert_true(llabs(whole[k].at_ns - llround((double)k / rates[i] * 1e9)) <= 1);
			assert_int_equal(whole[k].index, k);
			assert_int_equal(whole[k].route, k % 3);
		}
	}
}

/* t(i) = T (-a + sqrt(a a + 2 i (b - a) / T)) / (b - a), computed in more digits than the schedule
 * has; times are whole nanoseconds. */
static void
ramps_follow_the_closed_form(void **state)
{
	static const struct { double from, to; int64_t s; } rows[] = {
		{ 100, 1000, 30 }, { 1000, 100, 30 }, { 0, 2000, 10 }, { 2000, 0, 10 },
		{ 500, 500.001, 60 }, { 0.1, 20000, 5 }, { 3, 0, 3600 },
	};
	struct schedule_part part;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long double a = rows[i].from, b = rows[i].to, T = (long double)rows[i].s;
		struct schedule s = one_part(&part, rows[i].from, rows[i].to, rows[i].s * NS_PER_S, false);
		size_t n = read_all(&s, 0, 1, whole);
		assert_int_equal(n, (size_t)ceill((a + b) / 2 * T));
		for (size_t k = 0; k < n; k++) {
			long double root = a * a + 2 * (long double)k * (b - a) / T;
			long double t = k ? T * (sqrtl(root < 0 ? 0 : root) - a) / (b - a) : 0;
			/* Near a rate of 0 the last digit of the integral moves the time by more. */
			long double rate = a + (b - a) * t / T;
			long double slack = 1 + 1e9L * 1e-15L * (long double)(k + 1) / fmaxl(rate, 1e-3L);
			if (fabsl((long double)whole[k].at_ns - t * 1e9L) > slack)
				fail_msg("%g..%g/s: arrival %zu at %lld, wanted %.3Lf", rows[i].from, rows[i].to,
				    k, (long long)whole[k].at_ns, t * 1e9L);
		}
	}
}

static void
the_integral_at_arrival_i_is_i(void **state)
{
	struct schedule s = { .parts = hilly, .n_parts = N_HILLY, .routes = 1 };
	size_t n = read_all(&s, 0, 1, whole);

	assert_int_equal(n, 24735);    /* 6000 + 4000 + 200 + 8999.75 + 5000 + 350 + 185 */
	for (size_t i = 0; i < n; i++) {
		double rate;
		long double reached = integral_of(hilly, N_HILLY, whole[i].at_ns, &rate);
		long double slack = 1e-9L * (long double)i + 0.51e-9L * (long double)rate;
		if (fabsl(reached - (long double)i) > slack + 1e-9L)
			fail_msg("at arrival %zu the integral is %.12Lf", i, reached);
		assert_true(!i || whole[i].at_ns >= whole[i - 1].at_ns);
	}
}

/* A part that ends in the middle of a gap hands the rest of the gap to the next one. */
static void
a_gap_may_span_parts(void **state)
{
	static const struct schedule_part parts[] = {
		{ 2, 2, 750000000 }, { 0, 0, NS_PER_S }, { 10, 10, NS_PER_S },
	};
	static const int64_t wanted[] = { 0, 500000000, 1800000000, 1900000000 };
	struct schedule s = { .parts = parts, .n_parts = 3, .routes = 1 };

	assert_int_equal(read_all(&s, 0, 1, whole), 12);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(whole[i].at_ns, wanted[i]);
}

static void
the_number_of_arrivals_may_be_bounded(void **state)
{
	struct schedule s = { .parts = hilly, .n_parts = N_HILLY, .routes = 1, .at_most = 17 };

	for (int poisson = 0; poisson < 2; poisson++) {
		s.poisson = poisson;
		assert_int_equal(read_all(&s, 0, 1, whole), 17);
		assert_int_equal(read_all(&s, 1, 2, whole), 8);
		assert_int_equal(schedule_count(&s, NS_PER_S), 17);
	}
}

/* ---- Poisson ------------------------------------------------------------------------------- */

/* In operational time, the integral of the rate, gaps are exponential of mean 1 and independent,
 * whatever the rate does. */
static void
poisson_is_exponential_in_operational_time(void **state)
{
	static const struct schedule_part flat[] = { { 2500, 2500, 10 * NS_PER_S } };
	static const struct { const struct schedule_part *parts; size_t n; } rows[] = {
		{ flat, 1 }, { hilly, N_HILLY },
	};

	for (uint64_t seed = 1; seed <= 5; seed++)
		for (size_t i = 0; i < 2; i++) {
			struct schedule s = {
				.parts = rows[i].parts, .n_parts = rows[i].n, .poisson = true, .seed = seed,
				.routes = 1,
			};
			size_t n = read_all(&s, 0, 1, whole);
			double product = 0, square = 0, rate;
			long double before = 0;
			assert_true(n > 20000);
			for (size_t k = 0; k < n; k++) {
				long double at = integral_of(s.parts, s.n_parts, whole[k].at_ns, &rate);
				gaps[k] = (double)(at - before);
				before = at;
				assert_true(!k || whole[k].at_ns >= whole[k - 1].at_ns);
			}
			CHECK_NEAR((double)n, (double)integral_of(s.parts, s.n_parts, INT64_MAX, &rate),
			    4 * sqrt((double)n));
			for (size_t k = 1; k < n; k++) {
				product += (gaps[k] - 1) * (gaps[k - 1] - 1);
				square += (gaps[k] - 1) * (gaps[k] - 1);
			}
			CHECK_NEAR(product / square, 0, 0.025);
			double distance = ks_exponential(gaps, n, 1);
			if (distance > 0.02)
				fail_msg("seed %llu, row %zu: KS distance %.4f", (unsigned long long)seed, i, distance);
		}
}

/* Variance over mean of counts in windows: 1 for windows of a few arrivals and of many blocks. */
static double
dispersion(const struct schedule *s, int64_t window_ns)
{
	struct schedule_reader r = schedule_read(s, 0, 1);
	struct arrival a;
	int64_t windows = s->parts[0].for_ns / window_ns, at = 0, n = 0;
	double sum = 0, squares = 0;

	while (schedule_next(&r, &a) && at < windows) {
		for (; a.at_ns >= (at + 1) * window_ns && at < windows; at++, n = 0) {
			sum += (double)n;
			squares += (double)n * (double)n;
		}
		n++;
	}
	double mean = sum / (double)at;
	return (squares / (double)at - mean * mean) / mean;
}

static void
poisson_counts_have_dispersion_1(void **state)
{
	static const struct { double window_s, rate, s; double slack; } rows[] = {
		{ 0.001, 5000, 60, 0.05 }, { 0.01, 5000, 60, 0.05 },
		{ 1, 2000, 4000, 0.09 },       /* windows of 8 blocks: the blocks' own lengths count */
	};
	struct schedule_part part;

	for (uint64_t seed = 1; seed <= 3; seed++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct schedule s = one_part(&part, rows[i].rate, rows[i].rate,
			    (int64_t)(rows[i].s * 1e9), true);
			s.seed = seed;
			CHECK_NEAR(dispersion(&s, (int64_t)(rows[i].window_s * 1e9)), 1, rows[i].slack);
		}
}

/* ---- workers ------------------------------------------------------------------------------- */

static void
workers_share_the_same_arrivals(void **state)
{
	static const int64_t counts[] = { 1, 2, 3, 7, 300 };
	static struct arrival part_of[MOST];

	for (int poisson = 0; poisson < 2; poisson++) {
		struct schedule s = {
			.parts = hilly, .n_parts = N_HILLY, .poisson = poisson, .seed = 9, .routes = 5,
		};
		size_t n = read_all(&s, 0, 1, whole);
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			size_t shared = 0;
			for (int64_t w = 0; w < counts[i]; w++) {
				size_t k = read_all(&s, w, counts[i], part_of);
				for (size_t j = 0; j < k; j++)
					assert_memory_equal(&part_of[j], &whole[(size_t)w + (size_t)counts[i] * j],
					    sizeof(whole[0]));
				assert_int_equal(k, schedule_share((int64_t)n, w, counts[i]));
				shared += k;
			}
			assert_int_equal(shared, n);
		}
	}
}

static void
the_seed_decides(void **state)
{
	struct schedule s = { .parts = hilly, .n_parts = N_HILLY, .poisson = true, .routes = 1 };
	struct arrival one[2][2];

	for (int poisson = 0; poisson < 2; poisson++)
		for (uint64_t seed = 0; seed < 2; seed++) {
			s.seed = seed;
			s.poisson = poisson;
			read_all(&s, 0, 1, whole);
			one[poisson][seed] = whole[700];
		}
	assert_int_equal(one[0][0].at_ns, one[0][1].at_ns);
	assert_int_not_equal(one[1][0].at_ns, one[1][1].at_ns);
	assert_int_not_equal(one[0][0].seed, one[0][1].seed);
}

/* ---- as a whole ---------------------------------------------------------------------------- */

static void
counting_agrees_with_reading(void **state)
{
	static const double seconds[] = {
		0, 1e-9, 0.0004, 0.5, 2.999999999, 3, 4, 4.2, 4.5, 6.5, 7, 11.4999, 11.5, 12.3, 15.9, 99,
	};

	for (int poisson = 0; poisson < 2; poisson++) {
		struct schedule s = {
			.parts = hilly, .n_parts = N_HILLY, .poisson = poisson, .seed = 3, .routes = 1,
		};
		size_t n = read_all(&s, 0, 1, whole);
		for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
			int64_t until = llround(seconds[i] * 1e9), before = 0;
			while (before < (int64_t)n && whole[before].at_ns < until)
				before++;
			assert_int_equal(schedule_count(&s, until), before);
		}
	}
}

static void
skipping_agrees_with_counting(void **state)
{
	for (int poisson = 0; poisson < 2; poisson++) {
		struct schedule s = {
			.parts = hilly, .n_parts = N_HILLY, .poisson = poisson, .seed = 3, .routes = 1,
		};
		struct schedule_reader r = schedule_read(&s, 0, 1);
		size_t n = read_all(&s, 0, 1, whole);
		for (int64_t until = 0; until < 17 * NS_PER_S; until += 123456789) {
			struct arrival a;
			int64_t passed = schedule_skip(&r, until);
			assert_int_equal(passed, schedule_count(&s, until));
			assert_int_equal(schedule_skip(&r, until), passed);
			if (passed == (int64_t)n)
				break;
			struct schedule_reader ahead = r;
			assert_true(schedule_next(&ahead, &a));
			assert_int_equal(a.index, passed);
			assert_int_equal(a.at_ns, whole[passed].at_ns);
		}
	}
}

static void
a_schedule_knows_its_length_and_rates(void **state)
{
	struct schedule s = { .parts = hilly, .n_parts = N_HILLY, .routes = 1 };

	assert_int_equal(schedule_length_ns(&s), 15833333333);
	CHECK_NEAR(schedule_peak_rate(&s), 9000, 0);
}

static void
shapes_are_parts(void **state)
{
	static const struct schedule_part wanted[] = {
		{ 5, 5, 7 }, { 5, 90, 3 },   /* constant, ramp; none that takes no time */
	};
	struct shape s = { .arena = arena_new() };

	shape_constant(&s, 5, 7);
	shape_ramp(&s, 5, 90, 3);
	shape_ramp(&s, 5, 90, 0);
	assert_int_equal(s.n_parts, sizeof(wanted) / sizeof(wanted[0]));
	assert_memory_equal(s.parts, wanted, sizeof(wanted));
	arena_free(s.arena);
}

/* ---- routes -------------------------------------------------------------------------------- */

/* What a chi-square number of so many degrees of freedom passes once in a thousand times (Wilson and
 * Hilferty 1931). */
static double
chi_square_limit(double freedom)
{
	double root = 1 - 2 / (9 * freedom) + 3.09 * sqrt(2 / (9 * freedom));
	return freedom * root * root * root;
}

static void
routes_follow_their_weights(void **state)
{
	static const struct { double weights[8]; uint32_t n, drawn; } rows[] = {
		{ { 1, 2 }, 2, 2 }, { { 70, 20, 9, 1 }, 4, 4 }, { { 0, 1, 0, 3 }, 4, 2 },
		{ { 0.001, 0.5, 0.2, 0.1, 0.1, 0.05, 0.04, 0.009 }, 8, 8 },
	};
	enum { SEEDS = 20, DRAWS = 20000 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new();
		struct schedule s = { .routes = rows[i].n, .mix = mix_make(arena, rows[i].weights, rows[i].n) };
		double sum = 0, chi = 0;

		assert_non_null(s.mix);
		for (uint32_t k = 0; k < rows[i].n; k++)
			sum += rows[i].weights[k];
		for (s.seed = 0; s.seed < SEEDS; s.seed++) {
			double got[8] = { 0 };
			for (int64_t k = 0; k < DRAWS; k++)
				got[schedule_route(&s, k)]++;
			for (uint32_t k = 0; k < rows[i].n; k++) {
				double wanted = DRAWS * rows[i].weights[k] / sum;
				if (wanted == 0)
					assert_true(got[k] == 0);
				else
					chi += (got[k] - wanted) * (got[k] - wanted) / wanted;
			}
		}
		if (chi > chi_square_limit(SEEDS * (rows[i].drawn - 1)))
			fail_msg("row %zu: chi-square %.1f", i, chi);
		arena_free(arena);
	}
}

static void
equal_weights_take_turns(void **state)
{
	static const double weights[] = { 2.5, 2.5, 2.5 };
	struct arena *arena = arena_new();

	assert_null(mix_make(arena, weights, 3));
	arena_free(arena);
}

RUN_TESTS(cmocka_unit_test(constant_spacing_is_exact),
    cmocka_unit_test(ramps_follow_the_closed_form),
    cmocka_unit_test(the_integral_at_arrival_i_is_i), cmocka_unit_test(a_gap_may_span_parts),
    cmocka_unit_test(the_number_of_arrivals_may_be_bounded),
    cmocka_unit_test(poisson_is_exponential_in_operational_time),
    cmocka_unit_test(poisson_counts_have_dispersion_1),
    cmocka_unit_test(workers_share_the_same_arrivals), cmocka_unit_test(the_seed_decides),
    cmocka_unit_test(counting_agrees_with_reading),
    cmocka_unit_test(skipping_agrees_with_counting),
    cmocka_unit_test(a_schedule_knows_its_length_and_rates),
    cmocka_unit_test(shapes_are_parts), cmocka_unit_test(routes_follow_their_weights), cmocka_unit_test(equal_weights_take_turns))

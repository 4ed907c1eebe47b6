/* SPDX-License-Identifier: MIT */
#include "stats/queueing.h"

#include "check.h"

#define EXACT 1e-9   /* relative */

static void
check_exact(double found, double wanted)
{
	CHECK_NEAR(found, wanted, EXACT * fabs(wanted));
}

/* M/M/c of mean service 1, computed with 50 digits. */
static const struct row {
	int64_t c;
	double rate, b, waits, wait, response, waiting, present, empty;
	double response_at[5], wait_at[5];
} table[] = {
	{ 1, 0.3, 0.23076923076923078, 0.3, 0.42857142857142855, 1.4285714285714286, 0.12857142857142856, 0.42857142857142855, 0.7,
	  { 0.9902102579427791, 3.2894072757057793, 4.279617533648558, 6.5788145514115595, 9.868221827117338 },
	  { 0.0, 1.569446126668728, 2.559656384611507, 4.858853402374508, 8.148260678080288 } },
	{ 1, 0.5, 0.3333333333333333, 0.5, 1.0, 2.0, 0.5, 1.0, 0.5,
	  { 1.3862943611198906, 4.605170185988092, 5.991464547107982, 9.210340371976182, 13.815510557964274 },
	  { 0.0, 3.2188758248682006, 4.605170185988092, 7.824046010856292, 12.429216196844383 } },
	{ 1, 0.7, 0.4117647058823529, 0.7, 2.3333333333333335, 3.3333333333333335, 1.6333333333333333, 2.3333333333333335, 0.3,
	  { 2.3104906018664844, 7.6752836433134854, 9.98577424517997, 15.350567286626971, 23.025850929940457 },
	  { 1.1215741220707098, 6.486367163517711, 8.796857765384196, 14.161650806831197, 21.836934450144682 } },
	{ 1, 0.8, 0.4444444444444444, 0.8, 4.0, 5.0, 3.2, 4.0, 0.2,
	  { 3.4657359027997265, 11.512925464970229, 14.978661367769956, 23.025850929940457, 34.538776394910684 },
	  { 2.350018146228678, 10.39720770839918, 13.862943611198906, 21.91013317336941, 33.42305863833963 } },
	{ 1, 0.9, 0.47368421052631576, 0.9, 9.0, 10.0, 8.1, 9.0, 0.1,
	  { 6.931471805599453, 23.025850929940457, 29.95732273553991, 46.051701859880914, 69.07755278982137 },
	  { 5.87786664902119, 21.972245773362193, 28.903717578961647, 44.99809670330265, 68.02394763324311 } },
	{ 1, 0.95, 0.48717948717948717, 0.95, 19.0, 20.0, 18.05, 19.0, 0.05,
	  { 13.862943611198906, 46.051701859880914, 59.91464547107982, 92.10340371976183, 138.15510557964274 },
	  { 12.837077723447896, 45.025835972129904, 58.88877958332881, 91.07753783201082, 137.12923969189174 } },
	{ 1, 0.99, 0.49748743718592964, 0.99, 99.0, 100.0, 98.01, 99.0, 0.01,
	  { 69.31471805599453, 230.25850929940458, 299.5732273553991, 460.51701859880916, 690.7755278982137 },
	  { 68.30968447064438, 229.25347571405442, 298.56819377004894, 459.51198501345897, 689.7704943128635 } },
	{ 4, 1.2, 0.026226323457989316, 0.03704974271012007, 0.013232050967900024, 1.0132320509679, 0.01587846116148003, 1.21587846116148, 0.30017152658662094,
	  { 0.70786509865254, 2.3226509613437445, 3.016017986985274, 4.625539521561485, 6.928129420777942 },
	  { 0.0, 0.0, 0.0, 0.46774154083132796, 1.2900933597577728 } },
	{ 4, 2.0, 0.09523809523809523, 0.17391304347826086, 0.08695652173913043, 1.0869565217391304, 0.17391304347826086, 2.1739130434782608, 0.13043478260869565,
	  { 0.7834097624087089, 2.450061887891675, 3.1497043339025783, 4.764248437621358, 7.067971704886502 },
	  { 0.0, 0.2766926190923933, 0.623266209372366, 1.427985165589416, 2.579277712086439 } },
	{ 4, 2.8, 0.18372422236675978, 0.42865431823253736, 0.3572119318604478, 1.3572119318604479, 1.000193409209254, 3.8001934092092537, 0.05021200624860522,
	  { 1.028546905622136, 2.976253567559012, 3.752495838093581, 5.492557496409518, 7.901734234713592 },
	  { 0.0, 1.2129005192624551, 1.7905231697290762, 3.1317214300908267, 5.050542340919198 } },
	{ 4, 3.2, 0.2281449299579469, 0.5964324717874044, 0.7455405897342555, 1.7455405897342555, 2.3857298871496178, 5.5857298871496175, 0.02730251183108846,
	  { 1.3461990538193103, 3.7759602497672087, 4.7380194960365944, 6.893203748883001, 9.879666902275504 },
	  { 0.22044741163732512, 2.2322448021799506, 3.0986787778798823, 5.110476168422507, 7.988707534665065 } },
	{ 4, 3.6, 0.27068506714524415, 0.7877532642953624, 1.969383160738406, 2.9693831607384062, 7.089779378658262, 10.689779378658262, 0.01125619090499775,
	  { 2.2545036930267575, 6.424448465279335, 8.165524818411674, 12.193167436199086, 17.950013845382916 },
	  { 1.1364420650701899, 5.160036846155441, 6.892904797555304, 10.916499578640556, 16.67296231112567 } },
	{ 4, 3.8, 0.29102436126761666, 0.8914189951776736, 4.457094975888368, 5.457094975888368, 16.9369609083758, 20.7369609083758, 0.005130134409521529,
	  { 3.985560702653847, 12.05390641128147, 15.519673498816736, 23.566865136581104, 35.07979060487727 },
	  { 2.891032356195591, 10.938221918366093, 14.403957821165818, 22.45114738333632, 33.96407284830655 } },
	{ 4, 3.96, 0.3068046027052172, 0.9779051760931426, 24.447629402328566, 25.447629402328566, 96.81261243322112, 100.77261243322113, 0.0009543929946027168,
	  { 17.790665094296706, 58.02661292265936, 75.35529243665799, 115.5912402475105, 173.15586757236164 },
	  { 16.770115248800472, 57.00606305965298, 74.33474257365161, 114.57069038450412, 172.13531770935526 } },
};

static void
mmc_matches_the_table(void **state)
{
	static const double q[] = { 0.5, 0.9, 0.95, 0.99, 0.999 };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct row *r = &table[i];
		struct queue_mmc m = queue_mmc(r->c, r->rate, 1);
		check_exact(queue_erlang_b(r->c, r->rate), r->b);
		check_exact(m.waits, r->waits);
		check_exact(m.wait, r->wait);
		check_exact(m.response, r->response);
		check_exact(m.waiting, r->waiting);
		check_exact(m.present, r->present);
		check_exact(m.empty, r->empty);
		for (size_t k = 0; k < 5; k++) {
			check_exact(queue_mmc_response_quantile(&m, q[k]), r->response_at[k]);
			check_exact(queue_mmc_wait_quantile(&m, q[k]), r->wait_at[k]);
		}
	}
}

/* Waiting and service leave at the same rate when c - offered = 1: the response is a sum of equal
 * exponentials. P(T > t) = (1 + C t) e^-t. */
static void
equal_rates_lose_no_digits(void **state)
{
	for (int64_t c = 2; c <= 4096; c *= 2) {
		struct queue_mmc m = queue_mmc(c, (double)c - 1, 1);
		double t = queue_mmc_response_quantile(&m, 0.99);
		check_exact((1 + m.waits * t) * exp(-t), 0.01);
		struct queue_mmc near = queue_mmc(c, (double)c - 1 - 1e-7, 1);
		CHECK_NEAR(queue_mmc_response_quantile(&near, 0.99), t, 1e-5);
	}
}

/* A room that is never full is none: two recursions that share no line but Erlang's. */
static void
thousands_of_servers_are_stable(void **state)
{
	static const struct { int64_t c; double load; } rows[] = {
		{ 100, 0.9 }, { 1000, 0.98 }, { 5000, 0.99 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double rate = rows[i].load * (double)rows[i].c / 0.002;
		struct queue_mmc m = queue_mmc(rows[i].c, rate, 0.002);
		struct queue_mmck k = queue_mmck(rows[i].c, 20 * rows[i].c, rate, 0.002);
		CHECK_NEAR(k.response, m.response, EXACT * m.response);
		CHECK_NEAR(k.wait, m.wait, 1e-7 * m.wait);
		assert_true(m.waits > 0 && m.waits < 1);
		assert_true(m.empty >= 0 && m.empty < 1e-30);
	}
}

/* M/M/1/K: P(K) = (1 - r) r^K / (1 - r^(K+1)), also overloaded (Gross & Harris, 2.5). */
static void
a_bounded_room_turns_away(void **state)
{
	static const double loads[] = { 0.2, 0.95, 1.5, 8 };

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		double r = loads[i];
		struct queue_mmck m = queue_mmck(1, 10, r * 50, 0.02);
		double full = (1 - r) * pow(r, 10) / (1 - pow(r, 11));
		double present = r / (1 - r) - 11 * pow(r, 11) / (1 - pow(r, 11));
		check_exact(m.turned_away, full);
		check_exact(m.throughput, r * 50 * (1 - full));
		check_exact(m.present, present);
		check_exact(m.response, present / m.throughput);
	}
	check_exact(queue_mmck(4, 4, 3, 1).turned_away, queue_erlang_b(4, 3));
	check_exact(queue_mmck(4, 4, 3, 1).response, 1);
}

static void
one_server(void **state)
{
	check_exact(queue_mg1_wait(0.8, 1, 1), queue_mmc(1, 0.8, 1).wait);
	check_exact(queue_mg1_wait(0.8, 1, 0), 2);         /* M/D/1: half of M/M/1 */
	check_exact(queue_mg1_wait(400, 0.002, 10), 0.8 / 0.2 * 0.002 * 5.5);
	check_exact(queue_gg1_wait(0.8, 1, 1, 1), queue_mg1_wait(0.8, 1, 1));
	check_exact(queue_gg1_wait(0.9, 1, 0, 0.25), 0.9 / 0.1 * 0.125);
	check_exact(queue_shared(0.01, 0.75), 0.04);
	assert_true(isnan(queue_gg1_wait(0.69, 1, 1, 1)));
}

static void
no_steady_state_is_not_known(void **state)
{
	struct queue_mmc full = queue_mmc(4, 4, 1);

	assert_true(isnan(full.wait) && isnan(full.response) && isnan(full.present) && isnan(full.empty));
	assert_true(isnan(queue_mmc_wait_quantile(&full, 0.9)));
	assert_true(isnan(queue_mmc_response_quantile(&full, 0.9)));
	assert_true(isnan(queue_mg1_wait(1, 1, 1)) && isnan(queue_shared(1, 1)));
	assert_true(isnan(queue_erlang_c(0, 0)) && isnan(queue_erlang_b(-1, 1)));
	assert_true(isnan(queue_mmck(4, 3, 1, 1).response));
	struct queue_mmc idle = queue_mmc(2, 0, 1);
	CHECK_NEAR(idle.empty, 1, 0);
	check_exact(queue_mmc(1000, 1, 1).empty, exp(-1));   /* 1 / 1000! is no number any more */
	CHECK_NEAR(queue_mmc_response_quantile(&idle, 0.5), log(2), 1e-12);
}

/* 8 users that think for 1 s, demands of
 * 0.3 s, 0.2 s of them at the disk. */
static void
bounds_meet_at_the_knee(void **state)
{
	struct queue_bounds b = queue_bounds(8, 1, 0.3, 0.2);

	CHECK_NEAR(b.throughput, 5, 1e-12);
	CHECK_NEAR(b.response, 0.6, 1e-12);
	CHECK_NEAR(b.knee, 6.5, 1e-12);
	CHECK_NEAR(queue_bounds(b.knee, 1, 0.3, 0.2).response, 0.3, 1e-12);
	CHECK_NEAR(queue_bounds(2, 1, 0.3, 0.2).throughput, 2 / 1.3, 1e-12);
	CHECK_NEAR(queue_little(5, 0.6 + 1), 8, 1e-12);
}

RUN_TESTS(
	cmocka_unit_test(mmc_matches_the_table),
	cmocka_unit_test(equal_rates_lose_no_digits),
	cmocka_unit_test(thousands_of_servers_are_stable),
	cmocka_unit_test(a_bounded_room_turns_away),
	cmocka_unit_test(one_server),
	cmocka_unit_test(no_steady_state_is_not_known),
	cmocka_unit_test(bounds_meet_at_the_knee),
)

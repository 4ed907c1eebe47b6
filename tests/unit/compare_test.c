/* SPDX-License-Identifier: MIT */
#include "base/random.h"
#include "compare/compare.h"
#include "stats/special.h"
#include "check.h"

#define SAYS(p, text) \
	do { \
		if (!strstr((p)->why, text)) \
			fail_msg("'%s' does not say '%s'", (p)->why, text); \
	} while (0)

/* B's figures over A's, and the standard deviation of their log ratios within a pair. */
struct service {
	double cpu, p50, p95, p99, throughput, rss, errors;   /* 0 stands for 1; errors: of B alone */
	double cpu_sd, latency_sd, p99_sd, spin_sd;
	bool no_cpu;
	uint64_t seed;
};

static double
by(double ratio)
{
	return ratio > 0 ? ratio : 1;
}

static double
noise(const struct service *s, uint64_t pair, uint64_t what, double sd, bool is_b)
{
	double z = normal_quantile(random_unit(random_at(s->seed + 99, pair * 16 + what)) + 0x1p-54);
	return is_b ? exp(sd * z) : 1;
}

static void
add_block(struct run *r, struct run_proof *p, const struct service *s, int64_t pair, bool is_b,
    bool saturation)
{
	struct run_block *b = RUN_ADD(r, block, p->blocks, p->n_blocks);
	uint64_t k = (uint64_t)pair;

	b->pair = pair;
	b->arm = is_b ? "B" : "A";
	b->load = saturation ? "saturation" : "rate";
	b->rate = 100;
	b->throughput = (saturation ? 200 : 100) * (is_b ? by(s->throughput) : 1) *
	    noise(s, k, 1, 0.005, is_b);
	b->cpu_per_request = s->no_cpu ? (double)NAN
	    : 0.001 * (is_b ? by(s->cpu) : 1) * noise(s, k, 2, s->cpu_sd, is_b);
	b->p50 = 0.010 * (is_b ? by(s->p50) : 1) * noise(s, k, 3, s->latency_sd, is_b);
	b->p95 = 0.020 * (is_b ? by(s->p95) : 1) * noise(s, k, 4, s->latency_sd, is_b);
	b->p99 = 0.030 * (is_b ? by(s->p99) : 1) * noise(s, k, 5, s->p99_sd, is_b);
	b->rss_bytes = 1e8 * (is_b ? by(s->rss) : 1) * noise(s, k, 6, 0.002, is_b);
	b->error_rate = is_b ? s->errors : 0;
	b->spin = 0.0005 * noise(s, k, 7, s->spin_sd, is_b);
}

static struct run_proof *
proof_of(const struct service *s, int64_t pairs)
{
	struct run *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	p->alpha = 0.01;
	p->rate = 100;
	for (int64_t k = 0; k < pairs; k++)
		for (int i = 0; i < 4; i++)
			add_block(r, p, s, k, (k + i) % 2, i >= 2);
	p->step = (const char *)r;   /* so that the proof alone can be handed around */
	return p;
}

static struct run *
run_of(struct run_proof *p)
{
	return (struct run *)p->step;
}

static const struct run_comparison *
find(const struct run_proof *p, const char *metric, const char *route)
{
	for (size_t i = 0; i < p->n_comparisons; i++) {
		const struct run_comparison *c = &p->comparisons[i];
		bool here = c->route ? route && !strcmp(c->route, route) : !route;
		if (here && !strcmp(c->metric, metric))
			return c;
	}
	fail_msg("no comparison of %s", metric);
	return NULL;
}

/* ---- verdicts ------------------------------------------------------------------------------ */

#define QUIET .cpu_sd = 0.003, .latency_sd = 0.01, .p99_sd = 0.02

static void
verdicts(void **state)
{
	static const struct {
		const char *label;
		struct service s;
		int64_t look;
		const char *verdict;
		bool decided;
		const char *says;
	} rows[] = {
		{ "nothing changed", { QUIET }, 1, "same", true,
		  "no difference that matters: CPU per request changed by " },
		{ "more CPU", { QUIET, .cpu = 1.052 }, 1, "worse", true, "B needs 5." },
		{ "less CPU", { QUIET, .cpu = 0.9 }, 1, "better", true, " %) less CPU a request" },
		{ "a little more CPU", { QUIET, .cpu = 1.006 }, 1, "same", true,
		  "real, but less than the 1.0 % that matters" },
		{ "slower tail", { QUIET, .p99 = 1.2 }, 2, "worse", true, "B's p99 is 19 % (" },
		{ "faster median", { QUIET, .p50 = 0.9 }, 2, "better", true, "lower" },
		{ "both", { QUIET, .cpu = 0.9, .p99 = 1.2 }, 2, "worse", true,
		  "higher, but it needs 10 % (" },
		{ "both, the end", { QUIET, .cpu = 0.9, .p99 = 1.2 }, 2, "worse", true,
		  ": what is worse decides" },
		{ "holds less", { QUIET, .throughput = 0.9 }, 2, "worse", true,
		  "fewer requests at saturation" },
		{ "holds more", { QUIET, .throughput = 1.1 }, 2, "better", true, "B answers" },
		{ "more memory", { QUIET, .rss = 1.5 }, 2, "worse", true, "B holds 50 %" },
		{ "fails", { QUIET, .errors = 0.02 }, 2, "worse", true,
		  "B fails 2.0 % (2.0 to 2.0 %) more of the requests" },
		{ "too noisy for a word", { .cpu_sd = 0.3, .latency_sd = 0.3, .p99_sd = 0.3 }, 3,
		  "inconclusive", false, "; 40 pairs were taken, and to tell 1.0 % takes about " },
		{ "a tail that tells nothing", { .cpu_sd = 0.01, .latency_sd = 0.02, .p99_sd = 0.5 }, 3,
		  "same", true, "; here differences of p99 below " },
		{ "the same, early", { .cpu_sd = 0.01, .latency_sd = 0.02, .p99_sd = 0.5 }, 1,
		  "inconclusive", false, "cannot say: " },
		{ "better, but the tail is not known",
		  { .cpu_sd = 0.003, .latency_sd = 0.02, .p99_sd = 0.3, .cpu = 0.9, .p99 = 1.2 }, 1,
		  "better", false, "less CPU" },
		{ "the same at the end",
		  { .cpu_sd = 0.003, .latency_sd = 0.02, .p99_sd = 0.3, .cpu = 0.9 }, 3, "better", true,
		  "less CPU" },
		{ "no CPU time known", { QUIET, .no_cpu = true, .p50 = 1.1 }, 1, "worse", true,
		  "B's p50 is " },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run_proof *p = proof_of(&rows[i].s, compare_looks[rows[i].look - 1]);
		compare_blocks(run_of(p), p, rows[i].look);
		if (strcmp(p->verdict, rows[i].verdict) != 0 ||
		    compare_is_decided(p) != rows[i].decided || !strstr(p->why, rows[i].says))
			fail_msg("%s: %s, decided %d: %s", rows[i].label, p->verdict,
			    compare_is_decided(p), p->why);
		run_free(run_of(p));
	}
}

static void
figures_are_recorded(void **state)
{
	static const struct service s = { QUIET, .cpu = 1.05, .p99 = 1.2 };
	struct run_proof *p = proof_of(&s, 20);

	compare_blocks(run_of(p), p, 1);
	compare_blocks(run_of(p), p, 2);
	const struct run_comparison *cpu = find(p, "cpu_per_request", NULL);
	assert_int_equal(p->n_comparisons, 7);
	assert_int_equal(p->looks, 2);
	assert_true(cpu->primary && !find(p, "latency_p50", NULL)->primary);
	CHECK_NEAR(cpu->ratio, 1.05, 0.004);
	assert_true(cpu->low < cpu->ratio && cpu->ratio < cpu->high && cpu->low > 1.04);
	CHECK_NEAR(cpu->before, 0.001, 1e-9);
	CHECK_NEAR(cpu->after, 0.00105, 1e-5);
	CHECK_NEAR(cpu->margin, 0.01, 0);
	assert_true(cpu->detectable > 0.001 && cpu->detectable < 0.005);
	assert_int_equal(cpu->pairs, 20);
	assert_int_equal(cpu->pairs_needed, 0);
	CHECK_NEAR(p->effect.cpu_per_request.ratio, cpu->ratio, 0);
	CHECK_NEAR(p->effect.latency_p99.low, find(p, "latency_p99", NULL)->low, 0);
	CHECK_NEAR(p->before.latency.p99, 0.030, 1e-9);
	CHECK_NEAR(p->after.throughput, 200, 2);
	CHECK_NEAR(p->noise.block_cpu_sd, 0.003, 0.0015);
	CHECK_NEAR(p->noise.block_p99_sd, 0.02, 0.01);
	run_free(run_of(p));
}

/* ---- what counts --------------------------------------------------------------------------- */

static void
late_blocks_keep_what_is_not_latency(void **state)
{
	static const struct { struct service s; const char *verdict; } rows[] = {
		{ { QUIET }, "inconclusive" }, { { QUIET, .cpu = 1.10 }, "worse" },
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct run_proof *p = proof_of(&rows[k].s, 40);
		for (size_t i = 0; i < p->n_blocks; i++) {
			struct run_block *b = &p->blocks[i];
			b->late_why = "it sent late";
			b->mean = b->p50 = b->p95 = b->p99 = NAN;
		}
		compare_blocks(run_of(p), p, 3);
		assert_string_equal(p->verdict, rows[k].verdict);
		assert_int_equal(find(p, "cpu_per_request", NULL)->pairs, 40);
		for (size_t i = 0; i < p->n_comparisons; i++)
			assert_null(strstr(p->comparisons[i].metric, "latency"));
		assert_non_null(strstr(p->why, "latencies are not known: the generator sent late in 80 of 80 blocks"));
		run_free(run_of(p));
	}
}

static void
void_blocks_take_their_pair_along(void **state)
{
	static const struct service s = { QUIET };
	struct run_proof *p = proof_of(&s, 10);

	p->blocks[1].void_why = "the generator fell behind";   /* pair 0, B, at the rate */
	p->blocks[1].cpu_per_request = 1;
	compare_blocks(run_of(p), p, 1);
	assert_int_equal(find(p, "cpu_per_request", NULL)->pairs, 9);
	assert_int_equal(find(p, "throughput", NULL)->pairs, 10);
	for (size_t i = 0; i < p->n_blocks; i++)
		p->blocks[i].void_why = "the generator fell behind";
	compare_blocks(run_of(p), p, 1);
	assert_string_equal(p->verdict, "inconclusive");
	assert_string_equal(p->why,
	    "cannot say: no pair of blocks tells CPU time or latency of both: "
	    "the generator fell behind");
	assert_false(compare_is_decided(p));
	run_free(run_of(p));
}

/* Errors hide B's tail in most pairs: what is left of it says nothing good of B. */
static void
errors_decide_where_they_hide_the_tail(void **state)
{
	static const struct service s = { QUIET, .p99 = 0.5 };
	struct run_proof *p = proof_of(&s, 20);

	for (size_t i = 0; i < p->n_blocks; i++)
		if (*p->blocks[i].arm == 'B' && p->blocks[i].pair > 2) {
			p->blocks[i].p99 = NAN;
			p->blocks[i].error_rate = 0.05;
		}
	compare_blocks(run_of(p), p, 2);
	assert_int_equal(find(p, "latency_p99", NULL)->pairs, 3);
	assert_true(isnan(find(p, "latency_p99", NULL)->low));
	assert_string_equal(p->verdict, "worse");
	SAYS(p, "more of the requests");
	run_free(run_of(p));
}

static void
wrong_answers_are_worse(void **state)
{
	static const struct service s = { QUIET, .cpu = 0.8 };
	struct run_proof *p = proof_of(&s, 10);
	struct run_answer *a = RUN_ADD(run_of(p), answer, p->answers, p->n_answers);

	*a = (struct run_answer){ "/cart", "status", "200", "500", 3, 40 };
	compare_blocks(run_of(p), p, 1);
	assert_string_equal(p->verdict, "worse");
	SAYS(p, "B gives other answers than A: the status of /cart was 200 and is 500; it needs 20 %");
	assert_true(compare_is_decided(p));
	run_free(run_of(p));
}

static void
a_route_alone_may_be_worse(void **state)
{
	static const struct service s = { QUIET };
	static const char *const routes[] = { "/a", "/b" };
	struct run_proof *p = proof_of(&s, 20);

	for (size_t i = 0; i < p->n_blocks; i++)
		for (int k = 0; k < 2; k++) {
			struct run_block *b = &p->blocks[i];
			struct run_block_route *to =
			    RUN_ADD(run_of(p), block_route, b->routes, b->n_routes);
			to->route = routes[k];
			to->p50 = b->p50 * (k && *b->arm == 'B' ? 1.3 : 1);
			to->p95 = b->p95;
			to->p99 = b->p99;
			to->error_rate = 0;
		}
	/* A file may leave the name out. */
	for (int k = 0; k < 2; k++)
		RUN_ADD(run_of(p), block_route, p->blocks[k].routes, p->blocks[k].n_routes);
	compare_blocks(run_of(p), p, 2);
	assert_int_equal(p->n_comparisons, 7 + 2 * 4);
	assert_string_equal(find(p, "latency_p50", "/a")->verdict, "same");
	assert_string_equal(find(p, "latency_p50", "/b")->verdict, "worse");
	assert_string_equal(p->verdict, "worse");
	SAYS(p, "higher on /b");
	run_free(run_of(p));
}

/* A machine whose speed changes more from block to block than the service did. */
static void
a_noisy_machine_makes_no_claims_on_latency(void **state)
{
	static const struct service s = { QUIET, .p50 = 1.08, .spin_sd = 0.10 };
	static const char *const grades[] = { "usable", "noisy" };
	static const char *const verdict[] = { "worse", "inconclusive" };

	for (int i = 0; i < 2; i++) {
		struct run_proof *p = proof_of(&s, 20);
		p->noise.grade = grades[i];
		compare_blocks(run_of(p), p, 2);
		assert_string_equal(find(p, "latency_p50", NULL)->verdict, verdict[i]);
		assert_string_equal(find(p, "cpu_per_request", NULL)->verdict, "same");
		run_free(run_of(p));
	}
}

/* Two processes of one program differ by a percent or two: only more starts make that a claim. */
static void
the_luck_of_a_start_is_no_claim(void **state)
{
	static const struct {
		double cpu;
		int64_t starts;
		const char *verdict, *says;
	} rows[] = {
		{ 1.02, 0, "inconclusive", "cannot say: B needs 2.0 % (" },
		{ 1.02, 1, "inconclusive", "two starts of one program on this machine can differ by 3.0 %" },
		{ 1.02, 20, "worse", "B needs 2.0 % (" },
		{ 0.98, 1, "same", "less CPU a request, but two starts" },
		{ 0.98, 20, "better", "less CPU a request" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct service s = { QUIET, .cpu = rows[i].cpu };
		struct run_proof *p = proof_of(&s, 20);
		for (int k = 0; k < 2; k++)
			RUN_ADD(run_of(p), arm, p->arms, p->n_arms)->starts = rows[i].starts;
		compare_blocks(run_of(p), p, 2);
		assert_string_equal(p->verdict, rows[i].verdict);
		SAYS(p, rows[i].says);
		run_free(run_of(p));
	}
}

/* What a process is lucky in lasts for seconds: pairs within that time say the same thing again. */
static void
pairs_close_together_say_less(void **state)
{
	static const struct { double cpu, apart; const char *verdict, *says; } rows[] = {
		{ 1.035, 2.4, "worse", "B needs 3." },
		{ 1.035, 0.5, "inconclusive", "in so short a time one program can differ from itself by 3." },
		{ 1.5, 0.5, "worse", "B needs 50" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct service s = { QUIET, .cpu = rows[i].cpu };
		s.cpu_sd = 0.012;
		struct run_proof *p = proof_of(&s, 10);
		p->pairs_at_most = 10;
		for (size_t k = 0; k < p->n_blocks; k++)
			p->blocks[k].started = 1 + rows[i].apart * (double)p->blocks[k].pair;
		compare_blocks(run_of(p), p, 1);
		if (strcmp(p->verdict, rows[i].verdict))
			fail_msg("%s: %s", p->verdict, p->why);
		SAYS(p, rows[i].says);
		run_free(run_of(p));
	}
}

/* With ten pairs at most there is one look, and all of alpha is for it. */
static void
fewer_pairs_may_be_planned(void **state)
{
	static const struct service s = { QUIET, .p99 = 1.3 };
	static const int64_t most[] = { 40, 10 };
	static const char *const verdict[] = { "inconclusive", "worse" };

	for (int i = 0; i < 2; i++) {
		struct run_proof *p = proof_of(&s, 10);
		p->pairs_at_most = most[i];
		compare_blocks(run_of(p), p, 1);
		assert_string_equal(p->verdict, verdict[i]);
		run_free(run_of(p));
	}
}

/* What the test of so few pairs cannot find at all has no size. */
static void
very_few_pairs_are_no_figures(void **state)
{
	static const struct service s = { .cpu_sd = 0.003, .latency_sd = 0.02, .p99_sd = 0.5 };
	static const struct { int64_t pairs; const char *verdict, *says; } rows[] = {
		{ 9, "same", "; here differences of p99 of any size could not have been seen" },
		{ 5, "same", "no difference that matters: CPU per request changed by -0.3 to 0." },
		{ 5, "same", " % (of 90 %); here " },
		{ 4, "inconclusive", "changed by anything: 4 pairs tell nothing" },
		{ 1, "inconclusive", "changed by anything: 1 pair tells nothing" },
		{ 0, "inconclusive", "no pair of blocks tells" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run_proof *p = proof_of(&s, rows[i].pairs);
		p->pairs_at_most = rows[i].pairs;
		compare_blocks(run_of(p), p, 1);
		assert_string_equal(p->verdict, rows[i].verdict);
		SAYS(p, rows[i].says);
		run_free(run_of(p));
	}
}

/* Twice in a hundred comparisons of a service with itself at most, where once is promised; most of
 * the others end with "same". bench/prove counts thousands. */
static void
claims_are_rarely_false(void **state)
{
	enum { TRIES = 200 };
	int claims = 0, same = 0;

	for (int i = 0; i < TRIES; i++) {
		struct service s = { .cpu_sd = 0.03, .latency_sd = 0.08, .p99_sd = 0.13,
			.seed = 1000 * (uint64_t)(i + 1) };
		struct run_proof *p = proof_of(&s, 40);
		compare_blocks(run_of(p), p, 3);
		claims += !strcmp(p->verdict, "better") || !strcmp(p->verdict, "worse");
		same += !strcmp(p->verdict, "same");
		run_free(run_of(p));
	}
	assert_in_range(claims, 0, TRIES * 2 / 100);
	assert_in_range(same, TRIES * 85 / 100, TRIES);
}

/* By hand: at half load the relaxation time is 0.5 / rate / (1 - sqrt(0.5))^2 = 5.83 / rate. */
static void
blocks_are_long_enough(void **state)
{
	CHECK_NEAR(compare_block_seconds(100, 0.5), 400 * 0.0582843 / 0.9, 0.001);
	CHECK_NEAR(compare_block_seconds(100, 0.2), 2000 / 100.0 / 0.9, 1e-9);
	assert_true(compare_block_seconds(1000, 0.9) > 100);
	assert_true(compare_block_seconds(1000, 1.5) < 1e4);
}

RUN_TESTS(cmocka_unit_test(verdicts), cmocka_unit_test(figures_are_recorded),
    cmocka_unit_test(late_blocks_keep_what_is_not_latency),
    cmocka_unit_test(void_blocks_take_their_pair_along),
    cmocka_unit_test(errors_decide_where_they_hide_the_tail),
    cmocka_unit_test(wrong_answers_are_worse), cmocka_unit_test(a_route_alone_may_be_worse),
    cmocka_unit_test(a_noisy_machine_makes_no_claims_on_latency),
    cmocka_unit_test(the_luck_of_a_start_is_no_claim),
    cmocka_unit_test(fewer_pairs_may_be_planned), cmocka_unit_test(very_few_pairs_are_no_figures),
    cmocka_unit_test(pairs_close_together_say_less),
    cmocka_unit_test(claims_are_rarely_false), cmocka_unit_test(blocks_are_long_enough))

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/random.h"
#include "compare/compare.h"
#include "stats/order.h"
#include "check.h"

/* ---- a service, simulated ------------------------------------------------------------------ */

#define RATE       700
#define SECONDS    30
#define UTILISED   0.6
#define SEED       11

static uint64_t draws;

static double
exponential(double mean)
{
	return -mean * log1p(-random_unit(random_at(SEED, draws++)));
}

static double
normal(void)
{
	double u = random_unit(random_at(SEED, draws++)), v = random_unit(random_at(SEED, draws++));
	return sqrt(-2 * log1p(-u)) * cos(2 * M_PI * v);
}

static double
quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), order_doubles);
	return v[(size_t)(q * (double)(n - 1))];
}

static void
add_second(struct run *r, struct run_phase *p, double *waits, size_t n)
{
	*ARENA_PUSH(r->arena, p->p50_by_second, p->n_p50_by_second) = quantile(waits, n, 0.5);
	*ARENA_PUSH(r->arena, p->latency_by_second, p->n_latency_by_second) = quantile(waits, n, 0.99);
	*ARENA_PUSH(r->arena, p->rate_by_second, p->n_rate_by_second) = (double)n;
	*ARENA_PUSH(r->arena, p->errors_by_second, p->n_errors_by_second) = 0;
}

static void
describe(struct run *r)
{
	r->schema = RUN_SCHEMA;
	r->sealed = true;
	r->tool = "prony 0.1.0";
	r->spec.arrivals = "poisson";
	r->spec.seed = 7;
	r->spec.workload = "00112233445566ff";
	RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, "http://127.0.0.1:8080/a");
	r->host.cpu_model = "cpu";
	r->host.kernel = "Linux 6.1.0";
	r->host.cpus = 2;
	r->host.memory_bytes = INT64_C(4) << 30;
	r->host.generator_on_host = true;
	r->evidence.trace.mode = "none";
}

/* A queue with one server (M/M/1) whose work is `slower` times as long in each of its seconds. */
static struct run *
serve(const double *slower)
{
	struct run *r = run_new();
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	static double all[RATE * SECONDS * 2], second[RATE * 3];
	double at = 0, free_at = 0, work = 0;
	size_t n_all = 0, n_second = 0;
	int now = 0;

	describe(r);
	p->name = "baseline";
	p->engine = "epoll";
	p->rate = RATE;
	p->seconds = SECONDS;
	while (now < SECONDS) {
		double need = exponential(UTILISED / RATE) * slower[now];
		at += exponential(1.0 / RATE);
		free_at = fmax(free_at, at) + need;
		work += need;
		second[n_second++] = all[n_all++] = free_at - at;
		if (at > now + 1) {
			add_second(r, p, second, n_second);
			n_second = 0;
			now++;
		}
	}
	p->scheduled = p->sent = p->answered = (int64_t)n_all;
	p->throughput = RATE;
	p->latency.p50 = quantile(all, n_all, 0.5);
	p->latency.p95 = quantile(all, n_all, 0.95);
	p->latency.p99 = quantile(all, n_all, 0.99);
	r->baseline.latency = p->latency;
	r->baseline.cpu_per_request = work / (double)n_all;
	return r;
}

enum drift { NO_DRIFT, RANDOM_WALK, ONE_STEP };

/* Before, a minute of something else, after. The walk goes by 2 % each ten seconds; the step makes the
 * machine a tenth slower or faster while nobody looks. */
static void
drift_of(enum drift drift, double *before, double *after)
{
	double speed = 1;

	for (int i = 0; i < 2 * SECONDS + 60; i++) {
		speed *= drift == RANDOM_WALK && i % 10 == 0 ? exp(0.02 * normal()) : 1;
		if (i < SECONDS)
			before[i] = speed;
		else if (i >= SECONDS + 60)
			after[i - SECONDS - 60] = speed;
	}
	for (int i = 0; i < SECONDS && drift == ONE_STEP; i++)
		after[i] *= draws % 2 ? 1.1 : 1 / 1.1;
}

static int
claims(enum drift drift, double change, int tries)
{
	double before[SECONDS], after[SECONDS];
	int found = 0;

	for (int i = 0; i < tries; i++) {
		drift_of(drift, before, after);
		for (int k = 0; k < SECONDS; k++)
			after[k] *= change;
		struct run *a = serve(before), *b = serve(after), *r = run_new();
		struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);
		compare_runs(a, b, NAN, r, p);
		found += strcmp(p->verdict, "better") == 0 || strcmp(p->verdict, "worse") == 0;
		run_free(a);
		run_free(b);
		run_free(r);
	}
	return found;
}

/* Welch's test of such runs is wrong in 8, 36 and 53 of 100 cases. */
static void
drift_is_not_called_a_change(void **state)
{
	enum { TRIES = 40 };
	static const enum drift drifts[] = { NO_DRIFT, RANDOM_WALK, ONE_STEP };

	for (size_t i = 0; i < 3; i++) {
		int wrong = claims(drifts[i], 1, TRIES);
		if (wrong > TRIES * 5 / 100)
			fail_msg("drift %zu: %d of %d unchanged services called changed", i, wrong, TRIES);
	}
}

static void
large_changes_are_found(void **state)
{
	int found = claims(NO_DRIFT, 1.3, 20);
	if (found < 19)
		fail_msg("a third more work was found in %d of 20", found);
}

/* ---- figures and words --------------------------------------------------------------------- */

static struct run *
plain(double p99, double cpu, int64_t errors)
{
	double even[SECONDS];

	for (int i = 0; i < SECONDS; i++)
		even[i] = 1;
	draws = 0;
	struct run *r = serve(even);
	struct run_phase *p = &r->evidence.phases[0];
	for (int i = 0; i < SECONDS; i++) {
		p->latency_by_second[i] = p99 * (1 + 0.01 * (i % 3));
		p->p50_by_second[i] = p->latency.p50;
		p->errors_by_second[i] = (double)errors / SECONDS;
	}
	p->latency.p99 = p99;
	p->errors = errors;
	p->answered = p->sent - errors;
	r->baseline.cpu_per_request = cpu;
	return r;
}

static const struct run_comparison *
comparison_of(const struct run_proof *p, const char *metric)
{
	for (size_t i = 0; i < p->n_comparisons; i++)
		if (!p->comparisons[i].route && strcmp(p->comparisons[i].metric, metric) == 0)
			return &p->comparisons[i];
	fail_msg("no comparison of %s", metric);
	return NULL;
}

static void
figures_are_told(void **state)
{
	static const struct {
		double p99, cpu, between;
		int64_t errors;
		const char *verdict, *why;
	} rows[] = {
		{ 0.1, 1e-3, NAN, 0, "inconclusive", "two runs, one after the other, cannot tell a change of CPU" },
		{ 0.2, 1e-3, NAN, 0, "worse", "p99 changed by +100 % (95 %: " },
		{ 0.1, 0.7e-3, NAN, 0, "better", "CPU per request changed by -30 % (95 %: " },
		{ 0.2, 0.7e-3, NAN, 0, "worse", "p99 changed" },
		{ 0.1, 1e-3, NAN, 2000, "worse", "errors went from 0 % to 9.42 %" },
		{ 0.1, 1e-3, 0.001, 0, "same", "no figure changed beyond its margin" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *a = plain(0.1, 1e-3, 0), *b = plain(rows[i].p99, rows[i].cpu, rows[i].errors);
		struct run *r = run_new();
		struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);
		compare_runs(a, b, rows[i].between, r, p);
		compare_runs(a, b, rows[i].between, r, p);   /* replaces what it wrote */
		assert_int_equal(p->n_comparisons, 5);
		assert_int_equal(p->source, SOURCE_ESTIMATED);
		if (strcmp(p->verdict, rows[i].verdict) != 0 || strncmp(p->why, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("row %zu: %s: %s", i, p->verdict, p->why);
		const struct run_comparison *c = comparison_of(p, "latency_p99");
		CHECK_NEAR(c->ratio, rows[i].p99 / 0.1, 1e-9);
		CHECK_NEAR(c->after, rows[i].p99, 1e-12);
		assert_true(c->low < c->ratio && c->ratio < c->high);
		CHECK_NEAR(p->effect.latency_p99.ratio, c->ratio, 0);
		assert_true(comparison_of(p, "cpu_per_request")->primary);
		run_free(a);
		run_free(b);
		run_free(r);
	}
}

/* A stall of two seconds makes the p95 and p99 of a whole run, of each route too. */
static void
a_stall_is_not_called_a_change(void **state)
{
	struct run *a = plain(0.01, 1e-3, 0), *b = plain(0.01, 1e-3, 0), *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	for (int i = 0; i < 2; i++) {
		struct run *of = i ? b : a;
		of->evidence.phases[0].latency.p95 = i ? 0.008 : 0.7;
		for (int k = 0; k < 2; k++) {
			struct run_route *o = RUN_ADD(of, route, of->baseline.routes, of->baseline.n_routes);
			o->route = k ? "/k" : "/l";
			o->requests = 5000;
			o->latency.p99 = i ? 0.01 : 1;
		}
	}
	a->evidence.phases[0].latency.p99 = 1;
	a->evidence.phases[0].latency_by_second[3] = a->evidence.phases[0].latency_by_second[4] = 1;
	compare_runs(a, b, NAN, r, p);
	for (size_t i = 0; i < p->n_comparisons; i++)
		if (strncmp(p->comparisons[i].metric, "latency_p9", 10) == 0)
			assert_string_equal(p->comparisons[i].verdict, "inconclusive");
	CHECK_NEAR(comparison_of(p, "latency_p99")->before, 1, 0);
	assert_true(comparison_of(p, "latency_p99")->ratio > 0.5);
	run_free(a);
	run_free(b);
	run_free(r);
}

/* The preset and 3 of 100 ms for each run: sqrt(2 (0.12^2 + 0.03^2)) 1.96 = 0.343 on the logarithm. */
static void
the_spread_between_runs_is_in_the_interval(void **state)
{
	struct run *a = plain(0.1, 1e-3, 0), *b = plain(0.1, 1e-3, 0), *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	compare_runs(a, b, NAN, r, p);
	CHECK_NEAR(log(comparison_of(p, "latency_p99")->high), 0.343, 0.002);
	CHECK_NEAR(log(comparison_of(p, "cpu_per_request")->high), 0.111, 0.001);
	run_free(a);
	run_free(b);
	run_free(r);
}

static void
routes_are_matched_by_name(void **state)
{
	struct run *runs[2] = { plain(0.1, 1e-3, 0), plain(0.1, 1e-3, 0) }, *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);
	static const char *const names[2][2] = { { "/a", "/b" }, { "/b", "/new" } };

	for (int side = 0; side < 2; side++)
		for (int i = 0; i < 2; i++) {
			struct run_route *o = RUN_ADD(runs[side], route, runs[side]->baseline.routes,
			    runs[side]->baseline.n_routes);
			o->route = names[side][i];
			o->requests = 10000;
			o->latency.p50 = o->latency.p95 = 0.01;
			o->latency.p99 = side ? 0.09 : 0.02;
		}
	compare_runs(runs[0], runs[1], NAN, r, p);
	assert_int_equal(p->n_comparisons, 5 + 3);
	const struct run_comparison *last = &p->comparisons[7];
	assert_string_equal(last->route, "/b");
	assert_string_equal(last->verdict, "worse");
	assert_string_equal(p->verdict, "worse");
	assert_non_null(strstr(p->why, "p99 of /b changed by +350 %"));
	run_free(runs[0]);
	run_free(runs[1]);
	run_free(r);
}

/* ---- may they be compared? ----------------------------------------------------------------- */

static void as_it_is(struct run *b) { }
static void other_port(struct run *b) { b->spec.urls[0] = "http://127.0.0.1:9090/a"; }
static void a_patch(struct run *b) { b->tool = "prony 0.1.9"; }
static void nearly_the_rate(struct run *b) { b->evidence.phases[0].rate *= 1.005; }
static void other_path(struct run *b) { b->spec.urls[0] = "http://127.0.0.1:8080/b"; }
static void a_route_more(struct run *b) { RUN_ADD_STR(b, b->spec.urls, b->spec.n_urls, "http://h/c"); }
static void other_workload(struct run *b) { b->spec.workload = "ff"; }
static void no_workload(struct run *b) { b->spec.workload = NULL; }
static void other_rate(struct run *b) { b->evidence.phases[0].rate = 500; }
static void other_seed(struct run *b) { b->spec.seed = 8; }
static void more_connections(struct run *b) { b->spec.connections = 9; }
static void closed_loop(struct run *b) { b->spec.closed = true; }
static void even_arrivals(struct run *b) { b->spec.arrivals = "constant"; }
static void other_cpu(struct run *b) { b->host.cpu_model = "another"; }
static void more_cpus(struct run *b) { b->host.cpus = 4; }
static void no_machine(struct run *b) { b->host.cpus = 0; }
static void other_kernel(struct run *b) { b->host.kernel = "Linux 6.2.0"; }
static void more_memory(struct run *b) { b->host.memory_bytes *= 2; }
static void far_generator(struct run *b) { b->host.generator_on_host = false; }
static void other_version(struct run *b) { b->tool = "prony 0.2.0"; }
static void other_engine(struct run *b) { b->evidence.phases[0].engine = "io_uring"; }
static void traced(struct run *b) { b->evidence.trace.mode = "bpf"; }
static void unfinished(struct run *b) { b->sealed = false; }
static void generator(struct run *b) { b->evidence.phases[0].generator_limited = true; }
static void nothing_answered(struct run *b) { b->evidence.phases[0].answered = 0; }

static void
a_proof(struct run *b)
{
	struct run_proof *p = RUN_ADD(b, proof, b->proofs, b->n_proofs);
	RUN_ADD(b, block, p->blocks, p->n_blocks);
}

static void
only_the_service_may_differ(void **state)
{
	static const struct { void (*change)(struct run *b); const char *why, *hint; } rows[] = {
		{ as_it_is, NULL, NULL }, { other_port, NULL, NULL }, { a_patch, NULL, NULL },
		{ nearly_the_rate, NULL, NULL },
		{ other_path, "a route of A is '/a', of B '/b'", "measure B again" },
		{ a_route_more, "the number of routes of A is 1, of B 2", "measure B again" },
		{ other_workload, "of A is '00112233445566ff', of B 'ff'", "measure B again" },
		{ no_workload, "of B 'unknown'", "measure B again" },
		{ other_rate, "A was offered 700/s, B 500/s", "--rate 500/s" },
		{ other_seed, "the seed of A is 7, of B 8", "measure B again" },
		{ more_connections, "the number of connections of A is 0, of B 9", "measure B again" },
		{ closed_loop, "the loop of A is 'open', of B 'closed'", "measure B again" },
		{ even_arrivals, "the kind of arrivals of A is 'poisson'", "measure B again" },
		{ other_cpu, "the CPU of A is 'cpu', of B 'another'", "on one machine" },
		{ more_cpus, "the number of CPUs", "on one machine" },
		{ no_machine, "run B does not say on which machine", "measure it again" },
		{ other_kernel, "the kernel of A", "on one machine" },
		{ more_memory, "the memory of A is '4.00 GiB', of B '8.00 GiB'", "on one machine" },
		{ far_generator, "the place of the load generator", "on one machine" },
		{ other_version, "the version that measured", "measure B again" },
		{ other_engine, "the load engine of A is 'epoll', of B 'io_uring'", "--engine" },
		{ traced, "the way it was traced of A is 'none', of B 'bpf'", "prony doctor" },
		{ unfinished, "run B was not finished", "measure it again" },
		{ generator, "in run B the load generator was the limit", "less load" },
		{ nothing_answered, "run B holds no load", "prony load" },
		{ a_proof, "run B is itself a comparison", "prony report" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *a = plain(0.1, 1e-3, 0), *b = plain(0.1, 1e-3, 0);
		struct err e = { 0 };
		rows[i].change(b);
		int code = compare_allowed(a, b, &e);
		assert_int_equal(code, rows[i].why ? -EINVAL : 0);
		if (rows[i].why && (!strstr(e.text, rows[i].why) || !strstr(e.hint, rows[i].hint) ||
		    e.status != STATUS_NOT_MEASURED))
			fail_msg("row %zu: %d %s | %s", i, e.status, e.text, e.hint);
		run_free(a);
		run_free(b);
	}
}

/* In a check the traced load counts, not the idle baseline before it. */
static void
the_traced_load_counts(void **state)
{
	struct run *a = plain(0.1, 1e-3, 0), *b = plain(0.1, 1e-3, 0);
	struct err e = { 0 };

	for (int i = 0; i < 2; i++) {
		struct run *r = i ? b : a;
		struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
		*p = r->evidence.phases[0];
		p->name = "trace";
		r->evidence.phases[0].rate = i ? 10 : 20;
	}
	assert_int_equal(compare_allowed(a, b, &e), 0);
	run_free(a);
	run_free(b);
}

RUN_TESTS(cmocka_unit_test(drift_is_not_called_a_change), cmocka_unit_test(large_changes_are_found),
    cmocka_unit_test(figures_are_told), cmocka_unit_test(a_stall_is_not_called_a_change),
    cmocka_unit_test(the_spread_between_runs_is_in_the_interval),
    cmocka_unit_test(routes_are_matched_by_name), cmocka_unit_test(only_the_service_may_differ),
    cmocka_unit_test(the_traced_load_counts))

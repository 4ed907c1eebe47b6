/* SPDX-License-Identifier: MIT */
/* The generator against a server in this process whose behaviour is known (tests/tools/truth.h).
 * No assertion depends on how fast the machine is, only on what must have happened. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "load/load.h"
#include "truth.h"
#include "check.h"

#define ROUTES_MAX 4

struct bench {
	struct truth *truth;
	uint16_t port;
	struct spec spec;
	const char *urls[ROUTES_MAX];
	char text[ROUTES_MAX][128];
	struct load *load;
	struct run *run;
	struct err e;
};

static void
bench_open(struct bench *b, const char *const *paths, size_t n)
{
	if (!b->truth)
		b->truth = truth_start(0, 1, &b->port);
	assert_non_null(b->truth);
	for (size_t i = 0; i < n; i++) {
		snprintf(b->text[i], sizeof(b->text[i]), "http://127.0.0.1:%u/%s", b->port, paths[i]);
		b->urls[i] = b->text[i];
	}
	b->spec.urls = b->urls;
	b->spec.n_urls = n;
	b->spec.seed = 1;
	b->spec.reuse = 1;
	if (!b->spec.timeout_ns)
		b->spec.timeout_ns = NS_PER_S;
	if (!b->spec.connections)
		b->spec.connections = 32;
	b->run = run_new();
	if (load_open(&b->spec, NULL, &b->load, &b->e) < 0)
		fail_msg("%s", b->e.text);
}

static void
bench_close(struct bench *b)
{
	load_close(b->load);
	run_free(b->run);
	truth_stop(b->truth);
}

static struct run_phase *
offer(struct bench *b, const struct load_step *step)
{
	struct run_phase *p = NULL;
	if (load_run(b->load, step, true, b->run, &p, &b->e) < 0)
		fail_msg("%s", b->e.text);
	assert_int_equal(p->scheduled, p->sent + p->unsent);
	assert_int_equal(p->sent, p->answered + p->errors + p->timeouts + p->in_flight);
	assert_int_equal(p->errors, p->error_connect + p->error_reset + p->error_closed +
	    p->error_protocol + p->error_status);
	return p;
}

static const struct load_step hundred = {
	.name = "hundred", .rate = 500, .for_ns = 200 * NS_PER_MS,
};

/* Every fifth request goes wrong in one way: twenty of a hundred, in the right class. */
static void
failures_are_counted_in_their_class(void **state)
{
	static const struct { const char *path; size_t field; } rows[] = {
		{ "reset?every=5", offsetof(struct run_phase, error_reset) },
		{ "short?every=5", offsetof(struct run_phase, error_closed) },
		{ "half?every=5", offsetof(struct run_phase, error_closed) },
		{ "long?every=5", offsetof(struct run_phase, error_protocol) },
		{ "garbage?every=5", offsetof(struct run_phase, error_protocol) },
		{ "flood?every=5", offsetof(struct run_phase, error_protocol) },
		{ "status?every=5&code=503", offsetof(struct run_phase, error_status) },
		{ "status?every=5&code=429", offsetof(struct run_phase, error_status) },
		{ "hole?every=5", offsetof(struct run_phase, timeouts) },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench b = { 0 };
		bench_open(&b, &rows[i].path, 1);
		struct run_phase *p = offer(&b, &hundred);
		int64_t counted = *(int64_t *)((char *)p + rows[i].field);
		if (p->scheduled != 100 || p->answered != 80 || counted != 20)
			fail_msg("%s: %ld scheduled, %ld answered, %ld counted", rows[i].path,
			    (long)p->scheduled, (long)p->answered, (long)counted);
		bool hole = rows[i].field == offsetof(struct run_phase, timeouts);
		assert_int_equal(p->latency.censored, hole);
		CHECK_NEAR(b.run->baseline.error_rate, hole ? 0 : 0.2, 1e-9);
		CHECK_NEAR(b.run->baseline.timeout_rate, hole ? 0.2 : 0, 1e-9);
		bench_close(&b);
	}
}

static void
odd_but_right_answers_count_as_answers(void **state)
{
	static const char *const paths[] = {
		"none", "chunked", "interim", "until-close", "close", "drip?every=10",
		"status?every=2&code=404",
	};
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct bench b = { .spec.timeout_ns = 10 * NS_PER_S };
		bench_open(&b, &paths[i], 1);
		struct run_phase *p = offer(&b, &hundred);
		if (p->answered != 100 || p->latency.censored)
			fail_msg("%s: %ld of 100 answered", paths[i], (long)p->answered);
		assert_int_equal(truth_requests(b.truth), 100);
		bench_close(&b);
	}
}

static void
routes_are_told_apart(void **state)
{
	static const char *const paths[] = { "none", "status?every=1&code=503", "until-close" };
	struct bench b = { 0 };

	bench_open(&b, paths, 3);
	offer(&b, &(struct load_step){ .name = "x", .rate = 300, .for_ns = 300 * NS_PER_MS });
	const struct run_baseline *base = &b.run->baseline;
	assert_int_equal(base->n_routes, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(base->routes[i].requests, 30);
	assert_string_equal(base->routes[0].route, "/none");
	assert_string_equal(base->routes[0].content_type, "text/plain");
	CHECK_NEAR(base->routes[0].body_bytes, 3, 0);
	CHECK_NEAR(base->routes[1].error_rate, 1, 0);
	assert_int_equal(base->routes[1].status, 503);
	CHECK_NEAR(base->routes[2].body_bytes, 10, 0);
	CHECK_NEAR(base->error_rate, 1.0 / 3, 1e-9);
	bench_close(&b);
}

/* The server stands still for the first second of three. Who waits for it sends nothing meanwhile
 * and sees one slow request; the schedule goes on. */
static void
a_stall_is_seen_by_all_who_would_have_come(void **state)
{
	static const char *const path[] = { "stall?ms=1000&every=3000" };
	struct bench b = { .spec.timeout_ns = 10 * NS_PER_S, .spec.connections = 4 };

	bench_open(&b, path, 1);
	struct run_phase *p = offer(&b, &(struct load_step){
	    .name = "stall", .rate = 100, .for_ns = 1500 * NS_PER_MS });
	assert_int_equal(p->answered, 150);
	assert_true(p->latency.p99 >= 0.9);
	assert_true(p->latency.p50 >= 0.2);
	/* Four connections were stuck; the others were sent after it and came back at once. */
	assert_true(p->service.p50 < 0.5 * p->latency.p50);
	bench_close(&b);
}

static void
what_has_no_answer_at_the_end_is_kept(void **state)
{
	static const char *const path[] = { "hole" };
	struct bench b = { .spec.timeout_ns = 300 * NS_PER_MS, .spec.connections = 5 };

	bench_open(&b, path, 1);
	struct run_phase *p = offer(&b, &(struct load_step){
	    .name = "hole", .rate = 100, .for_ns = 500 * NS_PER_MS });
	assert_int_equal(p->scheduled, 50);
	assert_int_equal(p->answered + p->errors, 0);
	assert_true(p->unsent >= 30);
	assert_true(p->timeouts >= 5);
	assert_true(p->latency.censored);
	assert_true(p->latency.p50 >= 0.3);
	bench_close(&b);
}

static void
bounds_on_the_number_hold(void **state)
{
	static const char *const path[] = { "const?ms=1" };
	struct bench b = { .spec.timeout_ns = 10 * NS_PER_S };

	bench_open(&b, path, 1);
	struct run_phase *p = offer(&b, &(struct load_step){
	    .name = "open", .rate = 1000, .for_ns = 10 * NS_PER_S, .at_most = 30 });
	assert_int_equal(p->answered, 30);
	p = offer(&b, &(struct load_step){
	    .name = "closed", .closed = 4, .for_ns = 10 * NS_PER_S, .at_most = 40 });
	assert_int_equal(p->answered, 40);
	assert_int_equal(p->scheduled, 40);
	assert_int_equal(truth_requests(b.truth), 70);
	bench_close(&b);
}

static void
the_probe_explains(void **state)
{
	static const struct { const char *path, *text, *hint; } rows[] = {
		{ "nowhere", "answers 404", "route that exists" },
		{ "status?code=503", "answers 503", "curl" },
		{ "garbage", "does not speak HTTP/1.1", "port of the service" },
		{ "hole", "did not answer", "--timeout" },
		{ "reset", "reset", "log" },
		{ "half", "in the middle of its answer", "log" },
		{ "flood", "too many interim", "port" },
		{ "long", "more than its answer's length", "port" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench b = { 0 };
		bench_open(&b, &rows[i].path, 1);
		assert_true(load_probe(b.load, b.run, &b.e) < 0);
		assert_int_equal(b.e.status, STATUS_NOT_MEASURED);
		if (!strstr(b.e.text, rows[i].text) || !strstr(b.e.hint, rows[i].hint))
			fail_msg("%s: '%s' (%s)", rows[i].path, b.e.text, b.e.hint);
		bench_close(&b);
	}
}

static void
one_good_route_is_enough_for_the_probe(void **state)
{
	static const char *const paths[] = { "nowhere", "none" };
	struct bench b = { 0 };

	bench_open(&b, paths, 2);
	assert_int_equal(load_probe(b.load, b.run, &b.e), 0);
	bench_close(&b);
}

static void
an_absent_service_is_named(void **state)
{
	static const char *const path[] = { "none" };
	struct bench b = { 0 };
	struct run_phase *p;

	bench_open(&b, path, 1);
	assert_int_equal(load_probe(b.load, b.run, &b.e), 0);
	truth_stop(TAKE(b.truth));
	assert_true(load_run(b.load, &hundred, false, b.run, &p, &b.e) < 0);
	assert_non_null(strstr(b.e.text, "went away during phase 'hundred'"));
	bench_close(&b);

	struct bench never = { .port = b.port };
	never.truth = NULL;
	snprintf(never.text[0], sizeof(never.text[0]), "http://127.0.0.1:%u/", b.port);
	never.urls[0] = never.text[0];
	never.spec = (struct spec){ .urls = never.urls, .n_urls = 1, .timeout_ns = NS_PER_S };
	never.run = run_new();
	assert_int_equal(load_open(&never.spec, NULL, &never.load, &never.e), 0);
	assert_true(load_probe(never.load, never.run, &never.e) < 0);
	assert_non_null(strstr(never.e.text, "nothing listens on 127.0.0.1:"));
	bench_close(&never);
}

/* Ten connections and ten milliseconds each: a thousand a second and no more, on any machine. The
 * time is enough for the doubling and a part of the rest. */
static void
the_knee_of_a_known_service(void **state)
{
	static const char *const path[] = { "const?ms=10" };
	struct bench b = { .spec.timeout_ns = 10 * NS_PER_S, .spec.connections = 10 };

	bench_open(&b, path, 1);
	assert_int_equal(load_find_knee(b.load, 8 * NS_PER_S, b.run, &b.e), 0);
	const struct run_capacity *c = &b.run->capacity;
	assert_true(c->n_curve >= 4);
	assert_true(c->knee_rate > 400 && c->knee_rate < 1050);
	for (size_t i = 1; i < c->n_curve; i++)
		assert_true(c->curve[i - 1].rate <= c->curve[i].rate);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_are_counted_in_their_class),
		cmocka_unit_test(odd_but_right_answers_count_as_answers),
		cmocka_unit_test(routes_are_told_apart),
		cmocka_unit_test(a_stall_is_seen_by_all_who_would_have_come),
		cmocka_unit_test(what_has_no_answer_at_the_end_is_kept),
		cmocka_unit_test(bounds_on_the_number_hold),
		cmocka_unit_test(the_probe_explains),
		cmocka_unit_test(one_good_route_is_enough_for_the_probe),
		cmocka_unit_test(an_absent_service_is_named),
		cmocka_unit_test(the_knee_of_a_known_service),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Whose time it is: queues and locks are what their holders did, and no time is lost. */
#include "diagnose/diagnose.h"

#include "check.h"
#include "faults_by_hand.h"
#include "service_by_hand.h"

static double
sum_of(const struct run_time *t)
{
	double sum = 0;
	for (size_t i = 0; i < t->n_parts; i++)
		sum += t->parts[i].share;
	return sum;
}

static double
share_of(const struct run_time *t, enum run_part_kind kind)
{
	double sum = 0;
	for (size_t i = 0; i < t->n_parts; i++)
		if (t->parts[i].kind == kind)
			sum += t->parts[i].share;
	return sum;
}

static void
a_queue_is_what_its_holders_did(void **state)
{
	struct run *r = loop(0.9, 0.02, "node");
	diagnose(r);
	CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-12);
	CHECK_NEAR(share_of(&r->time[0], PART_CPU), 0.9, 1e-12);
	CHECK_NEAR(share_of(&r->time[0], PART_QUEUE), 0, 0);
	run_free(r);
}

/* Workers that poll a peer's socket are blocked in something unknown: what requests block in. */
static void
an_unknown_holder_does_what_requests_do(void **state)
{
	struct run *r = service("python");
	part(r, PART_QUEUE, "socket queue", 0.9);
	part(r, PART_NET, "10.0.0.7:80", 0.08);
	part(r, PART_CPU, "f", 0.02);
	wait_for(r, PART_QUEUE, "socket queue", 16);
	held(r, PART_OTHER, NULL, 0.9);
	held(r, PART_CPU, "f", 0.1);
	diagnose(r);
	CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-12);
	CHECK_NEAR(share_of(&r->time[0], PART_NET), 0.89, 1e-9);
	assert_string_equal(r->findings[0].kind, "io.net.downstream");
	assert_string_equal(r->findings[1].kind, "contention.workers");
	run_free(r);
}

static void
queues_behind_queues_end(void **state)
{
	struct run *r = service("native");
	part(r, PART_QUEUE, "a", 0.8);
	part(r, PART_CPU, "f", 0.2);
	wait_for(r, PART_QUEUE, "a", 1);
	held(r, PART_QUEUE, "b", 0.5);
	held(r, PART_DB, "q", 0.5);
	wait_for(r, PART_QUEUE, "b", 1);
	held(r, PART_QUEUE, "a", 1);
	diagnose(r);
	CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-12);
	assert_true(share_of(&r->time[0], PART_DB) > 0.6);
	CHECK_NEAR(share_of(&r->time[0], PART_QUEUE), 0, 0);
	run_free(r);
}

static double
next_share(unsigned *state)
{
	static const double odd[] = { NAN, -1, 0, 1e9, INFINITY, 1e-300 };
	unsigned v = next_random(state);
	return v % 10 == 0 ? odd[v / 10 % 6] : (v % 1000) / 1500.0;
}

static void
charging_conserves_time_whatever_comes(void **state)
{
	static const char *const places[] = { "a", "b", NULL, "", "c" };
	unsigned seed = 7;

	for (int round = 0; round < 500; round++) {
		struct run *r = service("native");
		for (unsigned i = 0, n = next_random(&seed) % 12; i < n; i++)
			part(r, next_random(&seed) % PART_KINDS, places[next_random(&seed) % 5],
			    next_share(&seed));
		for (unsigned i = 0, n = next_random(&seed) % 5; i < n; i++) {
			wait_for(r, next_random(&seed) % 2 ? PART_QUEUE : PART_LOCK,
			    places[next_random(&seed) % 5], 2);
			for (unsigned k = 0, m = next_random(&seed) % 4; k < m; k++)
				held(r, next_random(&seed) % PART_KINDS, places[next_random(&seed) % 5],
				    next_share(&seed));
		}
		diagnose(r);
		CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-9);
		CHECK_NEAR(share_of(&r->time[0], PART_QUEUE), 0, 0);
		for (size_t i = 0; i < r->n_findings; i++)
			assert_true(r->findings[i].share >= 0 && r->findings[i].share <= 1);
		run_free(r);
	}
}

static void
a_statement_behind_a_lock_is_the_statement(void **state)
{
	struct run *r = convoy(6, PART_DB);
	struct run_query *q = query(r, "SELECT 1", 1000, 4, 1);
	q->scan_table = "orders";
	q->scan_rows = 1e6;
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "customer_id");
	r->evidence.trace.routes[0].parts[2].kind = PART_DB;
	r->evidence.trace.routes[0].parts[2].where = "SELECT 1";
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.db.missing-index");
	CHECK_NEAR(r->findings[0].share, 0.8, 1e-9);
	assert_string_equal(r->findings[1].kind, "contention.lock");
	run_free(r);
}

RUN_TESTS(
	cmocka_unit_test(a_queue_is_what_its_holders_did),
	cmocka_unit_test(an_unknown_holder_does_what_requests_do),
	cmocka_unit_test(queues_behind_queues_end),
	cmocka_unit_test(charging_conserves_time_whatever_comes),
	cmocka_unit_test(a_statement_behind_a_lock_is_the_statement))

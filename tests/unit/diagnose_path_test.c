/* SPDX-License-Identifier: MIT */
/* The path to the finding, and what else is told of a run: its peers, its memory. */
#include "diagnose/diagnose.h"

#include <stdlib.h>

#include "base/buf.h"
#include "check.h"
#include "faults_by_hand.h"
#include "service_by_hand.h"

/* The path as a text: a question a line, with the answer that was taken. */
static char *
path_text(const struct run *r)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < r->n_forks; i++)
		for (size_t k = 0, taken = 0; k < r->forks[i].n_branches; k++) {
			const struct run_branch *branch = &r->forks[i].branches[k];
			taken += branch->took;
			assert_true(taken <= 1);
			if (branch->took)
				buf_printf(&b, "%s %s (%s)\n", r->forks[i].question, branch->answer,
				    branch->figure ? branch->figure : "-");
		}
	return b.data;
}

static void
each_class_has_its_path(void **state)
{
	static const struct { struct run *(*sick)(void); double p99; const char *path; } paths[] = {
		{ missing_index, 0.05,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "What is to be explained? latency (p99 80.0 ms, target 50.0 ms, missed)\n"
		    "Where does the time of the requests go? database (71 %)\n"
		    "What takes most of it? SELECT * FROM orders WHERE customer_id = ? (71 %)\n"
		    "What is the defect? io.db.missing-index (orders(customer_id): SELECT * FROM "
		    "orders WHERE customer...: 71 % of the time, confidence 97 %)\n" },
		{ hot_function, 0.05,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "What is to be explained? latency (p99 80.0 ms, target 50.0 ms, missed)\n"
		    "Where does the time of the requests go? compute (76 %)\n"
		    "What takes most of it? memcpy (36 %)\n"
		    "What is the defect? cpu.hot-function (score_cart: 71 % of the time, "
		    "confidence 95 %)\n" },
		{ collects, 0,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "No target was given: what is to be explained? throughput (holds 1.00k/s)\n"
		    "What do the requests use? waiting idly (55 %)\n"
		    "What takes most of it? other rest (55 %)\n"
		    "Is that what limits? no (garbage collector of native explains 40 % of the "
		    "time, confidence 85 %)\n"
		    "What is the defect? memory.gc (garbage collector of native: 40 % of the time, "
		    "confidence 85 %)\n" },
		{ lock_convoy, 0,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "No target was given: what is to be explained? throughput (holds 1.00k/s)\n"
		    "What do the requests use? contention (60 %)\n"
		    "What takes most of it? lock inventory_lock (60 %)\n"
		    "What is the defect? contention.lock (inventory_lock (held in buy_under_lock): "
		    "60 % of the time, confidence 93 %)\n" },
		{ throttled, 0.05,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "What is to be explained? latency (p99 80.0 ms, target 50.0 ms, missed)\n"
		    "Where does the time of the requests go? compute (76 %)\n"
		    "What takes most of it? memcpy (36 %)\n"
		    "What is the defect? cpu.throttled (CPU quota of 0.5 cores: 55 % of the time, "
		    "confidence 97 %)\n" },
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct run *r = paths[i].sick();
		if (paths[i].p99 > 0)
			target(r, "latency_p99", "<", paths[i].p99, 0);
		diagnose(r);
		char *text = path_text(r);
		assert_string_equal(text, paths[i].path);
		free(text);
		run_free(r);
	}
}

static void
a_refusal_is_the_whole_path(void **state)
{
	struct run *r = missing_index();
	r->evidence.phases[0].answered = 3;
	diagnose(r);
	assert_int_equal(r->n_forks, 1);
	char *text = path_text(r);
	assert_string_equal(text, "Do the data allow a conclusion? no (only 3 requests were answered; "
	    "measure longer or with more load)\n");
	free(text);
	run_free(r);
}

/* Few requests, seen badly: the limit is named, but as what it is. */
static void
little_evidence_makes_a_hypothesis(void **state)
{
	struct run *r = missing_index();
	r->evidence.trace.mode = "perf";
	r->evidence.trace.requests = r->evidence.trace.routes[0].requests = 20;
	target(r, "latency_p99", "<", 0.05, 0);
	diagnose(r);
	assert_true(r->findings[0].confidence < HYPOTHESIS);
	assert_non_null(strstr(r->headline, "; hypothesis: "));
	char *text = path_text(r);
	assert_non_null(strstr(text, ", a hypothesis, "));
	assert_null(strstr(text, "confidence"));
	free(text);
	run_free(r);
}

/* Statements are their database's, whoever else shares its kind of time. */
static void
the_map_adds_up_by_peer(void **state)
{
	struct run *r = service("python");
	struct run_trace *t = &r->evidence.trace;
	part(r, PART_DB, "SELECT a", 0.3);
	part(r, PART_DB, "SELECT b", 0.2);
	part(r, PART_CACHE, "127.0.0.1:6379", 0.1);
	part(r, PART_NET, "client", 0.1);
	part(r, PART_DISK, "sync log", 0.05);
	part(r, PART_NET, "10.0.0.9:80", 0.001);
	part(r, PART_CPU, "handle", 0.249);
	query(r, "SELECT a", 2000, 6, 2)->engine = "postgresql";
	query(r, "SELECT b", 500, 4, 0.5)->engine = "postgresql";
	t->queries[0].database = t->queries[1].database = "10.0.0.2:5432/shop";
	struct run_call *call = RUN_ADD(r, call, t->calls, t->n_calls);
	call->kind = "redis";
	call->peer = "127.0.0.1:6379";
	call->calls = 3000;
	diagnose(r);
	assert_int_equal(r->n_links, 3);
	static const struct { const char *kind, *peer; double share, seconds, calls; } want[] = {
		{ "postgresql", "10.0.0.2:5432", 0.5, 0.01, 2.5 },
		{ "redis", "127.0.0.1:6379", 0.1, 0.002, 3 }, { "disk", NULL, 0.05, 0.001, NAN },
	};
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(r->links[i].kind, want[i].kind);
		assert_true(!want[i].peer == !r->links[i].peer);
		if (want[i].peer)
			assert_string_equal(r->links[i].peer, want[i].peer);
		CHECK_NEAR(r->links[i].share, want[i].share, 1e-9);
		CHECK_NEAR(r->links[i].seconds, want[i].seconds, 1e-9);
		assert_true(isnan(want[i].calls) == isnan(r->links[i].calls));
		if (!isnan(want[i].calls))
			CHECK_NEAR(r->links[i].calls, want[i].calls, 1e-9);
	}
	run_free(r);
}

static void
memory_says_when_it_is_full(void **state)
{
	struct run *r = leak(), *calm = cache_fills();
	struct run_series *s = &calm->evidence.series[calm->evidence.n_series - 1];
	s->slope_low = -1;
	diagnose(r);
	diagnose(calm);
	const struct run_memory *m = &r->memory;
	CHECK_NEAR(m->full_in.value, (m->limit_bytes - m->rss_bytes) / m->growth.value, 1e-6);
	assert_true(m->full_in.low <= m->full_in.value && m->full_in.value <= m->full_in.high);
	assert_true(isnan(calm->memory.full_in.value));
	run_free(r);
	run_free(calm);
}

RUN_TESTS(
	cmocka_unit_test(each_class_has_its_path),
	cmocka_unit_test(a_refusal_is_the_whole_path),
	cmocka_unit_test(little_evidence_makes_a_hypothesis),
	cmocka_unit_test(the_map_adds_up_by_peer),
	cmocka_unit_test(memory_says_when_it_is_full))

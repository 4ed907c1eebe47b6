/* SPDX-License-Identifier: MIT */
/* What is told where it is not known whose calls over a shared connection are. */
#include <sys/syscall.h>

#include "check.h"
#include "painted.h"
#include "tape_by_hand.h"
#include "trace/summary.h"

enum { LOOP = 10 };
enum { A = 1, B, CACHE = 20 };
enum { DOUBTFUL = CALL_SURE - 40 };

/* B asks and A waits, 870 us of it while the loop is idle; or it was A who asked. */
static void
two_requests_and_one_call(uint8_t sure)
{
	request(LOOP, A, 5, 10);
	request(LOOP, B, 12, 15);
	peer(LOOP, CACHE, 16, 6379);
	ask(LOOP, CACHE, 20, "GET ?");
	off(LOOP, 30, 900, 905, SYS_epoll_wait, 0);
	poll(LOOP, 30, 906, 1);
	reply(LOOP, CACHE, 910, 900, 1);
	response(LOOP, B, 920);
	response(LOOP, A, 1000);
	tape_window_end(&tape, 2000 * US);
	assembly = assemble(&tape);
	assert_int_equal(assembly->calls[0].span, 1);
	assembly->calls[0].sure = sure;
}

/* us */
static int64_t
waits_of_a_for_cache(uint8_t sure)
{
	struct canvas c = { .arena = tape.arena };
	two_requests_and_one_call(sure);
	paint_span(assembly, &assembly->spans[0], &c);
	assert_int_equal(painted_ns(&c.ledger) / US, 995);
	int64_t us = part(&c, PART_CACHE);
	ledger_done(&c.ledger);
	return us;
}

static void
a_request_waits_for_the_call_that_may_be_its_own(void **state)
{
	assert_in_range(waits_of_a_for_cache(DOUBTFUL), 860, 880);
}

static void
a_call_that_is_surely_anothers_is_not_waited_for(void **state)
{
	assert_int_equal(waits_of_a_for_cache(100), 0);
}

/* Requests that are open all the time, and so many calls that go out at once, again and again. Of them
 * none is surely whose it is taken for. Returns evidence.trace.queries[].at_once. */
static double
at_once(uint32_t requests, uint32_t calls)
{
	struct intake in;
	struct summary summary = { .in = &in, .r = run_new(), .arena = tape.arena };

	peer(LOOP, CACHE, 1, 6379);
	for (uint32_t i = 0; i < requests; i++)
		request(LOOP, 100 + i, 2, 5 + i);
	for (int64_t t = 100; t < 1000; t += 100) {
		for (uint32_t i = 0; i < calls; i++)
			ask(LOOP, CACHE, t + i, "GET ?");
		reply(LOOP, CACHE, t + 60, t + 50, (int)calls);
	}
	for (uint32_t i = 0; i < requests; i++)
		response(LOOP, 100 + i, 1000 + i);
	tape_window_end(&tape, 2000 * US);
	assembly = assemble(&tape);
	for (size_t i = 0; i < assembly->n_calls; i++)
		assembly->calls[i].sure = DOUBTFUL;
	intake_init(&in, &tape, NULL, NULL);
	summary.a = assembly;
	summary_queries(&summary);
	assert_int_equal(summary.r->evidence.trace.n_queries, 1);
	double share = summary.r->evidence.trace.queries[0].at_once;
	intake_done(&in);
	run_free(summary.r);
	return share;
}

static void
as_many_calls_as_requests_may_be_asked_one_by_one(void **state)
{
	CHECK_NEAR(at_once(8, 8), 0, 1e-9);
}

static void
more_calls_than_requests_are_asked_at_once(void **state)
{
	CHECK_NEAR(at_once(2, 8), 0.75, 1e-9);   /* the third to eighth of eight find too many out */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN_TESTS(
	TEST(a_request_waits_for_the_call_that_may_be_its_own),
	TEST(a_call_that_is_surely_anothers_is_not_waited_for),
	TEST(as_many_calls_as_requests_may_be_asked_one_by_one),
	TEST(more_calls_than_requests_are_asked_at_once))

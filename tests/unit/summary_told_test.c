/* SPDX-License-Identifier: MIT */
/* What is told of answers and of statements, from a few calls and writes by hand. */
#include "trace/summary.h"

#include "check.h"

#define MS INT64_C(1000000)

static struct tape tape;
static struct assembly assembly;
static struct summary summary;

static int
begin(void **state)
{
	tape_init(&tape, 1000);
	tape_window_begin(&tape, 0);
	assembly = (struct assembly){ .tape = &tape, .arena = arena_new() };
	summary = (struct summary){ .a = &assembly, .r = run_new(), .arena = assembly.arena };
	return 0;
}

static int
end(void **state)
{
	run_free(summary.r);
	arena_free(assembly.arena);
	tape_done(&tape);
	return 0;
}

static void
call(const char *text, uint32_t span, int64_t start_ms, int64_t end_ms)
{
	struct call *c = ARENA_PUSH(assembly.arena, assembly.calls, assembly.n_calls);
	c->statement = tape_name(&tape, text);
	c->kind = PART_DB;
	c->span = span;
	c->start = start_ms * MS;
	c->end = end_ms * MS;
}

/* Requests each 10 ms apart: an UPDATE of 25 ms that ends with the COMMIT of the one before, or
 * half way between two of them. */
static double
released(int64_t after_ms)
{
	for (uint32_t i = 0; i < 60; i++) {
		call("UPDATE stock SET n = n + ?", i, 10 * i, 10 * i + 25 + after_ms);
		call("COMMIT", i, 10 * i + 34 + after_ms, 10 * i + 35);
	}
	tape_window_end(&tape, 60 * 10 * MS);
	struct run_trace *t = &summary.r->evidence.trace;
	RUN_ADD(summary.r, query, t->queries, t->n_queries)->fingerprint = "UPDATE stock SET n = n + ?";
	RUN_ADD(summary.r, query, t->queries, t->n_queries)->fingerprint = "COMMIT";
	summary_released(&summary);
	assert_true(isnan(t->queries[1].released));
	return t->queries[0].released;
}

static void
a_wait_for_rows_ends_with_another_transaction(void **state)
{
	double share = released(0);
	assert_true(share > 0.9 && share <= 1);
}

static void
a_slow_statement_ends_when_it_likes(void **state)
{
	CHECK_NEAR(released(5), 0, 1e-9);
}

static void
few_calls_tell_nothing(void **state)
{
	struct run_trace *t = &summary.r->evidence.trace;
	call("UPDATE stock SET n = n + ?", 1, 0, 20);
	call("COMMIT", 2, 19, 20);
	tape_window_end(&tape, 100 * MS);
	RUN_ADD(summary.r, query, t->queries, t->n_queries)->fingerprint = "UPDATE stock SET n = n + ?";
	summary_released(&summary);
	assert_true(isnan(t->queries[0].released));
}

static void
writes_of_an_answer_are_counted(void **state)
{
	for (int i = 0; i < 60; i++) {
		struct rec *r = tape_add(&tape);
		r->kind = REC_IO;
		/* a head and a body to the client, and a question to a peer, in turn */
		r->flags = i % 3 == 0 ? IO_WRITE | IO_SERVER | IO_HEAD : i % 3 == 1 ? IO_WRITE | IO_SERVER : IO_WRITE;
	}
	summary_pieces(&summary);
	CHECK_NEAR(summary.r->evidence.trace.pieces, 2, 1e-12);
}

static void
few_answers_tell_no_pieces(void **state)
{
	summary_pieces(&summary);
	assert_true(isnan(summary.r->evidence.trace.pieces));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN_TESTS(
	TEST(a_wait_for_rows_ends_with_another_transaction),
	TEST(a_slow_statement_ends_when_it_likes),
	TEST(few_calls_tell_nothing),
	TEST(writes_of_an_answer_are_counted),
	TEST(few_answers_tell_no_pieces))

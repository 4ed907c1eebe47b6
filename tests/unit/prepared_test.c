/* SPDX-License-Identifier: MIT */
/* Statements that some connections had prepared before tracing: what requests of the route ask elsewhere names them. */
#include <sys/syscall.h>

#include "check.h"
#include "tape_by_hand.h"

enum { WORKER = 10, CLIENT = 1, OLD = 20, FRESH = 21, REQUESTS = 40 };

/* The thread was blocked in receiving from 31 on. */
static void
answered(uint64_t conn, int64_t at)
{
	off(WORKER, at + 31, at + 59, at + 59, SYS_recvfrom, 0);
	io(WORKER, conn, at + 60, 0, at + 59, at + 31);
	struct rec *r = add(REC_REPLY, WORKER, at + 60);
	r->key = conn;
	r->at = (at + 59) * US;
	r->value = 1;
}

/* Each begins a transaction and asks; every fourth on the old connection. `other`: the n-th of the others asks that. */
static void
requests(const char *other, int nth)
{
	peer(WORKER, OLD, 1, 5432);
	peer(WORKER, FRESH, 2, 5432);
	for (int i = 0; i < REQUESTS; i++) {
		int64_t at = 100 + 100 * i;
		uint64_t conn = i % 4 ? FRESH : OLD;
		bool odd = other && i % 4 && i % nth == 0;
		request(WORKER, CLIENT, at, at + 1);
		ask(WORKER, conn, at + 10, "BEGIN");
		reply(WORKER, conn, at + 20, at + 19, 1);
		ask(WORKER, conn, at + 30, i % 4 == 0 ? TAPE_PREPARED_BEFORE : odd ? other : "SELECT stock");
		answered(conn, at);
		response(WORKER, CLIENT, at + 70);
	}
	tape_window_end(&tape, (200 + 100 * REQUESTS) * US);
	assembly = assemble(&tape);
}

static int
asked(const char *statement)
{
	int n = 0;

	for (size_t i = 0; i < assembly->n_calls; i++)
		n += assembly->calls[i].statement && !strcmp(tape_text(&tape, assembly->calls[i].statement), statement);
	return n;
}

static void
takes_the_text_of_its_place(void **state)
{
	requests(NULL, 0);
	assert_int_equal(asked("BEGIN"), REQUESTS);
	assert_int_equal(asked("SELECT stock"), REQUESTS);
	assert_int_equal(asked(TAPE_PREPARED_BEFORE), 0);
	for (size_t i = 0; i < assembly->n_segments; i++)
		assert_int_not_equal(assembly->segments[i].gap_where, tape_name(&tape, TAPE_PREPARED_BEFORE));
	int waits = 0;
	for (size_t i = 0; i < tape.n; i++)
		if (tape_at(&tape, i)->kind == REC_OFF)
			waits += tape_at(&tape, i)->name == tape_name(&tape, "SELECT stock");
	assert_int_equal(waits, REQUESTS);
}

static void
stays_unknown_where_requests_differ(void **state)
{
	requests("UPDATE stock", 5);
	assert_int_equal(asked(TAPE_PREPARED_BEFORE), REQUESTS / 4);
}

static void
seldom_exceptions_do_not_matter(void **state)
{
	requests("UPDATE stock", 39);
	assert_int_equal(asked(TAPE_PREPARED_BEFORE), 0);
	assert_int_equal(asked("UPDATE stock"), 1);
}

static void
stays_unknown_where_all_do(void **state)
{
	peer(WORKER, OLD, 1, 5432);
	for (int i = 0; i < REQUESTS; i++) {
		request(WORKER, CLIENT, 100 * i + 10, 100 * i + 11);
		ask(WORKER, OLD, 100 * i + 20, TAPE_PREPARED_BEFORE);
		reply(WORKER, OLD, 100 * i + 40, 100 * i + 39, 1);
		response(WORKER, CLIENT, 100 * i + 50);
	}
	tape_window_end(&tape, 100 * REQUESTS * US);
	assembly = assemble(&tape);
	assert_int_equal(asked(TAPE_PREPARED_BEFORE), REQUESTS);
}

#define ON_TAPE(test) cmocka_unit_test_setup_teardown(test, begin, end)
RUN_TESTS(ON_TAPE(takes_the_text_of_its_place), ON_TAPE(stays_unknown_where_requests_differ),
    ON_TAPE(seldom_exceptions_do_not_matter), ON_TAPE(stays_unknown_where_all_do))

/* SPDX-License-Identifier: MIT */
/* Which request a question to a peer belongs to: tapes by hand, one for each rule. */
#include <sys/syscall.h>

#include "painted.h"
#include "tape_by_hand.h"
#include "check.h"

/* Clients' connections and those of a pool. */
enum { A = 1, B, C, D, P = 10, Q, R, CACHE };
enum { LOOP = 100, OTHER = 200 };

static void
done(void)
{
	tape_window_end(&tape, 1000000 * US);
	assembly = assemble(&tape);
}

/* The span whose request was read then; there must be one. */
static uint32_t
read_at(int64_t us)
{
	for (uint32_t i = 0; i < assembly->n_spans; i++)
		if (assembly->spans[i].read == us * US && !assembly->spans[i].partial)
			return i;
	fail_msg("no request was read at %d", (int)us);
	return NOBODY;
}

static const struct call *
call_at(int64_t us)
{
	for (size_t i = 0; i < assembly->n_calls; i++)
		if (assembly->calls[i].start == us * US)
			return &assembly->calls[i];
	fail_msg("no call began at %d", (int)us);
	return NULL;
}

#define assert_link(call_us, read_us) do { \
	assert_int_equal(call_at(call_us)->span, read_at(read_us)); \
	assert_true(call_at(call_us)->sure >= CALL_SURE); } while (0)

/* ---- loops --------------------------------------------------------------------------------- */

static void
what_is_asked_in_a_run_is_the_reads(void **state)
{
	peer(LOOP, P, 1, 5432);
	peer(LOOP, Q, 1, 5432);
	poll(LOOP, 2, 9, 2);
	request(LOOP, A, 5, 10);
	ask(LOOP, P, 20, "a");
	request(LOOP, B, 6, 30);
	ask(LOOP, Q, 40, "b");
	poll(LOOP, 50, 90, 2);
	reply(LOOP, Q, 100, 80, 1);
	response(LOOP, B, 110);
	reply(LOOP, P, 120, 85, 1);
	response(LOOP, A, 130);
	done();
	assert_link(20, 10);
	assert_link(40, 30);
	assert_int_equal(call_at(40)->end, 80 * US);
	assert_int_equal(call_at(40)->rows, 1);
}

static void
answers_in_one_read_resume_in_their_order(void **state)
{
	peer(LOOP, CACHE, 1, 6379);
	peer(LOOP, P, 1, 5432);
	peer(LOOP, Q, 1, 5432);
	request(LOOP, A, 5, 10);
	ask(LOOP, CACHE, 20, "GET ?");
	request(LOOP, B, 25, 30);
	ask(LOOP, CACHE, 40, "GET ?");
	poll(LOOP, 50, 90, 1);
	reply(LOOP, CACHE, 100, 80, 2);
	ask(LOOP, P, 110, "x");
	ask(LOOP, Q, 120, "x");
	poll(LOOP, 130, 190, 2);
	reply(LOOP, P, 200, 180, 1);
	response(LOOP, A, 210);
	reply(LOOP, Q, 220, 185, 1);
	response(LOOP, B, 230);
	done();
	assert_link(20, 10);
	assert_link(40, 30);
	assert_link(110, 10);
	assert_link(120, 30);
}

/* A pool of one: B and C wait for it. */
static void
wait_for_the_pool(void)
{
	peer(LOOP, P, 1, 5432);
	poll(LOOP, 2, 9, 1);
	request(LOOP, A, 5, 10);
	ask(LOOP, P, 20, NULL);
	poll(LOOP, 25, 28, 1);
	request(LOOP, B, 27, 30);
	poll(LOOP, 35, 38, 1);
	request(LOOP, C, 37, 40);
	poll(LOOP, 45, 98, 1);
}

static void
a_connection_that_comes_back_goes_to_who_waited_longest(void **state)
{
	wait_for_the_pool();
	reply(LOOP, P, 100, 90, 0);
	ask(LOOP, P, 110, NULL);
	response(LOOP, A, 120);
	poll(LOOP, 130, 198, 1);
	reply(LOOP, P, 200, 190, 0);
	ask(LOOP, P, 210, NULL);
	response(LOOP, B, 220);
	poll(LOOP, 230, 298, 1);
	reply(LOOP, P, 300, 290, 0);
	response(LOOP, C, 320);
	done();
	assert_link(20, 10);
	assert_link(110, 30);
	assert_link(210, 40);
	assert_int_equal(call_at(110)->sure, 100);
}

static void
the_wait_for_a_connection_is_what_it_did_meanwhile(void **state)
{
	wait_for_the_pool();
	reply(LOOP, P, 100, 90, 0);
	ask(LOOP, P, 110, NULL);
	response(LOOP, A, 120);
	poll(LOOP, 130, 198, 1);
	reply(LOOP, P, 200, 190, 0);
	response(LOOP, B, 220);
	done();
	struct canvas c = { .arena = tape.arena }, holder = { 0 };
	paint_span(assembly, &assembly->spans[read_at(30)], &c);
	assert_int_equal(part(&c, PART_DB), 80);
	assert_int_equal(part(&c, PART_OTHER), 0);
	const struct waiting *w = NULL;
	for (size_t i = 0; i < c.n_waits; i++)
		w = c.waits[i].call != NOBODY ? &c.waits[i] : w;
	assert_non_null(w);
	assert_string_equal(tape_text(&tape, w->where), "connection pool 10.0.0.1:1");
	assert_int_equal(w->to, 110 * US);
	paint_connection(assembly, w->call, w->from, w->to, &holder);
	assert_int_equal(part(&holder, PART_DB), (90 * US - w->from) / US);
	assert_int_equal(part(&holder, PART_QUEUE), 10);
	assert_int_equal(part(&holder, PART_CPU), 10);
	assert_int_equal(painted_ns(&holder.ledger), w->to - w->from);
	ledger_done(&c.ledger);
	ledger_done(&holder.ledger);
}

static void
a_connection_left_idle_shows_that_nobody_waits(void **state)
{
	wait_for_the_pool();               /* B and C wait for something else */
	reply(LOOP, P, 100, 90, 0);
	response(LOOP, A, 120);
	request(LOOP, D, 125, 130);
	ask(LOOP, P, 140, NULL);
	poll(LOOP, 150, 198, 1);
	reply(LOOP, P, 200, 190, 0);
	response(LOOP, D, 220);
	response(LOOP, B, 230);
	response(LOOP, C, 240);
	done();
	assert_int_equal(call_at(140)->span, read_at(130));
}

static void
a_transaction_keeps_its_connection(void **state)
{
	peer(LOOP, P, 1, 5432);
	request(LOOP, A, 5, 10);
	ask(LOOP, P, 20, "BEGIN");
	request(LOOP, B, 25, 30);
	poll(LOOP, 40, 90, 1);
	reply(LOOP, P, 100, 90, 1);
	ask(LOOP, P, 110, "UPDATE t");
	poll(LOOP, 120, 190, 1);
	reply(LOOP, P, 200, 190, 1);
	ask(LOOP, P, 210, "COMMIT");
	poll(LOOP, 220, 290, 1);
	reply(LOOP, P, 300, 290, 1);
	ask(LOOP, P, 310, "SELECT 1");
	response(LOOP, A, 320);
	poll(LOOP, 330, 390, 1);
	reply(LOOP, P, 400, 390, 1);
	response(LOOP, B, 410);
	done();
	assert_link(110, 10);
	assert_link(210, 10);
	assert_link(310, 30);
}

static void
a_response_puts_right_what_was_guessed(void **state)
{
	/* C waits for the pool before B does, but B is served first. */
	wait_for_the_pool();
	reply(LOOP, P, 100, 90, 0);
	ask(LOOP, P, 110, NULL);
	response(LOOP, A, 120);
	poll(LOOP, 130, 198, 1);
	reply(LOOP, P, 200, 190, 0);
	ask(LOOP, P, 210, NULL);
	response(LOOP, C, 220);
	poll(LOOP, 230, 298, 1);
	reply(LOOP, P, 300, 290, 0);
	response(LOOP, B, 320);
	done();
	assert_int_equal(call_at(110)->span, read_at(40));
	assert_int_equal(call_at(210)->span, read_at(30));
	struct canvas c = { 0 };
	paint_span(assembly, &assembly->spans[read_at(40)], &c);
	assert_int_equal(part(&c, PART_DB), 80);
	ledger_done(&c.ledger);
}

static void
what_waited_before_the_window_comes_first(void **state)
{
	/* A's call was out and B waited when the window began; C is read in it. */
	peer(LOOP, P, 1, 5432);
	request(LOOP, C, 5, 10);
	poll(LOOP, 20, 98, 1);
	reply(LOOP, P, 100, 90, 0);
	ask(LOOP, P, 110, NULL);           /* B's */
	response(LOOP, A, 120);
	poll(LOOP, 130, 198, 1);
	reply(LOOP, P, 200, 190, 0);
	ask(LOOP, P, 210, NULL);           /* C's */
	response(LOOP, B, 220);
	poll(LOOP, 230, 298, 1);
	reply(LOOP, P, 300, 290, 0);
	response(LOOP, C, 320);
	done();
	assert_int_not_equal(call_at(110)->span, read_at(10));
	assert_link(210, 10);
	assert_false(assembly->spans[call_at(110)->span].complete);
}

static void
a_new_connection_is_first_used_by_who_opened_it(void **state)
{
	peer(LOOP, P, 1, 5432);
	request(LOOP, A, 5, 10);
	ask(LOOP, P, 20, "SELECT");
	request(LOOP, B, 25, 30);
	peer(LOOP, Q, 40, 5432);
	tape_at(&tape, tape.n - 1)->flags = CONN_OPENED;
	poll(LOOP, 45, 48, 1);
	request(LOOP, C, 47, 50);          /* waits for the pool */
	poll(LOOP, 60, 68, 1);
	ask(LOOP, Q, 70, NULL);            /* logs in, in two steps */
	poll(LOOP, 75, 78, 1);
	reply(LOOP, Q, 80, 79, 0);
	poll(LOOP, 82, 84, 1);
	ask(LOOP, Q, 85, NULL);
	poll(LOOP, 90, 98, 1);
	reply(LOOP, P, 100, 95, 1);
	ask(LOOP, P, 110, "SELECT");
	response(LOOP, A, 120);
	poll(LOOP, 130, 138, 1);
	reply(LOOP, Q, 140, 135, 0);
	ask(LOOP, Q, 150, "SELECT");
	poll(LOOP, 160, 198, 2);
	reply(LOOP, P, 200, 190, 1);
	response(LOOP, C, 210);
	reply(LOOP, Q, 220, 190, 1);
	response(LOOP, B, 230);
	done();
	assert_link(110, 50);
	assert_link(150, 30);
	assert_int_equal(call_at(70)->span, read_at(30));
	assert_int_equal(call_at(85)->span, read_at(30));
}

static void
what_one_request_asks_tells_which_of_many_asks_it(void **state)
{
	/* Alone, /route asks "first", then "second" after a timer. */
	int64_t t = 0;
	peer(LOOP, P, 1, 5432);
	peer(LOOP, Q, 1, 5432);
	for (int i = 0; i < 24; i++, t += 1000) {
		request(LOOP, A, t + 5, t + 10);
		ask(LOOP, P, t + 20, "first");
		poll(LOOP, t + 30, t + 98, 1);
		reply(LOOP, P, t + 100, t + 90, 1);
		poll(LOOP, t + 110, t + 198, 0);
		ask(LOOP, P, t + 210, "second");
		poll(LOOP, t + 220, t + 298, 1);
		reply(LOOP, P, t + 300, t + 290, 1);
		response(LOOP, A, t + 310);
	}
	/* Two together: the timer of the first fires in the run that read the second. */
	request(LOOP, A, t + 5, t + 10);
	ask(LOOP, P, t + 20, "first");
	poll(LOOP, t + 30, t + 98, 1);
	reply(LOOP, P, t + 100, t + 90, 1);
	poll(LOOP, t + 110, t + 118, 1);
	request(LOOP, B, t + 115, t + 120);
	ask(LOOP, P, t + 125, "first");
	ask(LOOP, Q, t + 130, "second");
	poll(LOOP, t + 140, t + 198, 2);
	reply(LOOP, Q, t + 200, t + 190, 1);
	response(LOOP, A, t + 210);
	reply(LOOP, P, t + 220, t + 195, 1);
	poll(LOOP, t + 230, t + 298, 0);
	ask(LOOP, P, t + 310, "second");
	poll(LOOP, t + 320, t + 398, 1);
	reply(LOOP, P, t + 400, t + 390, 1);
	response(LOOP, B, t + 410);
	done();
	assert_link(t + 125, t + 120);
	assert_int_equal(call_at(t + 130)->span, read_at(t + 10));
	assert_link(t + 310, t + 120);
}

static void
what_is_asked_one_by_one_is_asked_once_an_answer(void **state)
{
	int64_t t = 0;
	peer(LOOP, CACHE, 1, 6379);
	for (int i = 0; i < 24; i++, t += 1000) {
		request(LOOP, A, t + 5, t + 10);
		for (int k = 100; k <= 300; k += 100) {
			ask(LOOP, CACHE, t + k - 80, "GET ?");
			poll(LOOP, t + k - 70, t + k - 2, 1);
			reply(LOOP, CACHE, t + k, t + k - 10, 1);
		}
		response(LOOP, A, t + 310);
	}
	/* Two share the connection, and both their answers come in one read. */
	request(LOOP, A, t + 5, t + 10);
	ask(LOOP, CACHE, t + 20, "GET ?");
	request(LOOP, B, t + 25, t + 30);
	ask(LOOP, CACHE, t + 40, "GET ?");
	for (int k = 100; k <= 300; k += 100) {
		poll(LOOP, t + k - 30, t + k - 2, 1);
		reply(LOOP, CACHE, t + k, t + k - 10, 2);
		if (k == 300)
			break;
		ask(LOOP, CACHE, t + k + 10, "GET ?");
		ask(LOOP, CACHE, t + k + 20, "GET ?");
	}
	response(LOOP, A, t + 310);
	response(LOOP, B, t + 320);
	done();
	for (int k = 100; k <= 200; k += 100) {
		assert_int_equal(call_at(t + k + 10)->span, read_at(t + 10));
		assert_int_equal(call_at(t + k + 20)->span, read_at(t + 30));
	}
}

static void
timers_of_many_are_doubtful(void **state)
{
	peer(LOOP, P, 1, 5432);
	peer(LOOP, Q, 1, 5432);
	request(LOOP, A, 5, 10);
	poll(LOOP, 15, 28, 1);
	request(LOOP, B, 25, 30);
	poll(LOOP, 35, 98, 0);
	ask(LOOP, P, 110, NULL);
	poll(LOOP, 120, 198, 1);
	reply(LOOP, P, 200, 190, 0);
	response(LOOP, B, 210);
	done();
	assert_true(call_at(110)->sure < CALL_SURE || call_at(110)->span == read_at(30));
}

/* ---- threads and tasks --------------------------------------------------------------------- */

static void
a_thread_for_each_request_is_certain(void **state)
{
	peer(LOOP, P, 1, 5432);
	peer(OTHER, Q, 1, 5432);
	request(LOOP, A, 5, 10);
	request(OTHER, B, 5, 11);
	ask(LOOP, P, 20, "a");
	ask(OTHER, Q, 21, "a");
	reply(OTHER, Q, 30, 28, 1);
	reply(LOOP, P, 31, 29, 1);
	ask(OTHER, Q, 40, "b");
	ask(LOOP, P, 41, "b");
	reply(LOOP, P, 50, 48, 1);
	response(LOOP, A, 60);
	reply(OTHER, Q, 61, 49, 1);
	response(OTHER, B, 70);
	done();
	assert_link(20, 10);
	assert_link(41, 10);
	assert_link(21, 11);
	assert_link(40, 11);
}

static void
a_coroutine_is_the_request_that_it_answers(void **state)
{
	peer(LOOP, P, 1, 5432);
	peer(LOOP, Q, 1, 5432);
	request(LOOP, A, 5, 10);
	request(LOOP, B, 6, 20);
	poll(LOOP, 30, 30, 0);
	ask(LOOP, P, 40, "b")->task = 0xb0;
	ask(LOOP, Q, 50, "a")->task = 0xa0;
	poll(LOOP, 60, 98, 2);
	reply(LOOP, P, 100, 90, 1);
	reply(LOOP, Q, 110, 90, 1);
	poll(LOOP, 120, 120, 0);
	response(LOOP, B, 130)->task = 0xb0;
	response(LOOP, A, 140)->task = 0xa0;
	/* The memory of B's coroutine is used again for another request. */
	request(LOOP, C, 145, 150);
	poll(LOOP, 160, 160, 0);
	ask(LOOP, P, 170, "c")->task = 0xb0;
	poll(LOOP, 180, 198, 1);
	reply(LOOP, P, 200, 190, 1);
	poll(LOOP, 205, 205, 0);
	response(LOOP, C, 210)->task = 0xb0;
	done();
	assert_link(40, 20);
	assert_link(50, 10);
	assert_link(170, 150);
	struct canvas c = { 0 };
	paint_span(assembly, &assembly->spans[read_at(150)], &c);
	assert_int_equal(part(&c, PART_DB), 10);
	assert_int_equal(part(&c, PART_OTHER), 0);
	assert_int_equal(painted_ns(&c.ledger) / US, 210 - 145);
	ledger_done(&c.ledger);
}

static void
a_child_task_is_its_connections_holders(void **state)
{
	peer(LOOP, P, 1, 5432);
	request(LOOP, A, 5, 10);
	request(LOOP, B, 6, 12);
	ask(LOOP, P, 20, "SELECT")->task = 0xa0;
	poll(LOOP, 30, 98, 1);
	reply(LOOP, P, 100, 90, 1);
	ask(LOOP, P, 110, "RESET")->task = 0xc0;   /* of a task that releases the connection */
	poll(LOOP, 120, 198, 1);
	reply(LOOP, P, 200, 190, 1);
	response(LOOP, A, 210)->task = 0xa0;
	response(LOOP, B, 220)->task = 0xb0;
	done();
	assert_int_equal(call_at(20)->span, read_at(10));
	assert_int_equal(call_at(20)->sure, 100);
	assert_int_equal(call_at(110)->span, read_at(10));
	assert_true(call_at(110)->sure < CALL_SURE);
}

static void
a_task_that_nobody_knows_is_nobodys(void **state)
{
	peer(LOOP, P, 1, 5432);
	request(LOOP, A, 5, 10);
	request(LOOP, B, 6, 12);
	ask(LOOP, P, 20, "x")->task = 0xc0;
	response(LOOP, A, 30)->task = 0xa0;
	response(LOOP, B, 40)->task = 0xb0;
	done();
	assert_int_equal(call_at(20)->span, NOBODY);
}

static void
time_that_may_be_an_unknown_call_is_unexplained(void **state)
{
	peer(LOOP, P, 1, 5432);
	request(LOOP, A, 5, 10);
	request(LOOP, B, 6, 12);
	ask(LOOP, P, 20, "x")->task = 0xc0;
	off(LOOP, 30, 480, 490, SYS_epoll_wait, 0);
	poll(LOOP, 30, 490, 1);
	reply(LOOP, P, 500, 480, 1);
	poll(LOOP, 0, 510, 0);             /* one that did not wait */
	response(LOOP, A, 520)->task = 0xa0;
	response(LOOP, B, 530)->task = 0xb0;
	done();
	struct canvas c = { 0 };
	paint_span(assembly, &assembly->spans[read_at(10)], &c);
	assert_int_equal(part(&c, PART_SLEEP), 0);
	assert_true(part(&c, PART_OTHER) > 400);
	ledger_done(&c.ledger);
}

static void
a_goroutine_is_the_request_that_it_read(void **state)
{
	peer(LOOP, P, 1, 6379);
	request(LOOP, A, 5, 10)->task = 0xa0 | TASK_GO;
	request(OTHER, B, 5, 11)->task = 0xb0 | TASK_GO;
	ask(LOOP, P, 20, "x")->task = 0xa0 | TASK_GO;
	off(LOOP, 25, 80, 85, SYS_futex, OTHER);
	reply(OTHER, P, 100, 90, 1);               /* goes on on another thread */
	response(OTHER, A, 110)->task = 0xa0 | TASK_GO;
	response(LOOP, B, 120)->task = 0xb0 | TASK_GO;
	done();
	assert_link(20, 10);
	struct canvas c = { 0 };
	paint_span(assembly, &assembly->spans[read_at(10)], &c);
	assert_int_equal(part(&c, PART_LOCK), 0);
	assert_int_equal(part(&c, PART_CACHE), 65);
	ledger_done(&c.ledger);
}

static void
a_request_whose_first_byte_was_read_elsewhere_is_not_the_last_one(void **state)
{
	peer(LOOP, P, 1, 6379);
	request(LOOP, A, 5, 10)->task = 0xa0 | TASK_GO;
	response(LOOP, A, 20)->task = 0xa0 | TASK_GO;
	io(OTHER, A, 30, IO_SERVER, 28, 0)->task = 0xc0 | TASK_GO;
	io(LOOP, A, 40, IO_SERVER, 38, 0)->task = 0xa0 | TASK_GO;
	ask(LOOP, P, 50, "x")->task = 0xa0 | TASK_GO;
	reply(LOOP, P, 60, 58, 1);
	response(LOOP, A, 70)->task = 0xa0 | TASK_GO;
	done();
	assert_int_equal(assembly->spans[read_at(10)].end, 20 * US);
	assert_int_not_equal(call_at(50)->span, read_at(10));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
RUN_TESTS(TEST(what_is_asked_in_a_run_is_the_reads), TEST(answers_in_one_read_resume_in_their_order),
    TEST(a_connection_that_comes_back_goes_to_who_waited_longest),
    TEST(the_wait_for_a_connection_is_what_it_did_meanwhile),
    TEST(a_connection_left_idle_shows_that_nobody_waits), TEST(a_transaction_keeps_its_connection),
    TEST(a_response_puts_right_what_was_guessed), TEST(what_waited_before_the_window_comes_first),
    TEST(a_new_connection_is_first_used_by_who_opened_it),
    TEST(what_one_request_asks_tells_which_of_many_asks_it),
    TEST(what_is_asked_one_by_one_is_asked_once_an_answer), TEST(timers_of_many_are_doubtful),
    TEST(a_thread_for_each_request_is_certain), TEST(a_coroutine_is_the_request_that_it_answers),
    TEST(a_child_task_is_its_connections_holders), TEST(a_task_that_nobody_knows_is_nobodys),
    TEST(time_that_may_be_an_unknown_call_is_unexplained), TEST(a_goroutine_is_the_request_that_it_read),
    TEST(a_request_whose_first_byte_was_read_elsewhere_is_not_the_last_one))

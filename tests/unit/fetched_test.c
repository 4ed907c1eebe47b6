/* SPDX-License-Identifier: MIT */
/* Calls of an HTTP client with threads of its own: whose they are, and what the request waited for. */
#include <sys/syscall.h>

#include "check.h"
#include "painted.h"
#include "tape_by_hand.h"

enum { SERVER = 1, OTHER_SERVER, PEER = 20, OTHER_PEER };
enum { SERVES = 10, SERVES_TOO, UNPACKS, UNPACKS_TOO, READS };

static void
waits_for_result(int tid, int64_t from, int64_t woken, int waker)
{
	off(tid, from, woken, woken + 10, SYS_futex, waker);
	tape_at(&tape, tape.n - 1)->flags |= OFF_FOR_TASK;
}

/* The reader asks at 30 and 40; the answers arrive at 900 and 905, and each is handed on at once. */
static void
two_requests(void)
{
	request(SERVES, SERVER, 5, 10);
	request(SERVES_TOO, OTHER_SERVER, 5, 12);
	peer(READS, PEER, 20, 8080);
	peer(READS, OTHER_PEER, 21, 8081);
	tape_at(&tape, tape.n - 1)->name = tape_name(&tape, "10.0.0.2:2");
	ask(READS, PEER, 30, NULL);
	ask(READS, OTHER_PEER, 40, NULL);
	off(READS, 50, 901, 906, SYS_epoll_wait, 0);
	poll(READS, 50, 907, 2);
	reply(READS, PEER, 910, 900, 0);
	off(UNPACKS, 15, 912, 915, SYS_accept, READS);
	reply(READS, OTHER_PEER, 920, 905, 0);
	off(UNPACKS_TOO, 15, 922, 925, SYS_accept, READS);
	waits_for_result(SERVES, 25, 950, UNPACKS);
	waits_for_result(SERVES_TOO, 25, 960, UNPACKS_TOO);
}

static void
answer_both(void)
{
	response(SERVES, SERVER, 1000);
	response(SERVES_TOO, OTHER_SERVER, 1010);
	tape_window_end(&tape, 2000 * US);
	assembly = assemble(&tape);
}

static void
a_call_is_of_the_request_that_its_answer_wakes(void **state)
{
	two_requests();
	answer_both();
	assert_int_equal(assembly->n_calls, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(assembly->calls[i].span, i);
		assert_int_equal(assembly->spans[i].calls, i);
		assert_true(assembly->calls[i].sure >= CALL_SURE);
	}
	assert_int_equal(assembly->n_loose, 0);
}

static void
the_peer_is_waited_for_and_not_a_cpu(void **state)
{
	struct canvas c = { .arena = tape.arena };
	two_requests();
	answer_both();
	paint_span(assembly, &assembly->spans[0], &c);
	assert_int_equal(painted_ns(&c.ledger) / US, 995);
	assert_int_equal(part(&c, PART_NET), 870);
	assert_int_equal(part(&c, PART_RUNQUEUE), 13);   /* of who unpacks 3, of who serves 10 */
	ledger_done(&c.ledger);
}

static void
what_was_asked_before_the_wait_for_it_began_is_anothers(void **state)
{
	peer(READS, PEER, 1, 8080);
	ask(READS, PEER, 2, NULL);
	request(SERVES, SERVER, 5, 10);
	reply(READS, PEER, 910, 900, 0);
	off(UNPACKS, 15, 912, 915, SYS_accept, READS);
	waits_for_result(SERVES, 25, 950, UNPACKS);
	response(SERVES, SERVER, 1000);
	tape_window_end(&tape, 2000 * US);
	assembly = assemble(&tape);
	assert_int_equal(assembly->calls[0].span, NOBODY);
	assert_int_equal(assembly->n_loose, 1);
}

static void
what_was_read_before_another_woke_the_reader_is_anothers(void **state)
{
	request(SERVES, SERVER, 5, 10);
	peer(UNPACKS, PEER, 20, 8080);
	ask(UNPACKS, PEER, 30, NULL);
	reply(UNPACKS, PEER, 110, 100, 0);
	off(UNPACKS, 120, 912, 915, SYS_accept, READS);
	waits_for_result(SERVES, 25, 950, UNPACKS);
	response(SERVES, SERVER, 1000);
	tape_window_end(&tape, 2000 * US);
	assembly = assemble(&tape);
	assert_int_equal(assembly->calls[0].span, NOBODY);
}

static void
hands_over(int tid, int64_t at)
{
	*ARENA_PUSH(tape.arena, tape.handoffs, tape.n_handoffs) = (struct tape_handoff){ at * US, (uint32_t)tid };
}

/* A worker of an executor asks a peer for one task, and at once for the next, which was in the queue. */
static void
a_worker_that_asks_itself_has_a_queue_before_it(void **state)
{
	struct canvas c = { .arena = tape.arena };

	request(SERVES, SERVER, 5, 10);
	request(SERVES_TOO, OTHER_SERVER, 5, 12);
	peer(UNPACKS, PEER, 20, 8080);
	ask(UNPACKS, PEER, 30, NULL);
	off(UNPACKS, 31, 401, 405, SYS_poll, 0);
	reply(UNPACKS, PEER, 410, 400, 0);
	waits_for_result(SERVES, 25, 420, UNPACKS);
	hands_over(UNPACKS, 420);
	off(UNPACKS, 421, 424, 426, SYS_accept, 0);      /* for another one who looks into the queue */
	ask(UNPACKS, PEER, 440, NULL);
	off(UNPACKS, 441, 801, 805, SYS_poll, 0);
	reply(UNPACKS, PEER, 810, 800, 0);
	waits_for_result(SERVES_TOO, 25, 820, UNPACKS);
	hands_over(UNPACKS, 820);
	answer_both();
	paint_span(assembly, &assembly->spans[1], &c);
	assert_int_equal(painted_ns(&c.ledger) / US, 1005);
	assert_in_range(part(&c, PART_QUEUE), 395, 410);
	assert_int_equal(part(&c, PART_NET), 360);
	ledger_done(&c.ledger);
}

/* It asks two peers, one after the other, for one task. */
static void
all_that_a_worker_asks_for_a_task_is_the_requests(void **state)
{
	struct canvas c = { .arena = tape.arena };

	request(SERVES, SERVER, 5, 10);
	request(SERVES_TOO, OTHER_SERVER, 5, 12);
	ask(UNPACKS, PEER, 100, NULL);                   /* of the task before */
	off(UNPACKS, 101, 391, 395, SYS_poll, 0);
	reply(UNPACKS, PEER, 400, 390, 0);
	waits_for_result(SERVES, 25, 410, UNPACKS);
	hands_over(UNPACKS, 410);
	ask(UNPACKS, PEER, 440, NULL);
	off(UNPACKS, 441, 591, 595, SYS_poll, 0);
	reply(UNPACKS, PEER, 600, 590, 0);
	ask(UNPACKS, PEER, 620, NULL);
	off(UNPACKS, 621, 801, 805, SYS_poll, 0);
	reply(UNPACKS, PEER, 810, 800, 0);
	waits_for_result(SERVES_TOO, 25, 820, UNPACKS);
	hands_over(UNPACKS, 820);
	answer_both();
	assert_int_equal(assembly->calls[0].span, 0);
	assert_int_equal(assembly->calls[1].span, 1);
	assert_int_equal(assembly->calls[2].span, 1);
	paint_span(assembly, &assembly->spans[1], &c);
	assert_int_equal(painted_ns(&c.ledger) / US, 1005);
	assert_in_range(part(&c, PART_QUEUE), 385, 400);
	assert_int_equal(part(&c, PART_NET), 150 + 180);
	ledger_done(&c.ledger);
}

RUN_TESTS(
	cmocka_unit_test_setup_teardown(all_that_a_worker_asks_for_a_task_is_the_requests, begin, end),
	cmocka_unit_test_setup_teardown(a_worker_that_asks_itself_has_a_queue_before_it, begin, end),
	cmocka_unit_test_setup_teardown(a_call_is_of_the_request_that_its_answer_wakes, begin, end),
	cmocka_unit_test_setup_teardown(the_peer_is_waited_for_and_not_a_cpu, begin, end),
	cmocka_unit_test_setup_teardown(what_was_asked_before_the_wait_for_it_began_is_anothers, begin, end),
	cmocka_unit_test_setup_teardown(what_was_read_before_another_woke_the_reader_is_anothers, begin, end))

/* SPDX-License-Identifier: MIT */
/* Tapes by hand, times in microseconds: what becomes of them, part by part. */
#include <stdlib.h>
#include <sys/syscall.h>

#include "painted.h"
#include "tape_by_hand.h"
#include "check.h"

#define SERVER 1
#define CLIENT 2

static void
sql(int tid, int64_t from, int64_t to, int64_t busy)
{
	struct rec *r = add(REC_SQL, tid, to);
	r->from = from * US;
	r->at = busy * US;
	r->name = tape_name(&tape, "SELECT ?");
}

/* Assemble; paint the only complete span; its parts must sum to it. */
static struct canvas
painted(int64_t want_us)
{
	struct canvas c = { .arena = tape.arena };
	size_t n = 0;
	tape_window_end(&tape, 1000000 * US);
	assembly = assemble(&tape);
	for (size_t i = 0; i < assembly->n_spans; i++)
		if (assembly->spans[i].complete) {
			n++;
			assert_int_equal((assembly->spans[i].end - assembly->spans[i].arrival) / US, want_us);
			paint_span(assembly, &assembly->spans[i], &c);
		}
	assert_int_equal(n, 1);
	assert_int_equal(painted_ns(&c.ledger) / US, want_us);
	return c;
}

static void
a_thread_waits_for_a_lock_then_for_a_cpu(void **state)
{
	request(10, SERVER, 100, 110);
	off(10, 150, 400, 420, SYS_futex, 11);
	off(10, 430, 0, 440, 0, 0);
	response(10, SERVER, 500);
	struct canvas c = painted(400);
	assert_int_equal(part(&c, PART_QUEUE), 10);
	assert_int_equal(part(&c, PART_LOCK), 250);
	assert_int_equal(part(&c, PART_RUNQUEUE), 30);
	assert_int_equal(part(&c, PART_CPU), 110);
	assert_int_equal(c.n_waits, 2);
	assert_int_equal(c.waits[1].kind, PART_LOCK);
	ledger_done(&c.ledger);
}

static void
what_the_holder_did_is_followed_through_the_queue(void **state)
{
	/* 12 held the lock asleep until 300, then 11 until 400; 10 waited all the time. */
	off(12, 120, 290, 290, SYS_clock_nanosleep, 0);
	off(11, 130, 300, 300, SYS_futex, 12);
	off(10, 100, 400, 400, SYS_futex, 11);
	tape_window_end(&tape, 500 * US);
	assembly = assemble(&tape);
	struct canvas c = { 0 };
	uint32_t lock = tape_at(&tape, 2)->name;
	paint_thread(assembly, tape_thread(&tape, 1, 11), 130 * US, 400 * US, lock, &c);
	assert_int_equal(part(&c, PART_LOCK), 0);
	assert_int_equal(part(&c, PART_SLEEP), 160);
	assert_int_equal(part(&c, PART_CPU), 110);
	ledger_done(&c.ledger);
}

static void
a_futex_that_only_a_timer_ends_is_sleep(void **state)
{
	request(10, SERVER, 0, 10);
	off(10, 20, 70, 70, SYS_futex, 0);
	response(10, SERVER, 80);
	struct canvas c = painted(70);
	assert_int_equal(part(&c, PART_SLEEP), 50);
	assert_int_equal(part(&c, PART_LOCK), 0);
	ledger_done(&c.ledger);
}

static void
statements_take_their_time_from_the_cpu(void **state)
{
	request(10, SERVER, 0, 10);
	off(10, 60, 80, 90, SYS_pread64, 0);
	tape_at(&tape, 1)->flags = OFF_IN_SQL | OFF_UNINTERRUPTED;
	sql(10, 50, 100, 40);      /* stepped for 40, of them 20 blocked, 10 without a CPU */
	response(10, SERVER, 150);
	struct canvas c = painted(140);
	assert_int_equal(part(&c, PART_DB), 40);
	assert_int_equal(part(&c, PART_DISK), 0);
	assert_int_equal(part(&c, PART_RUNQUEUE), 10);
	assert_int_equal(part(&c, PART_CPU), 90);
	assert_int_equal(tape_at(&tape, assembly->spans[0].sql)->kind, REC_SQL);
	ledger_done(&c.ledger);
}

/* What a collection computed is its own, what it waited for is not; one outside does not count. */
static void
collections_are_told_apart(void **state)
{
	request(10, SERVER, 100, 110);
	add(REC_GC, 10, 60)->from = 50 * US;
	add(REC_GC, 10, 180)->from = 150 * US;
	add(REC_GC, 10, 320)->from = 280 * US;   /* 20 of it inside */
	response(10, SERVER, 300);
	struct canvas c = painted(200);
	assert_int_equal(part(&c, PART_GC), 30 + 20);
	assert_int_equal(part(&c, PART_CPU), 200 - 10 - 50);
	ledger_done(&c.ledger);
}

static void
a_loop_interleaves_requests(void **state)
{
	peer(10, CLIENT, 1, 6379);
	request(10, SERVER, 100, 110);
	io(10, CLIENT, 120, IO_WRITE, 0, 0);
	poll(10, 130, 200, 1);
	request(10, 7, 190, 210);          /* another one, unfinished, in the loop's way */
	poll(10, 400, 400, 1);
	io(10, CLIENT, 410, 0, 300, 0);    /* the reply lay in the kernel since 300 */
	response(10, SERVER, 450);
	struct canvas c = painted(350);
	assert_int_equal(part(&c, PART_CACHE), 170);
	assert_int_equal(part(&c, PART_QUEUE), 10 + 100);
	assert_int_equal(part(&c, PART_CPU), 20 + 50);
	assert_int_equal(assembly->n_calls, 1);
	assert_int_equal((assembly->calls[0].end - assembly->calls[0].start) / US, 180);
	ledger_done(&c.ledger);
}

static void
a_blocking_call_to_a_peer_is_the_peers(void **state)
{
	peer(10, CLIENT, 1, 5432);
	request(10, SERVER, 0, 10);
	io(10, CLIENT, 20, IO_WRITE, 0, 0);
	off(10, 25, 90, 95, SYS_recvfrom, 0);
	io(10, CLIENT, 96, 0, 89, 25);
	response(10, SERVER, 100);
	struct canvas c = painted(90);
	assert_int_equal(part(&c, PART_DB), 65);
	assert_int_equal(part(&c, PART_RUNQUEUE), 5);
	ledger_done(&c.ledger);
}

static void
a_worker_answers_what_a_reader_read(void **state)
{
	request(10, SERVER, 100, 110);     /* the reader hands it over */
	poll(10, 120, 900, 1);
	off(20, 50, 300, 310, SYS_futex, 10);
	response(20, SERVER, 500);
	struct canvas c = painted(400);
	assert_int_equal(part(&c, PART_QUEUE), 10 + 190);
	assert_int_equal(part(&c, PART_CPU), 10 + 190);
	ledger_done(&c.ledger);
}

static void
a_timer_on_a_loop_is_sleep(void **state)
{
	request(10, SERVER, 0, 10);
	poll(10, 20, 1000, 0);
	response(10, SERVER, 1100);
	struct canvas c = painted(1090);
	assert_int_equal(part(&c, PART_SLEEP), 980);
	ledger_done(&c.ledger);
}

/* A loop writes the rest of a large answer when its client has taken the first; of a small one, when
 * there is more to tell. */
static void
room_in_the_socket_is_the_clients(void **state)
{
	static const struct { uint32_t bytes; int64_t waited_us; } rows[] = {
		{ 32 << 10, 970 }, { 100, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request(10, SERVER, 0, 10);
		response(10, SERVER, 20)->value = rows[i].bytes;
		poll(10, 30, 1000, 1);
		response(10, SERVER, 1010)->value = rows[i].bytes;
		struct canvas c = painted(1000);
		assert_int_equal(part(&c, PART_NET), rows[i].waited_us);
		ledger_done(&c.ledger);
		end(state);
		begin(state);
	}
}

static void
a_helper_thread_is_what_the_loop_waited_for(void **state)
{
	request(10, SERVER, 0, 10);
	off(20, 0, 30, 30, SYS_futex, 10);
	off(20, 100, 900, 900, SYS_fsync, 0);
	poll(10, 20, 1000, 1);
	response(10, SERVER, 1100);
	struct canvas c = painted(1090);
	assert_int_equal(part(&c, PART_DISK), 800);
	assert_int_equal(part(&c, PART_SLEEP), 0);
	ledger_done(&c.ledger);
}

static void
unanswered_requests_are_left_out(void **state)
{
	request(10, SERVER, 0, 10);
	request(10, 7, 20, 30);
	response(10, 7, 40);
	struct canvas c = painted(20);
	assert_false(assembly->spans[0].complete);
	ledger_done(&c.ledger);
}

static void
a_full_tape_counts_what_it_loses(void **state)
{
	struct tape small;
	tape_init(&small, 2);
	assert_non_null(tape_add(&small));
	assert_non_null(tape_add(&small));
	assert_null(tape_add(&small));
	assert_int_equal(small.lost, 1);
	tape_done(&small);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
RUN_TESTS(TEST(a_thread_waits_for_a_lock_then_for_a_cpu),
    TEST(what_the_holder_did_is_followed_through_the_queue),
    TEST(a_futex_that_only_a_timer_ends_is_sleep), TEST(statements_take_their_time_from_the_cpu),
    TEST(collections_are_told_apart), TEST(a_loop_interleaves_requests),
    TEST(a_blocking_call_to_a_peer_is_the_peers),
    TEST(a_worker_answers_what_a_reader_read), TEST(a_timer_on_a_loop_is_sleep),
    TEST(room_in_the_socket_is_the_clients), TEST(a_helper_thread_is_what_the_loop_waited_for), TEST(unanswered_requests_are_left_out),
    TEST(a_full_tape_counts_what_it_loses))

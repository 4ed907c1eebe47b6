/* SPDX-License-Identifier: MIT */
/* A proxy and who is behind it, both of the service: what is behind becomes a part of the request. */
#include <sys/syscall.h>

#include "check.h"
#include "painted.h"
#include "tape_by_hand.h"

enum { FRONT = 1, INNER = 2, ASKS = 20, DATABASE = 21 };
enum { PROXY = 10, WORKER = 11 };
#define ALIKE ((int64_t)1 << 32 | 40000 << 16 | 8000)

static void
meets(int tid, uint64_t conn, int64_t ts, uint8_t how, const char *peer_name)
{
	struct rec *r = add(REC_CONN, tid, ts);
	r->key = conn;
	r->at = ALIKE;
	r->flags = how;
	r->name = tape_name(&tape, peer_name);
}

/* The worker takes the connection at 200, reads at 210 and answers at 800; `spoken`: flags of what it reads. */
static void
passed_on(int spoken)
{
	tape_put_behind(&tape, 1);
	request(PROXY, FRONT, 5, 10);
	meets(PROXY, ASKS, 20, CONN_OPENED, "127.0.0.1:8000");
	ask(PROXY, ASKS, 30, NULL);
	off(PROXY, 40, 810, 812, SYS_epoll_wait, 0);
	poll(PROXY, 40, 812, 1);
	meets(WORKER, INNER, 200, CONN_ACCEPTED, NULL);
	io(WORKER, INNER, 210, IO_SERVER | spoken, 35, 0);
	peer(WORKER, DATABASE, 220, 5432);
	ask(WORKER, DATABASE, 230, NULL);
	off(WORKER, 235, 620, 625, SYS_recvfrom, 0);
	io(WORKER, DATABASE, 630, 0, 620, 235);
	io(WORKER, INNER, 800, IO_SERVER | IO_WRITE, 0, 0);
	reply(PROXY, ASKS, 820, 810, 0);
	response(PROXY, FRONT, 900);
	tape_window_end(&tape, 2000 * US);
	assembly = assemble(&tape);
}

static const struct span *
the_request(void)
{
	const struct span *found = NULL;

	for (size_t i = 0; i < assembly->n_spans; i++)
		if (assembly->spans[i].complete) {
			assert_null(found);   /* what is behind is no request of its own */
			found = &assembly->spans[i];
		}
	assert_non_null(found);
	return found;
}

static void
is_of_the_request(void)
{
	const struct span *s = the_request();
	struct canvas c = { .arena = tape.arena };

	assert_string_equal(tape_text(&tape, s->route), "/route");
	paint_span(assembly, s, &c);
	assert_int_equal(painted_ns(&c.ledger) / US, 895);
	assert_int_equal(part(&c, PART_QUEUE), 5 + 170 + 2);    /* until the proxy had read it, and the worker; the loop */
	assert_int_equal(part(&c, PART_DB), 385);
	assert_int_equal(part(&c, PART_NET), 10);           /* back to the proxy */
	assert_int_equal(part(&c, PART_CPU), 30 + 25 + 175 + 88);
	for (size_t i = 0; i < assembly->n_calls; i++)
		assert_ptr_equal(&assembly->spans[assembly->calls[i].span], s);
	ledger_done(&c.ledger);
}

static void
what_is_behind_is_a_part_of_the_request(void **state)
{
	passed_on(IO_HEAD);
	is_of_the_request();
}

/* FastCGI and the like: questions and answers take turns. */
static void
whatever_is_spoken(void **state)
{
	passed_on(0);
	is_of_the_request();
}

/* A client whose port is the same asks it directly, later. */
static void
who_asks_from_outside_is_told_apart_by_the_time(void **state)
{
	passed_on(IO_HEAD);
	assembly_free(assembly);
	tape_window_begin(&tape, 2000 * US);
	meets(WORKER, INNER, 2010, CONN_SEEN, NULL);
	request(WORKER, INNER, 2020, 2030);
	response(WORKER, INNER, 2100);
	tape_window_end(&tape, 3000 * US);
	assembly = assemble(&tape);
	size_t complete = 0;
	for (size_t i = 0; i < assembly->n_spans; i++)
		complete += assembly->spans[i].complete;
	assert_int_equal(complete, 2);
}

/* Requests of the proxy that nobody saw, as where it receives by io_uring's multishot. */
static void
behind_an_unseen_proxy_they_are_requests(void **state)
{
	tape_put_behind(&tape, 1);
	meets(PROXY, ASKS, 20, CONN_OPENED, "127.0.0.1:8000");
	meets(WORKER, INNER, 200, CONN_ACCEPTED, NULL);
	request(WORKER, INNER, 205, 210);
	response(WORKER, INNER, 800);
	tape_window_end(&tape, 2000 * US);
	assembly = assemble(&tape);
	assert_string_equal(tape_text(&tape, the_request()->route), "/route");
}

RUN_TESTS(
	cmocka_unit_test_setup_teardown(behind_an_unseen_proxy_they_are_requests, begin, end),
	cmocka_unit_test_setup_teardown(what_is_behind_is_a_part_of_the_request, begin, end),
	cmocka_unit_test_setup_teardown(whatever_is_spoken, begin, end),
	cmocka_unit_test_setup_teardown(who_asks_from_outside_is_told_apart_by_the_time, begin, end))

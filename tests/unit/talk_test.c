/* SPDX-License-Identifier: MIT */
/* Who waits for an answer, by what the kernel counts of a connection; and the same of this process's own. */
#include "trace/talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "trace/proc_talks.h"

static bool
looked(struct talk *t, uint32_t sent_ago, uint32_t received_ago, uint32_t unacked, uint32_t out, uint32_t in)
{
	const struct talk_look l = { sent_ago, received_ago, unacked, out, in, 0, 0 };
	return talk_waits(t, &l, NULL);
}

static void
what_is_not_acknowledged_is_under_way(void **state)
{
	struct talk t = { 0 };
	assert_true(looked(&t, 4, 4, 1, 8, 7));
	assert_true(looked(&t, 44, 44, 0, 8, 7));      /* acknowledged late; nothing came since */
	assert_false(looked(&t, 52, 4, 0, 8, 8));
	assert_false(looked(&t, 72, 24, 0, 8, 8));
}

static void
who_sent_last_waits(void **state)
{
	struct talk t = { 0 };
	assert_true(looked(&t, 4, 60, 0, 3, 2));
	assert_false(looked(&t, 60, 4, 0, 3, 3));
}

/* Answered and asked again within one tick: the number of segments tells, where it did before. */
static void
within_a_tick_segments_are_counted(void **state)
{
	struct talk t = { 0 };
	assert_false(looked(&t, 8, 8, 0, 5, 4));       /* nothing is known yet */
	assert_false(looked(&t, 20, 8, 0, 5, 5));      /* idle: even */
	assert_true(looked(&t, 48, 48, 0, 7, 6));
	assert_false(looked(&t, 48, 48, 0, 9, 9));
	assert_false(looked(&t, 48, 48, 0, 19, 13));   /* what it sends is no questions of a segment */
}

static void
the_other_end_knows_the_order(void **state)
{
	const struct talk_look l = { 48, 48, 0, 7, 6, 0, 0 }, works = { 116, 48, 0, 6, 7, 0, 0 }, done = { 48, 60, 0, 7, 7, 0, 0 };
	struct talk t = { 0 };
	assert_true(talk_waits(&t, &l, &works));
	assert_false(talk_waits(&t, &l, &done));
}

static void
only_what_was_done_since_counts(void **state)
{
	const struct talk_look before = { 500, 400, 0, 100, 90, 5000, 0 };
	struct talk old, new = { 0 };
	talk_begin(&old, &before);
	looked(&old, 4, 0, 0, 110, 99);
	looked(&new, 4, 0, 0, 10, 12);
	assert_int_equal(talk_calls(&old), 9);
	assert_int_equal(talk_calls(&new), 10);
}

/* ---- this process asks itself --------------------------------------------------------------- */

static int
listening(struct sockaddr_in *at)
{
	socklen_t size = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)at, size), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
	return fd;
}

/* By a clock on which no look is dear: one that is put off for what the last one cost would not be counted. */
static void
look(struct proc_talks *t, int64_t *now, int times)
{
	int pid = getpid();
	for (int i = 0; i < times; i++) {
		proc_talks_look(t, &pid, 1, *now += 1000 * NS_PER_S);
		sleep_until_ns(now_ns() + 20 * NS_PER_MS);
	}
}

static void
a_question_is_seen_until_it_is_answered(void **state)
{
	struct sockaddr_in at;
	char name[32], text[8];
	int server = listening(&at), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	int accepted = accept(server, NULL, NULL);
	struct run *r = run_new();
	struct proc_talks *t = proc_talks_new(r);
	int64_t now = 0;

	look(t, &now, 5);
	assert_int_equal(write(client, "asked", 5), 5);
	assert_int_equal(read(accepted, text, 5), 5);
	look(t, &now, 10);
	assert_int_equal(write(accepted, "told", 4), 4);
	assert_int_equal(read(client, text, 4), 4);
	look(t, &now, 5);
	proc_talks_fill(t, r, 10);
	snprintf(name, sizeof(name), "127.0.0.1:%u", ntohs(at.sin_port));
	const struct run_call *call = NULL;
	for (size_t i = 0; i < r->evidence.trace.n_calls; i++)
		if (!strcmp(r->evidence.trace.calls[i].peer, name))
			call = &r->evidence.trace.calls[i];
	if (!call)
		SKIP("this kernel has no socket diagnostics");
	assert_true(call->calls == 1 && call->bytes == 4);
	CHECK_NEAR(call->seconds, 10 * 0.5, 2.5);
	proc_talks_free(t);
	run_free(r);
	close(accepted);
	close(client);
	close(server);
}

RUN_TESTS(cmocka_unit_test(what_is_not_acknowledged_is_under_way),
    cmocka_unit_test(who_sent_last_waits),
    cmocka_unit_test(within_a_tick_segments_are_counted),
    cmocka_unit_test(the_other_end_knows_the_order),
    cmocka_unit_test(only_what_was_done_since_counts),
    cmocka_unit_test(a_question_is_seen_until_it_is_answered))

/* SPDX-License-Identifier: MIT */
/* Connections that are accepted, and what a server asks of an engine besides: pieces, holding back, half closes, wakes. */
#include <fcntl.h>
#include <pthread.h>

#include "engine_bench.h"

static int
visit(struct bench *b)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&b->addr.sa, b->addr.size), 0);
	return fd;
}

static void
listen_with(struct bench *b)
{
	assert_int_equal(fcntl(b->listener, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(b->ops->listen(b->g, 1, b->listener), 0);
}

/* Each gets what it says back, from the number that was given; the one too many is closed; after
 * the listening has ended nobody is accepted. */
static void
accepted(struct bench *b)
{
	int visitors[4];
	char c;

	listen_with(b);
	for (uint32_t i = 0; i < COUNT_OF(visitors); i++) {
		struct addr theirs, mine = { .size = sizeof(mine.sa) };
		visitors[i] = visit(b);
		pump(b, &b->accepted, i + 1);
		assert_int_equal(b->ops->peer(b->g, i, &theirs), 0);
		assert_int_equal(getsockname(visitors[i], (struct sockaddr *)&mine.sa, &mine.size), 0);
		assert_memory_equal(&theirs.sa, &mine.sa, sizeof(struct sockaddr_in));
		say(visitors[i], "hello");
	}
	pump(b, &b->received, 5 * COUNT_OF(visitors));
	for (uint32_t i = 0; i < COUNT_OF(visitors); i++) {
		assert_string_equal(b->heard[i].begin, "hello");
		assert_int_equal(b->ops->send(b->g, i, "back", 4, false), 0);
	}
	settle(b);
	b->full = true;
	CLEANUP(fd_close_p) int refused_one = visit(b);
	pump(b, &b->accepted, COUNT_OF(visitors) + 1);
	assert_int_equal(recv(refused_one, &c, 1, 0), 0);
	assert_int_equal(b->ops->listen(b->g, 1, -1), 0);
	CLEANUP(fd_close_p) int late = visit(b);
	assert_true(late >= 0);
	settle(b);
	assert_int_equal(b->accepted, COUNT_OF(visitors) + 1);
	for (uint32_t i = 0; i < COUNT_OF(visitors); i++) {
		expect(visitors[i], "back");
		close(visitors[i]);
	}
	pump(b, &b->broken, COUNT_OF(visitors));
}

/* Two take from one socket and one of them stops: whichever was told of a visitor, nobody waits there. */
static void
stopped_beside_another(struct bench *b)
{
	struct bench other;

	assert_true(bench_open(&other, b->ops, b->n, true));
	listen_with(b);
	assert_int_equal(other.ops->listen(other.g, 1, b->listener), 0);
	settle(b);
	settle(&other);
	CLEANUP(fd_close_p) int visitor = visit(b);
	assert_int_equal(b->ops->listen(b->g, 1, -1), 0);
	settle(&other);
	assert_int_equal(b->accepted + other.accepted, 1);
	CLEANUP(fd_close_p) int next = visit(b);
	pump(&other, &other.accepted, 2 - b->accepted);
	assert_true(visitor >= 0 && next >= 0);
	bench_close(&other);
}

/* It waits in the socket until there is one. */
static void
accepted_without_descriptor(struct bench *b)
{
	struct rlimit limit, low;
	CLEANUP(fd_close_p) int visitor = visit(b);

	listen_with(b);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	low.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &low);
	settle(b);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(b->accepted, 0);
	pump(b, &b->accepted, 1);
	say(visitor, "x");
	pump(b, &b->received, 1);
}

/* Copies and lasting bytes, small and large, in turn: in order. */
static void
pieces(struct bench *b)
{
	static const size_t sizes[] = { 10, 100, 4000, 9000, 70000 };
	CLEANUP(free_p) char *all = malloc(BIG), *head = malloc(sizes[4]);
	CLEANUP(fd_close_p) int peer = join(b, 0);

	for (size_t i = 0; i < BIG; i++)
		all[i] = pattern(i);
	for (size_t i = 0, at = 0; i < 200; i++) {
		size_t first = sizes[i % 5], second = sizes[i / 5 % 5];
		struct engine_piece p[] = { { head, first, false }, { all + at + first, second, true } };
		memcpy(head, all + at, first);
		assert_true(b->ops->gather(b->g, 0, p, 2) >= 0);
		memset(head, 0, first);
		at += first + second;
		if (at < BIG / 16 && i != 199)
			continue;
		settle(b);
		read_pattern(b, peer, at);
		at = 0;
	}
	assert_int_equal(b->broken, 0);
}

/* What the socket does not take waits, and the end of that is told. */
static void
slow_reader(struct bench *b)
{
	int small = 16 << 10;
	CLEANUP(free_p) char *all = malloc(BIG);

	assert_int_equal(setsockopt(b->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (size_t i = 0; i < BIG; i++)
		all[i] = pattern(i);
	CLEANUP(fd_close_p) int peer = join(b, 0);
	struct engine_piece p[] = { { all, 1000, false }, { all + 1000, BIG - 1000, true } };
	assert_true(b->ops->gather(b->g, 0, p, 2) > 0);
	settle(b);
	assert_int_equal(b->sent, 0);
	b->ops->finish(b->g, 0);
	read_pattern(b, peer, BIG);
	pump(b, &b->sent, 1);
	char c;
	assert_int_equal(recv(peer, &c, 1, 0), 0);
}

/* Held back after the first bytes: what is not under way yet stays with the peer, and comes later. */
static void
held(struct bench *b)
{
	CLEANUP(fd_close_p) int peer = join(b, 0);
	CLEANUP(free_p) char *all = malloc(BIG);

	b->ops->hold(b->g, 0, true);
	settle(b);
	for (size_t i = 0; i < BIG; i++)
		all[i] = pattern(i);
	ssize_t sent = send(peer, all, BIG, MSG_DONTWAIT);
	assert_true(sent > 0);
	settle(b);
	assert_int_equal(b->received, 0);
	b->ops->hold(b->g, 0, false);
	pump(b, &b->received, (uint64_t)sent);
	b->ops->hold(b->g, 0, true);
	b->ops->hold(b->g, 0, false);
	say(peer, "x");
	pump(b, &b->received, (uint64_t)sent + 1);
	assert_int_equal(b->heard[0].wrong, pattern((size_t)sent) != 'x');
}

/* The peer has ended its stream and reads on. */
static void
half_closed(struct bench *b)
{
	CLEANUP(fd_close_p) int peer = join(b, 0);

	b->stay = true;
	say(peer, "hello");
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	pump(b, &b->ended, 1);
	settle(b);
	assert_int_equal(b->broken, 0);
	assert_string_equal(b->heard[0].begin, "hello");
	assert_int_equal(b->ops->send(b->g, 0, "answer", 6, false), 0);
	b->ops->finish(b->g, 0);
	expect(peer, "answer");
	char c;
	assert_int_equal(recv(peer, &c, 1, 0), 0);
	assert_int_equal(b->ended, 1);
}

static void *
waker(void *arg)
{
	struct bench *b = arg;
	b->ops->wake(b->g);
	return NULL;
}

static void
woken(struct bench *b)
{
	for (uint64_t i = 1; i <= 3; i++) {
		pthread_t t;
		assert_int_equal(pthread_create(&t, NULL, waker, b), 0);
		pump(b, &b->woken, i);
		pthread_join(t, NULL);
		settle(b);
		assert_int_equal(b->woken, i);
	}
}

const struct engine_row engine_rows_server[] = {
	{ "accepted", accepted, 8 },
	{ "stopped beside another", stopped_beside_another, 4 },
	{ "accepted without a descriptor", accepted_without_descriptor, 2 },
	{ "pieces", pieces, 1 },
	{ "pieces for a slow reader", slow_reader, 1 },
	{ "held", held, 1 },
	{ "half closed", half_closed, 1 },
	{ "woken", woken, 1 },
	{ 0 },
};

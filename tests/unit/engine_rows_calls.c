/* SPDX-License-Identifier: MIT */
/* Connections that are made: bytes both ways, ends of all kinds, stamps, waits, threads in turn. */
#include <errno.h>
#include <pthread.h>

#include "engine_bench.h"

#define MANY       2000
#define COPY_PIECE ((size_t)100 << 10)

static void
refused(struct bench *b)
{
	struct addr nowhere;
	close(listen_somewhere(&nowhere));

	int code = b->ops->connect(b->g, 0, &nowhere);
	if (code == 0) {
		pump(b, &b->broken, 1);
		assert_string_equal(b->heard[0].order, "b");
		code = -b->heard[0].broken;
	}
	assert_int_equal(code, -ECONNREFUSED);
}

/* The peer's last bytes come before its end; then the number is free. */
static void
end_of_stream(struct bench *b)
{
	for (int round = 1; round <= 3; round++) {
		b->heard[0] = (struct heard){ 0 };
		CLEANUP(fd_close_p) int peer = join(b, 0);
		say(peer, "hello");
		assert_int_equal(shutdown(peer, SHUT_WR), 0);
		pump(b, &b->broken, (uint64_t)round);
		assert_string_equal(b->heard[0].order, "crb");
		assert_string_equal(b->heard[0].begin, "hello");
		assert_int_equal(b->heard[0].broken, 0);
	}
}

static void
reset(struct bench *b)
{
	struct linger hard = { .l_onoff = 1 };
	int peer = join(b, 0);

	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(peer);
	pump(b, &b->broken, 1);
	assert_string_equal(b->heard[0].order, "cb");
	assert_int_equal(b->heard[0].broken, ECONNRESET);
}

/* To a peer that is gone: by the return or by broken(), not by silence. */
static void
send_into_the_void(struct bench *b)
{
	struct linger hard = { .l_onoff = 1 };
	int peer = join(b, 0);

	setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(peer);
	if (b->ops->send(b->g, 0, "x", 1, false) == 0)
		pump(b, &b->broken, 1);
}

/* Six megabytes that stay, six that are scratched at once, in many pieces: in order. */
static void
large_sends(struct bench *b)
{
	int small = 16 << 10;
	CLEANUP(free_p) char *all = malloc(2 * BIG), *scratch = malloc(COPY_PIECE);

	assert_int_equal(setsockopt(b->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (size_t i = 0; i < 2 * BIG; i++)
		all[i] = pattern(i);
	CLEANUP(fd_close_p) int peer = join(b, 0);
	assert_int_equal(b->ops->send(b->g, 0, all, BIG, true), 0);
	for (size_t at = BIG, n; at < 2 * BIG; at += n) {
		n = 2 * BIG - at < COPY_PIECE ? 2 * BIG - at : COPY_PIECE;
		memcpy(scratch, all + at, n);
		assert_int_equal(b->ops->send(b->g, 0, scratch, n, false), 0);
		memset(scratch, 0, n);
	}
	read_pattern(b, peer, 2 * BIG);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(b->ops->send(b->g, 0, all, 1000, i % 2), 0);
		settle(b);
		read_pattern(b, peer, 1000);
	}
	assert_int_equal(b->broken, 0);
}

/* Small pieces, many before a wait and over many connections: each in its order. */
static void
small_sends(struct bench *b)
{
	int peers[40];
	char piece[16];

	for (uint32_t c = 0; c < COUNT_OF(peers); c++)
		peers[c] = join(b, c);
	for (size_t at = 0; at < 40; at++)
		for (uint32_t c = 0; c < COUNT_OF(peers); c++) {
			for (size_t i = 0; i < sizeof(piece); i++)
				piece[i] = pattern(at * sizeof(piece) + i);
			assert_int_equal(b->ops->send(b->g, c, piece, sizeof(piece), false), 0);
			memset(piece, 0, sizeof(piece));
			if (at % 8 == 7 && c % 16 == 0)
				b->ops->wait(b->g, &(struct engine_wait){ .batch = 1 });
		}
	for (uint32_t c = 0; c < COUNT_OF(peers); c++) {
		read_pattern(b, peers[c], 40 * sizeof(piece));
		close(peers[c]);
	}
}

/* Bytes and ends that are under way when a connection is dropped belong to nobody. */
static void
no_news_of_the_dropped(struct bench *b)
{
	for (uint64_t round = 0; round < 20; round++) {
		int old = join(b, 3);
		say(old, "old");
		if (round % 2)
			close(old);
		if (round % 3 == 0)
			assert_int_equal(b->ops->send(b->g, 3, "stale", 5, round % 2), 0);
		b->ops->drop(b->g, 3);
		uint64_t received = b->received;
		CLEANUP(fd_close_p) int fresh = join(b, 3);
		say(fresh, "new");
		assert_int_equal(b->ops->send(b->g, 3, "mine", 4, true), 0);
		pump(b, &b->received, received + 3);
		settle(b);
		expect(fresh, "mine");
		assert_int_equal(b->received, received + 3);
		assert_int_equal(b->broken, 0);
		b->ops->drop(b->g, 3);
		if (round % 2 == 0)
			close(old);
	}
}

static void
dropped_by_the_sink(struct bench *b)
{
	b->drop_at_receive = true;
	for (uint64_t round = 1; round <= 5; round++) {
		CLEANUP(fd_close_p) int peer = join(b, 0);
		char c;
		say(peer, "x");
		pump(b, &b->received, round);
		settle(b);
		assert_int_equal(recv(peer, &c, 1, 0), 0);
		assert_int_equal(b->broken, 0);
	}
}

/* All at once; each peer gets its bytes back and more than there are buffers. */
static void
many(struct bench *b)
{
	static int peers[MANY];
	static char block[24 << 10];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = pattern(i);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(b->ops->connect(b->g, i, &b->addr), 0);
	pump(b, &b->connected, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(b->ops->send(b->g, i, "hello", 5, true), 0);
		peers[i] = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(peers[i] >= 0);
	}
	b->ops->wait(b->g, &(struct engine_wait){ .batch = 1 });
	for (uint32_t i = 0; i < MANY; i++) {
		expect(peers[i], "hello");
		assert_int_equal(send(peers[i], block, sizeof(block), 0), (ssize_t)sizeof(block));
	}
	pump(b, &b->received, MANY * sizeof(block));
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(b->heard[i].size, sizeof(block));
		assert_int_equal(b->heard[i].wrong, 0);
		close(peers[i]);
	}
	pump(b, &b->broken, MANY);
}

/* A stamp is from between the send and the wait. Kernels begin to stamp shortly after the first
 * socket asks for it, so the first tries may have none. */
static void
stamps(struct bench *b)
{
	CLEANUP(fd_close_p) int peer = join(b, 0);
	bool stamped = false;

	for (uint64_t i = 1; i <= 50; i++) {
		int64_t sent = now_ns();
		say(peer, "x");
		int64_t meanwhile = now_ns() + 2 * NS_PER_MS;
		sleep_until_ns(meanwhile);
		pump(b, &b->received, i);
		const struct heard *h = &b->heard[0];
		if (h->at_ns < sent - NS_PER_US || h->at_ns > h->seen_ns)
			fail_msg("%s: sent %ld, stamped %+ld, seen %+ld", b->ops->name, (long)sent,
			    (long)(h->at_ns - sent), (long)(h->seen_ns - sent));
		stamped = stamped || h->at_ns < meanwhile;
	}
	assert_true(stamped);
}

static void
waits(struct bench *b)
{
	static const struct engine_wait rows[] = {
		{ .batch = 1 }, { .batch = 1, .patience_ns = NS_PER_MS },
		{ .batch = 24, .patience_ns = 50 * NS_PER_US },
		{ .batch = UINT32_MAX, .patience_ns = NS_PER_S },
	};
	CLEANUP(fd_close_p) int peer = join(b, 0);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct engine_wait how = rows[i];
		how.until_ns = now_ns() + 3 * NS_PER_MS;
		b->ops->wait(b->g, &how);
		if (now_ns() < how.until_ns)
			fail_msg("%s, row %zu: woke %ld ns early", b->ops->name, i,
			    (long)(how.until_ns - now_ns()));
		how.until_ns = 0;
		b->ops->wait(b->g, &how);
		say(peer, "x");
		how.until_ns = now_ns() + 3 * NS_PER_MS;
		b->ops->wait(b->g, &how);
		settle(b);
		assert_int_equal(b->received, i + 1);
	}
}

static void
out_of_descriptors(struct bench *b)
{
	struct rlimit limit, low;
	int code;

	CLEANUP(fd_close_p) int peer = join(b, 0);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	low.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &low);
	code = b->ops->connect(b->g, 1, &b->addr);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(code, -EMFILE);
	say(peer, "x");
	pump(b, &b->received, 1);
	CLEANUP(fd_close_p) int other = join(b, 1);
	assert_true(other >= 0);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *
first_thread(void *arg)
{
	struct bench *b = arg;

	for (uint32_t i = 0; i < b->n; i++)
		assert_int_equal(b->ops->connect(b->g, i, &b->addr), 0);
	pump(b, &b->connected, b->n);
	for (uint32_t i = 0; i < b->n; i++)   /* and ends before a wait has sent it */
		assert_int_equal(b->ops->send(b->g, i, "greeting", 8, i % 2), 0);
	return NULL;
}

static void *
second_thread(void *arg)
{
	struct bench *b = arg;

	pump(b, &b->received, 1 + (b->n - 1) * 3);
	return NULL;
}

static void
run_thread(void *(*f)(void *), struct bench *b)
{
	pthread_t t;
	assert_int_equal(pthread_create(&t, NULL, f, b), 0);
	pthread_join(t, NULL);
}

/* Phases have threads of their own, and connections last: nothing is lost in between. The control
 * thread drops one meanwhile. */
static void
threads_in_turn(struct bench *b)
{
	int peers[40];

	run_thread(first_thread, b);
	for (uint32_t i = 0; i < b->n; i++) {
		struct sockaddr_in a;
		socklen_t size = sizeof(a);
		peers[i] = accept4(b->listener, (struct sockaddr *)&a, &size, SOCK_CLOEXEC);
		assert_true(peers[i] >= 0);
		say(peers[i], i == 0 ? "x" : "abc");
	}
	run_thread(second_thread, b);
	for (uint32_t i = 0; i < b->n; i++)
		expect(peers[i], "greeting");
	b->ops->drop(b->g, 0);
	char c;
	assert_int_equal(recv(peers[0], &c, 1, 0), 0);
	for (uint32_t i = 1; i < b->n; i++)
		close(peers[i]);
	pump(b, &b->broken, b->n - 1);
	close(peers[0]);
	assert_int_equal(b->broken, b->n - 1);
}

/* What has come meanwhile is delivered in one wait, however much it is. */
static void
all_in_one_wait(struct bench *b)
{
	int peers[60];
	const struct engine_wait past = { .batch = 1 };

	for (uint32_t i = 0; i < b->n; i++)
		peers[i] = join(b, i);
	settle(b);
	for (uint32_t i = 0; i < b->n; i++)
		say(peers[i], "x");
	b->ops->wait(b->g, &past);
	assert_int_equal(b->received, b->n);
	for (uint32_t i = 0; i < b->n; i++)
		close(peers[i]);
}

const struct engine_row engine_rows_calls[] = {
	{ "refused", refused, 1 },
	{ "end of stream", end_of_stream, 1 },
	{ "reset", reset, 1 },
	{ "send into the void", send_into_the_void, 1 },
	{ "large sends", large_sends, 1 },
	{ "small sends", small_sends, 40 },
	{ "no news of the dropped", no_news_of_the_dropped, 8 },
	{ "dropped by the sink", dropped_by_the_sink, 1 },
	{ "many", many, MANY },
	{ "stamps", stamps, 1, true },
	{ "waits", waits, 1 },
	{ "all in one wait", all_in_one_wait, 60 },
	{ "out of descriptors", out_of_descriptors, 2 },
	{ "threads in turn", threads_in_turn, 40 },
	{ 0 },
};

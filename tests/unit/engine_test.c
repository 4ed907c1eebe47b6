/* SPDX-License-Identifier: MIT */
/* Every engine against real sockets on 127.0.0.1, and all by the same rows. The peer is this thread
 * too: what it does lies between two waits, so that nothing here depends on speed. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "check.h"

#define MANY       2000
#define GIVE_UP_NS (20 * NS_PER_S)
#define BIG        ((size_t)6 << 20)
#define COPY_PIECE ((size_t)100 << 10)

/* What the sink heard of one connection. */
struct heard {
	char order[8];         /* c, r, b: the first few, repeated r once */
	int broken;
	size_t size;           /* received */
	char begin[64];        /* of it */
	size_t wrong;          /* bytes that are not pattern() */
	int64_t at_ns, seen_ns;
};

struct bench {
	const struct engine_ops *ops;
	struct engine *g;
	struct heard *heard;
	uint32_t n;
	int listener;
	struct addr addr;
	uint64_t connected, received, broken, accepted, sent, ended, woken;
	bool drop_at_receive, stay, full;
};

static char
pattern(size_t at)
{
	return (char)(at * 7 + at / 251);
}

static void
note(struct heard *h, char c)
{
	size_t n = strlen(h->order);
	if (n + 1 < sizeof(h->order) && (c != 'r' || !n || h->order[n - 1] != 'r'))
		h->order[n] = c;
}

static void
on_connected(void *ctx, uint32_t conn)
{
	struct bench *b = ctx;
	b->connected++;
	note(&b->heard[conn], 'c');
}

static void
on_received(void *ctx, uint32_t conn, const char *bytes, size_t size, int64_t at_ns, int64_t seen_ns)
{
	struct bench *b = ctx;
	struct heard *h = &b->heard[conn];

	note(h, 'r');
	for (size_t i = 0; i < size; i++) {
		if (h->size + i < sizeof(h->begin) - 1)
			h->begin[h->size + i] = bytes[i];
		h->wrong += bytes[i] != pattern(h->size + i);
	}
	h->size += size;
	h->at_ns = at_ns;
	h->seen_ns = seen_ns;
	h->wrong += seen_ns > now_ns();
	b->received += size;
	if (b->drop_at_receive)
		b->ops->drop(b->g, conn);
}

static void
on_broken(void *ctx, uint32_t conn, int code)
{
	struct bench *b = ctx;
	b->broken++;
	b->heard[conn].broken = code;
	note(&b->heard[conn], 'b');
}

/* Numbers in the order of coming. */
static uint32_t
on_accepted(void *ctx, uint32_t listener)
{
	struct bench *b = ctx;

	assert_int_equal(listener, 1);
	uint32_t conn = b->full ? ENGINE_NONE : (uint32_t)b->accepted;
	b->accepted++;
	return conn;
}

static void
on_sent(void *ctx, uint32_t conn)
{
	struct bench *b = ctx;
	b->sent++;
}

static bool
on_ended(void *ctx, uint32_t conn)
{
	struct bench *b = ctx;
	b->ended++;
	return b->stay;
}

static void
on_woken(void *ctx)
{
	struct bench *b = ctx;
	b->woken++;
}

/* ---- a bench --------------------------------------------------------------------------------- */

static int
listen_somewhere(struct addr *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 4096), 0);
	ret->size = sizeof(a);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ret->sa, &ret->size), 0);
	return fd;
}

static bool
bench_open(struct bench *b, const struct engine_ops *ops, uint32_t n, bool unstamped)
{
	struct engine_sink sink = {
		.ctx = b, .connected = on_connected, .received = on_received, .broken = on_broken,
		.accepted = on_accepted, .sent = on_sent, .ended = on_ended, .woken = on_woken,
		.unstamped = unstamped,
	};

	*b = (struct bench){ .ops = ops, .n = n, .listener = -1 };
	int code = ops->open(n, &sink, &b->g);
	if (code == -ENOSYS || code == -EPERM || code == -EINVAL) {
		printf("# skipped: this kernel has no %s\n", ops->name);
		return false;
	}
	assert_int_equal(code, 0);
	b->heard = calloc(n, sizeof(*b->heard));
	b->listener = listen_somewhere(&b->addr);
	return true;
}

static void
bench_close(struct bench *b)
{
	b->ops->close(b->g);
	free(b->heard);
	close(b->listener);
}

/* Wait until a count has been reached. */
static void
pump(struct bench *b, const uint64_t *count, uint64_t enough)
{
	int64_t end = now_ns() + GIVE_UP_NS;

	while (*count < enough && now_ns() < end)
		b->ops->wait(b->g, &(struct engine_wait){ .until_ns = end, .batch = 1 });
	if (*count < enough)
		fail_msg("%s: %lu of %lu", b->ops->name, (unsigned long)*count, (unsigned long)enough);
}

/* Deliver what is there, a few times over. */
static void
settle(struct bench *b)
{
	for (int i = 0; i < 5; i++)
		b->ops->wait(b->g, &(struct engine_wait){ .until_ns = now_ns() + NS_PER_MS, .batch = 1 });
}

/* A connection that is made; returns the peer's end of it. */
static int
join(struct bench *b, uint32_t conn)
{
	assert_int_equal(b->ops->connect(b->g, conn, &b->addr), 0);
	pump(b, &b->connected, b->connected + 1);
	int fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void
expect(int fd, const char *text)
{
	char got[64] = "";
	assert_int_equal(recv(fd, got, strlen(text), MSG_WAITALL), (ssize_t)strlen(text));
	assert_string_equal(got, text);
}

/* ---- rows ------------------------------------------------------------------------------------ */

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

/* Bytes of the pattern, read by the peer while the engine works. */
static void
read_pattern(struct bench *b, int peer, size_t size)
{
	static char got[64 << 10];
	int64_t end = now_ns() + GIVE_UP_NS;

	for (size_t at = 0; at < size && now_ns() < end;) {
		ssize_t n = recv(peer, got, sizeof(got), MSG_DONTWAIT);
		for (ssize_t i = 0; i < n; i++)
			if (got[i] != pattern(at + (size_t)i))
				fail_msg("%s: byte %zu is wrong", b->ops->name, at + (size_t)i);
		at += n > 0 ? (size_t)n : 0;
		if (n < 0)
			b->ops->wait(b->g, &(struct engine_wait){
			    .until_ns = now_ns() + NS_PER_MS, .batch = 1 });
		else if (n == 0)
			fail_msg("%s: ended at byte %zu", b->ops->name, at);
		if (at == size)
			return;
	}
	fail_msg("%s: not all bytes came", b->ops->name);
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

static void
raise_limit(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
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

/* ---- a server -------------------------------------------------------------------------------- */

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
	settle(b);
	assert_int_equal(b->accepted, COUNT_OF(visitors) + 1);
	for (uint32_t i = 0; i < COUNT_OF(visitors); i++) {
		expect(visitors[i], "back");
		close(visitors[i]);
	}
	pump(b, &b->broken, COUNT_OF(visitors));
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

/* ---- all rows -------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	void (*run)(struct bench *b);
	uint32_t conns;
	bool stamped;          /* only with stamps */
} rows[] = {
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
	{ "out of descriptors", out_of_descriptors, 2 },
	{ "threads in turn", threads_in_turn, 40 },
	{ "accepted", accepted, 8 },
	{ "accepted without a descriptor", accepted_without_descriptor, 2 },
	{ "pieces", pieces, 1 },
	{ "pieces for a slow reader", slow_reader, 1 },
	{ "held", held, 1 },
	{ "half closed", half_closed, 1 },
	{ "woken", woken, 1 },
};

static void
run_rows(const struct engine_ops *ops)
{
	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		struct bench b;
		const struct row *row = &rows[i / 2];
		if (i % 2 && row->stamped)
			continue;
		if (!bench_open(&b, ops, row->conns, i % 2))
			return;
		print_message("# %s: %s%s\n", ops->name, row->name, i % 2 ? ", unstamped" : "");
		row->run(&b);
		bench_close(&b);
	}
}

static void
epoll_keeps_the_contract(void **state)
{
	run_rows(&engine_epoll);
}

static void
io_uring_keeps_the_contract(void **state)
{
	run_rows(&engine_uring);
}

static void
an_engine_is_chosen(void **state)
{
	const struct engine_ops *ops = NULL;

	assert_int_equal(engine_choose(NULL, 8, &ops), 0);
	assert_non_null(ops);
	assert_int_equal(engine_choose("epoll", 8, &ops), 0);
	assert_ptr_equal(ops, &engine_epoll);
	assert_int_equal(engine_choose("kqueue", 8, &ops), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_is_chosen),
		cmocka_unit_test(epoll_keeps_the_contract),
		cmocka_unit_test(io_uring_keeps_the_contract),
	};
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

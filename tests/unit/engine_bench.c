/* SPDX-License-Identifier: MIT */
#include "engine_bench.h"

#include <errno.h>

char
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

int
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

bool
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

void
bench_close(struct bench *b)
{
	b->ops->close(b->g);
	free(b->heard);
	close(b->listener);
}

void
pump(struct bench *b, const uint64_t *count, uint64_t enough)
{
	int64_t end = now_ns() + GIVE_UP_NS;

	while (*count < enough && now_ns() < end)
		b->ops->wait(b->g, &(struct engine_wait){ .until_ns = end, .batch = 1 });
	if (*count < enough)
		fail_msg("%s: %lu of %lu", b->ops->name, (unsigned long)*count, (unsigned long)enough);
}

void
settle(struct bench *b)
{
	for (int i = 0; i < 5; i++)
		b->ops->wait(b->g, &(struct engine_wait){ .until_ns = now_ns() + NS_PER_MS, .batch = 1 });
}

int
join(struct bench *b, uint32_t conn)
{
	assert_int_equal(b->ops->connect(b->g, conn, &b->addr), 0);
	pump(b, &b->connected, b->connected + 1);
	int fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void
expect(int fd, const char *text)
{
	char got[64] = "";
	assert_int_equal(recv(fd, got, strlen(text), MSG_WAITALL), (ssize_t)strlen(text));
	assert_string_equal(got, text);
}

void
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

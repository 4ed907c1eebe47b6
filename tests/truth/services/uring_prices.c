/* SPDX-License-Identifier: MIT */
/* One thread that accepts, receives and sends by io_uring alone (raw system calls, no library).
 * Planted: price_basket takes nearly all of the CPU.
 * Truth: the loop is blocked by computation, price_basket.
 * Usage: uring_prices [repaired] [polled]; repaired, the price is kept; polled, a thread of the kernel
 * takes what is asked from the ring (SQPOLL). */
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 1024, CONNECTIONS = 4096, REQUEST_MAX = 2048, ITEMS = 200000 };
enum operation { ACCEPT, RECEIVE, SEND };

static int ring, listener;
static bool repaired, polled;
static uint32_t *sq_flags, *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static uint32_t queued;
static char requests[CONNECTIONS][REQUEST_MAX], answers[CONNECTIONS][256];

static __attribute__((noinline)) uint32_t
price_basket(uint32_t seed)
{
	for (int i = 0; i < ITEMS; i++)
		seed = (seed ^ (uint32_t)i) * 16777619u;
	return seed;
}

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static void
enter(uint32_t wait)
{
	bool asleep = polled && __atomic_load_n(sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP;
	unsigned flags = (wait ? IORING_ENTER_GETEVENTS : 0) | (asleep ? IORING_ENTER_SQ_WAKEUP : 0);
	if (syscall(SYS_io_uring_enter, ring, queued, wait, flags, NULL, 0) < 0)
		fail("io_uring_enter");
	queued = 0;
}

static void
submit(uint8_t operation, int fd, const void *buffer, uint32_t size, enum operation what)
{
	uint32_t tail = *sq_tail, i = tail & *sq_mask;
	sqes[i] = (struct io_uring_sqe){ .opcode = operation, .fd = fd, .addr = (uintptr_t)buffer,
		.len = size, .user_data = (uint64_t)fd << 2 | what };
	sq_array[i] = i;
	__atomic_store_n(sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (++queued == ENTRIES)
		enter(0);
}

static void
set_up(void)
{
	struct io_uring_params p = { .flags = polled ? IORING_SETUP_SQPOLL : 0, .sq_thread_idle = polled ? 100 : 0 };
	ring = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring < 0)
		fail("io_uring_setup");
	size_t sq_size = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
	size_t cq_size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
	    IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
		fail("mmap");
	sq_flags = (uint32_t *)(sq + p.sq_off.flags);
	sq_tail = (uint32_t *)(sq + p.sq_off.tail);
	sq_mask = (uint32_t *)(sq + p.sq_off.ring_mask);
	sq_array = (uint32_t *)(sq + p.sq_off.array);
	cq_head = (uint32_t *)(cq + p.cq_off.head);
	cq_tail = (uint32_t *)(cq + p.cq_off.tail);
	cq_mask = (uint32_t *)(cq + p.cq_off.ring_mask);
	cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

static void
listen_somewhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, 1024) ||
	    getsockname(listener, (struct sockaddr *)&at, &size))
		fail("listen");
	printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
	fflush(stdout);
}

/* Requests without a body, one at a time on a connection. */
static void
answer(int fd, int received)
{
	static uint32_t known;
	char body[16];
	if (received <= 0 || fd >= CONNECTIONS) {
		close(fd);
		return;
	}
	uint32_t price = repaired && known ? known : (known = price_basket((uint32_t)received));
	int size = snprintf(body, sizeof(body), "%08x\n", price);
	int all = snprintf(answers[fd], sizeof(answers[fd]), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %d\r\n\r\n%s", size, body);
	submit(IORING_OP_SEND, fd, answers[fd], (uint32_t)all, SEND);
}

static void
completed(const struct io_uring_cqe *c)
{
	int fd = (int)(c->user_data >> 2);
	enum operation what = (enum operation)(c->user_data & 3);
	if (what == ACCEPT) {
		submit(IORING_OP_ACCEPT, listener, NULL, 0, ACCEPT);
		fd = c->res;
	}
	if (what == RECEIVE)
		answer(fd, c->res);
	else if (fd >= 0 && fd < CONNECTIONS)
		submit(IORING_OP_RECV, fd, requests[fd], REQUEST_MAX, RECEIVE);
	else if (fd >= 0)
		close(fd);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		repaired |= !strcmp(argv[i], "repaired");
		polled |= !strcmp(argv[i], "polled");
	}
	set_up();
	listen_somewhere();
	submit(IORING_OP_ACCEPT, listener, NULL, 0, ACCEPT);
	for (;;) {
		enter(1);
		uint32_t head = *cq_head;
		for (; head != __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE); head++) {
			struct io_uring_cqe c = cqes[head & *cq_mask];
			__atomic_store_n(cq_head, head + 1, __ATOMIC_RELEASE);
			completed(&c);
		}
	}
}

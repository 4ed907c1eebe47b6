/* SPDX-License-Identifier: MIT */
#include "engine/uring_thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/uring_entry.h"

#define BUFFERS_MIN    64
#define BUFFERS_MAX    512     /* 8 MiB in all, of which only what was received into is in memory */
/* Not a power of two: the first lines of all buffers would share a few places of the cache. */
#define BUFFER_BYTES   (((size_t)16 << 10) + 320)

/* Numbers of threads are never used again, unlike their ids. */
static uint64_t
thread_number(void)
{
	static atomic_uint_least64_t threads;
	static _Thread_local uint64_t number;

	if (!number)
		number = atomic_fetch_add(&threads, 1) + 1;
	return number;
}

bool
uring_thread_is_owner(const struct engine *g)
{
	return g->owner == thread_number();
}

/* Requests in the kernel hold the socket, those of a thread that has ended until its ring is closed:
 * closing alone would tell the peer late. */
void
uring_hang_up(int fd)
{
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

static uint32_t
count_buffers(uint32_t conns)
{
	uint32_t n = BUFFERS_MIN;

	while (n < BUFFERS_MAX && n < conns)
		n *= 2;
	return n;
}

static void
offer_files(struct engine *g)
{
	CLEANUP(free_p) int *fds = malloc(g->n_links * sizeof(*fds));

	for (uint32_t i = 0; fds && i < g->n_links; i++)
		fds[i] = g->links[i].fd;
	g->files = fds && uring_register_files(&g->ring, fds, g->n_links) == 0;
}

/* Completions have a place each, whatever happens between two waits: a connection has at most a
 * receive, a send and a poll that end, and the cancellations of those; a buffer is filled once. */
static int
open_ring(struct engine *g, const bool *held)
{
	int code = uring_open(&g->ring, SUBMISSIONS, g->n_links * 4 + g->buffers.n * 2);

	g->owner = thread_number();
	g->looked = 0;
	for (uint32_t i = 0; i < g->n_links; i++)
		g->links[i].last_at = g->links[i].send_at = 0;
	if (code < 0)
		return code;
	offer_files(g);
	return uring_buffers_offer(&g->buffers, &g->ring, held);
}

void
uring_thread_close(struct engine *g)
{
	if (!g)
		return;
	uring_close(&g->ring, uring_thread_is_owner(g));
	for (uint32_t i = 0; g->links && i < g->n_links; i++) {
		if (g->links[i].fd >= 0)
			uring_hang_up(g->links[i].fd);
		backlog_done(&g->links[i].backlog);
	}
	if (g->wake >= 0)
		close(g->wake);
	uring_buffers_free(&g->buffers);
	free(g->links);
	free(g->left);
	free(g);
}

static int
open_wake(struct engine *g)
{
	g->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return g->wake < 0 ? -errno : entry_watch(g, g->wake) ? 0 : -EBUSY;
}

int
uring_thread_open(uint32_t max_conns, const struct engine_sink *sink, struct engine **ret)
{
	struct engine *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->sink = *sink;
	g->ring.fd = g->wake = -1;
	for (int i = 0; i < ENGINE_LISTENERS; i++)
		g->listeners[i].fd = -1;
	g->n_links = max_conns;
	g->shape.msg_controllen = STAMP_CONTROL_BYTES;
	g->links = calloc(max_conns, sizeof(*g->links));
	int code = g->links ? uring_buffers_make(&g->buffers, count_buffers(max_conns), BUFFERS_MIN,
	    BUFFER_BYTES) : -ENOMEM;
	for (uint32_t i = 0; g->links && i < max_conns; i++)
		g->links[i].fd = -1;
	if (code == 0)
		code = open_ring(g, NULL);
	if (code == 0 && sink->woken)
		code = open_wake(g);
	if (code < 0) {
		uring_thread_close(g);
		return code;
	}
	*ret = g;
	return 0;
}

/* Keep what the ring has completed and nobody has heard of. Receives and polls are begun anew in
 * the next ring, so that what tells of their end only is no news. */
static void
keep_completions(struct engine *g, bool *held)
{
	uint32_t from = uring_first(&g->ring), n = uring_last(&g->ring) - from;
	struct io_uring_cqe *all = realloc(g->left, (g->n_left + n + 1) * sizeof(*all));
	if (!all)
		abort();
	g->left = all;
	for (uint32_t i = 0; i < n; i++) {
		struct io_uring_cqe c = *uring_completion(&g->ring, from + i);
		if (c.res != -ECANCELED && c.res != -ENOBUFS && entry_op(c.user_data) != OP_WRITABLE) {
			c.flags |= IORING_CQE_F_MORE;
			all[g->n_left++] = c;
		}
	}
	for (uint32_t i = 0; i < g->n_left; i++)
		if (all[i].flags & IORING_CQE_F_BUFFER)
			held[all[i].flags >> IORING_CQE_BUFFER_SHIFT] = true;
}

static void
arm_all(struct engine *g)
{
	for (uint32_t i = 0; i < g->n_links; i++) {
		struct link *l = &g->links[i];
		if (l->fd < 0)
			continue;
		l->receiving = false;
		if (l->connecting)
			entry_poll(g, i, OP_CONNECT);
		else if (!l->held && !l->deaf)
			entry_receive(g, i);
		if (l->full)
			entry_poll(g, i, OP_WRITABLE);
	}
	if (g->wake >= 0)
		entry_watch(g, g->wake);
	for (uint32_t i = 0; i < ENGINE_LISTENERS; i++)
		if (g->listeners[i].fd >= 0 && !g->listeners[i].rests_until_ns)
			entry_accept(g, i);
}

static int
move_here(struct engine *g)
{
	struct io_uring_sqe sends[SUBMISSIONS];
	bool held[BUFFERS_MAX] = { false };
	uint32_t n_sends = 0;

	if (g->ring.fd >= 0) {
		entry_look_at_sends(g);
		keep_completions(g, held);
		n_sends = entry_keep_sends(g, sends);
		uring_close(&g->ring, false);
	}
	int code = open_ring(g, held);
	if (code < 0) {
		uring_close(&g->ring, true);
		return code;
	}
	for (uint32_t i = 0; i < n_sends; i++)   /* first: there is room for them, and the stage holds */
		entry_repeat(g, &sends[i]);
	arm_all(g);
	return 0;
}

int
uring_thread_own(struct engine *g)
{
	return uring_thread_is_owner(g) && g->ring.fd >= 0 ? 0 : move_here(g);
}

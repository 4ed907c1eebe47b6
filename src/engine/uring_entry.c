/* SPDX-License-Identifier: MIT */
#include "engine/uring_entry.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "engine/gather.h"

/* So many together cost no more than all, and the first of them are not sent much later than their
 * caller believes. */
#define SUBMIT_AT 16
/* What is sent in pieces is copied together up to here; more is cheaper with a system call of its own. */
#define GATHER_COPY_BYTES ((size_t)8 << 10)

/* ---- after a submission --------------------------------------------------------------------- */

static bool
is_staged(const struct engine *g, const char *bytes)
{
	return bytes >= g->stage && bytes < g->stage + STAGE_BYTES;
}

void
entry_look_at_sends(struct engine *g)
{
	for (uint32_t end = uring_last(&g->ring); g->looked != end; g->looked++) {
		const struct io_uring_cqe *c = uring_completion(&g->ring, g->looked);
		struct link *l = entry_op(c->user_data) == OP_SEND ? entry_link(g, c->user_data) : NULL;
		if (!l)
			continue;
		size_t sent = c->res > 0 ? (size_t)c->res : 0;
		const struct io_uring_sqe *entry = uring_entry(&g->ring, l->send_at);
		const char *bytes = (const char *)(uintptr_t)entry->addr;
		if (c->res < 0 && c->res != -EAGAIN)
			l->broken = -c->res;
		l->full = sent < entry->len;
		if (l->sending)
			backlog_take(&l->backlog, sent);
		else if (backlog_add(&l->backlog, bytes + sent, entry->len - sent,
		    !is_staged(g, bytes)) < 0)
			l->broken = ENOBUFS;
		l->sending = false;
	}
}

void
entry_submitted(struct engine *g)
{
	entry_look_at_sends(g);
	if (g->ring.pushed == g->ring.taken)
		g->staged = 0;
}

/* ---- entries -------------------------------------------------------------------------------- */

static struct io_uring_sqe *
push_any(struct engine *g, uint64_t *ret_at)
{
	struct io_uring_sqe *s = uring_push(&g->ring, ret_at);

	if (!s) {
		uring_submit(&g->ring);
		entry_submitted(g);
		s = uring_push(&g->ring, ret_at);
	}
	return s;
}

static struct io_uring_sqe *
push(struct engine *g, uint32_t conn, enum op op, uint8_t opcode)
{
	uint64_t at;
	struct io_uring_sqe *s = push_any(g, &at);

	if (!s)
		return NULL;
	s->opcode = opcode;
	s->fd = g->links[conn].fd;
	s->user_data = entry_tag(g, conn, op);
	if (op != OP_SILENT)
		g->links[conn].last_at = at;
	if (op == OP_SEND)
		g->links[conn].send_at = at;
	return s;
}

bool
entry_poll(struct engine *g, uint32_t conn, enum op op)
{
	struct io_uring_sqe *s = push(g, conn, op, IORING_OP_POLL_ADD);

	if (s)
		s->poll32_events = POLLOUT;
	return s;
}

bool
entry_receive(struct engine *g, uint32_t conn)
{
	bool stamped = g->links[conn].stamped;
	struct io_uring_sqe *s = push(g, conn, OP_RECEIVE, stamped ? IORING_OP_RECVMSG : IORING_OP_RECV);

	if (!s)
		return false;
	if (stamped) {
		s->addr = (uintptr_t)&g->shape;
		s->len = 1;
	}
	g->links[conn].receiving = true;
	s->ioprio = IORING_RECV_MULTISHOT | IORING_RECVSEND_POLL_FIRST;
	s->flags = IOSQE_BUFFER_SELECT;
	return true;
}

void
entry_cancel(struct engine *g, uint32_t conn, enum op op)
{
	struct io_uring_sqe *s = push(g, conn, OP_SILENT, IORING_OP_ASYNC_CANCEL);

	if (!s)
		return;
	s->fd = -1;
	s->addr = entry_tag(g, conn, op);
	s->flags = IOSQE_CQE_SKIP_SUCCESS;
}

bool
entry_file(struct engine *g, uint32_t conn, bool dropped)
{
	static const int none = -1;

	if (!g->files)
		return true;
	struct io_uring_sqe *s = push(g, conn, dropped ? OP_SILENT : OP_FILE, IORING_OP_FILES_UPDATE);
	if (!s)
		return false;
	s->fd = -1;
	s->addr = (uintptr_t)(dropped ? &none : &g->links[conn].fd);
	s->len = 1;
	s->off = conn;
	s->flags = IOSQE_CQE_SKIP_SUCCESS;
	return true;
}

static uint64_t
accept_tag(const struct engine *g, uint32_t listener)
{
	return (uint64_t)OP_ACCEPT << 56 | (uint64_t)g->listeners[listener].turn << 32 | listener;
}

bool
entry_accept(struct engine *g, uint32_t listener)
{
	uint64_t at;
	struct io_uring_sqe *s = push_any(g, &at);

	if (!s)
		return false;
	s->opcode = IORING_OP_ACCEPT;
	s->fd = g->listeners[listener].fd;
	s->ioprio = IORING_ACCEPT_MULTISHOT;
	s->accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
	s->user_data = accept_tag(g, listener);
	return true;
}

/* Submitted at once: its caller closes the socket. */
void
entry_accept_no_more(struct engine *g, uint32_t listener)
{
	uint64_t at;
	struct io_uring_sqe *s = push_any(g, &at);

	if (!s)
		return;
	s->opcode = IORING_OP_ASYNC_CANCEL;
	s->fd = -1;
	s->addr = accept_tag(g, listener);
	s->flags = IOSQE_CQE_SKIP_SUCCESS;
	uring_submit(&g->ring);
	entry_submitted(g);
}

bool
entry_watch(struct engine *g, int event_fd)
{
	uint64_t at;
	struct io_uring_sqe *s = push_any(g, &at);

	if (!s)
		return false;
	s->opcode = IORING_OP_POLL_ADD;
	s->fd = event_fd;
	s->poll32_events = POLLIN;
	s->len = IORING_POLL_ADD_MULTI;
	s->user_data = (uint64_t)OP_WAKE << 56;
	return true;
}

void
entry_silence(struct engine *g, uint32_t conn)
{
	uint64_t mine = entry_tag(g, conn, OP_SILENT), all_ops = ~(UINT64_C(0xff) << 56);

	if (!uring_pending(&g->ring, g->links[conn].last_at))
		return;
	for (uint64_t at = g->ring.taken; at < g->ring.pushed; at++) {
		struct io_uring_sqe *s = uring_entry(&g->ring, at);
		if (entry_op(s->user_data) == OP_SILENT || (s->user_data & all_ops) != mine)
			continue;
		*s = (struct io_uring_sqe){
			.opcode = IORING_OP_NOP, .flags = IOSQE_CQE_SKIP_SUCCESS, .user_data = mine,
		};
	}
}

/* ---- sends ---------------------------------------------------------------------------------- */

/* With MSG_DONTWAIT the kernel does not keep what would block, with MSG_WAITALL it tells when it
 * sent a part only. */
static void
fill_send(struct engine *g, struct io_uring_sqe *s, const void *bytes, size_t size, bool silent)
{
	s->addr = (uintptr_t)bytes;
	s->len = size < UINT32_MAX / 4 ? (uint32_t)size : UINT32_MAX / 4;
	s->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;
	s->flags = (silent ? IOSQE_CQE_SKIP_SUCCESS : 0) | (g->files ? IOSQE_FIXED_FILE : 0);
	if (g->files)
		s->fd = (int)(uint32_t)s->user_data;
}

bool
entry_backlog(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];
	const void *bytes;

	if (l->full || l->sending || backlog_is_empty(&l->backlog))
		return true;
	struct io_uring_sqe *s = push(g, conn, OP_SEND, IORING_OP_SEND);
	if (!s)
		return false;
	size_t size = backlog_next(&l->backlog, &bytes);
	fill_send(g, s, bytes, size, false);
	l->sending = true;
	return true;
}

/* A second send before the first is submitted: they become one. */
static int
join_sends(struct engine *g, uint32_t conn, const void *bytes, size_t size)
{
	struct link *l = &g->links[conn];
	struct io_uring_sqe *s = uring_entry(&g->ring, l->send_at);
	const void *first = (const void *)(uintptr_t)s->addr;
	int code = l->sending ? 0 : backlog_add(&l->backlog, first, s->len, !is_staged(g, first));

	l->sending = true;
	if (code == 0)
		code = backlog_add(&l->backlog, bytes, size, false);
	size = backlog_next(&l->backlog, &first);
	fill_send(g, s, first, size, false);
	return code;
}

/* A copy that lives until the next submission; NULL when there is no room.
 * There is an entry free then, as a submission would end it. */
static const void *
stage(struct engine *g, const void *bytes, size_t size)
{
	if (size > STAGE_BYTES - g->staged || uring_is_full(&g->ring)) {
		uring_submit(&g->ring);
		entry_submitted(g);
	}
	if (size > STAGE_BYTES - g->staged || uring_is_full(&g->ring))
		return NULL;
	char *copy = g->stage + g->staged;
	memcpy(copy, bytes, size);
	g->staged += size;
	return copy;
}

int
entry_send(struct engine *g, uint32_t conn, const void *bytes, size_t size, bool lasting)
{
	struct link *l = &g->links[conn];

	if (l->broken)
		return -l->broken;
	if (uring_pending(&g->ring, l->send_at))
		return join_sends(g, conn, bytes, size);
	const void *kept = lasting || !backlog_is_empty(&l->backlog) ? bytes : stage(g, bytes, size);
	if (!kept || !backlog_is_empty(&l->backlog)) {
		int code = backlog_add(&l->backlog, bytes, size, lasting);
		return code < 0 ? code : entry_backlog(g, conn) ? 0 : -EBUSY;
	}
	struct io_uring_sqe *s = push(g, conn, OP_SEND, IORING_OP_SEND);
	if (!s)
		return -EBUSY;
	fill_send(g, s, kept, size, true);
	if (g->ring.pushed - g->ring.taken >= SUBMIT_AT) {
		uring_submit(&g->ring);
		entry_submitted(g);
	}
	return 0;
}

void
entry_hurry(struct engine *g, uint32_t conn)
{
	if (!uring_pending(&g->ring, g->links[conn].send_at))
		return;
	uring_submit(&g->ring);
	entry_submitted(g);
}

static ssize_t
gather_directly(struct engine *g, uint32_t conn, const struct engine_piece *pieces, uint32_t n)
{
	struct link *l = &g->links[conn];
	ssize_t left = gather_send(l->fd, &l->backlog, pieces, n);

	l->full = left > 0;
	return left > 0 && !entry_poll(g, conn, OP_WRITABLE) ? -EBUSY : left;
}

static ssize_t
gather_copies(struct engine *g, uint32_t conn, const struct engine_piece *pieces, uint32_t n)
{
	char all[GATHER_COPY_BYTES];
	size_t size = 0;

	for (uint32_t i = 0; i < n; size += pieces[i++].size)
		memcpy(all + size, pieces[i].bytes, pieces[i].size);
	return entry_send(g, conn, all, size, false);
}

ssize_t
entry_gather(struct engine *g, uint32_t conn, const struct engine_piece *pieces, uint32_t n)
{
	struct link *l = &g->links[conn];
	bool small = gather_size(pieces, n) <= GATHER_COPY_BYTES;

	if (small && backlog_is_empty(&l->backlog) && !uring_pending(&g->ring, l->send_at))
		return l->broken ? -l->broken : gather_copies(g, conn, pieces, n);
	entry_hurry(g, conn);
	if (l->broken)
		return -l->broken;
	if (backlog_is_empty(&l->backlog))
		return gather_directly(g, conn, pieces, n);
	ssize_t left = gather_keep(&l->backlog, pieces, n, 0);
	return left > 0 && !entry_backlog(g, conn) ? -EBUSY : left;
}

/* ---- from one ring to the next -------------------------------------------------------------- */

uint32_t
entry_keep_sends(struct engine *g, struct io_uring_sqe *ret_sends)
{
	uint32_t n = 0;

	for (uint64_t at = g->ring.taken; at < g->ring.pushed; at++)
		if (entry_op(uring_entry(&g->ring, at)->user_data) == OP_SEND)
			ret_sends[n++] = *uring_entry(&g->ring, at);
	return n;
}

void
entry_repeat(struct engine *g, const struct io_uring_sqe *old)
{
	bool silent = old->flags & IOSQE_CQE_SKIP_SUCCESS;
	struct io_uring_sqe *s = push(g, (uint32_t)old->user_data, OP_SEND, IORING_OP_SEND);

	fill_send(g, s, (const void *)(uintptr_t)old->addr, old->len, silent);
}

/* SPDX-License-Identifier: MIT */
/* What only the kernel's socket diagnostics tell: accept queues with their limits, and which
 * Unix socket is connected to which. Needs no privilege. */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/socket_dump.h"
#include "observe/sockets.h"

struct listeners {
	struct listen_queue *items;
	size_t n, max;
};

static void
note_listener(void *ctx, const struct nlmsghdr *h)
{
	struct listeners *l = ctx;
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || l->n == l->max)
		return;
	/* Of a listening socket rqueue is the accept queue, wqueue its limit. */
	l->items[l->n++] = (struct listen_queue){
		.port = ntohs(m->id.idiag_sport), .inode = m->idiag_inode,
		.waiting = m->idiag_rqueue, .backlog = m->idiag_wqueue,
	};
}

int
listen_queues(struct listen_queue *items, size_t n)
{
	struct listeners l = { .items = items, .max = n };
	int code = socket_dump_tcp(&(struct socket_filter){ .states = 1 << TCP_STATE_LISTEN }, note_listener, &l);

	return code < 0 ? code : (int)l.n;
}

struct connections {
	void (*visit)(void *ctx, const struct proc_tcp *t);
	void *ctx;
};

static void
note_connection(void *ctx, const struct nlmsghdr *h)
{
	const struct connections *c = ctx;
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return;
	const struct proc_tcp t = socket_ends(m);
	c->visit(c->ctx, &t);
}

int
tcp_connections(uint16_t port, void (*visit)(void *ctx, const struct proc_tcp *t), void *ctx)
{
	struct connections c = { visit, ctx };

	return socket_dump_tcp(&(struct socket_filter){ .states = 1 << TCP_STATE_ESTABLISHED, .local = port },
	    note_connection, &c);
}

/* Each Unix socket: its own path, if any, and the inode at the other end, if any. */
struct unix_scan {
	struct arena *arena;
	struct map paths;       /* inode -> path */
	struct map ends;        /* inode -> inode of the other end */
};

static void
note_unix(void *ctx, const struct nlmsghdr *h)
{
	struct unix_scan *s = ctx;
	const struct unix_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return;
	uint64_t inode = m->udiag_ino;
	uint32_t end;
	size_t size;
	const char *name = socket_attribute(h, sizeof(*m), UNIX_DIAG_NAME, &size);
	if (name && size && name[0])
		*map_at(&s->paths, &inode, sizeof(inode), NULL) =
		    (uintptr_t)arena_strndup(s->arena, name, strnlen(name, size));
	const void *peer = socket_attribute(h, sizeof(*m), UNIX_DIAG_PEER, &size);
	if (peer && size == sizeof(end)) {
		memcpy(&end, peer, sizeof(end));
		*map_at(&s->ends, &inode, sizeof(inode), NULL) = end;
	}
}

static int
unix_dump(uint32_t states, struct unix_scan *s)
{
	struct { struct nlmsghdr h; struct unix_diag_req r; } request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.r = { .sdiag_family = AF_UNIX, .udiag_states = states,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER },
	};
	return socket_dump(&request, sizeof(request), note_unix, s);
}

int
unix_peers(struct arena *arena, struct map *inode_to_path)
{
	struct unix_scan s = { .arena = arena };

	int r = unix_dump(1 << TCP_STATE_ESTABLISHED, &s);
	size_t i = 0;
	for (const struct map_slot *slot; (slot = map_next(&s.ends, &i));) {
		uint64_t end = slot->value;
		const uint64_t *path = map_find(&s.paths, &end, sizeof(end));
		if (path)
			*map_at(inode_to_path, slot->key, slot->key_size, NULL) = *path;
	}
	map_done(&s.paths);
	map_done(&s.ends);
	return r;
}

void
unix_listeners(const char *path, struct map *inodes)
{
	struct unix_scan s = { .arena = arena_new() };
	const struct map_slot *slot;

	unix_dump(1 << TCP_STATE_LISTEN, &s);
	for (size_t i = 0; (slot = map_next(&s.paths, &i));)
		if (strcmp((const char *)(uintptr_t)slot->value, path) == 0)
			map_at(inodes, slot->key, slot->key_size, NULL);
	map_done(&s.paths);
	map_done(&s.ends);
	arena_free(s.arena);
}

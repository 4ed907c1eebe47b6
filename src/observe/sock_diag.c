/* SPDX-License-Identifier: MIT */
/* What only the kernel's socket diagnostics tell: accept queues with their limits, and which
 * Unix socket is connected to which. Needs no privilege. */
#include <errno.h>
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
#include "base/cleanup.h"
#include "observe/sockets.h"

/* Send one dump request and hand each answer to `visit`. 0 or -errno. */
static int
dump(const void *request, size_t size, void (*visit)(void *ctx, const struct nlmsghdr *h),
    void *ctx)
{
	_Alignas(struct nlmsghdr) char answer[16384];
	struct timeval patience = { .tv_sec = 1 };

	CLEANUP(fd_close_p) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, request, size, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		unsigned left = (unsigned)n;
		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return -EOPNOTSUPP;
			visit(ctx, h);
		}
	}
}

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

/* The TCP sockets of both families in these states; `port`: own, in network order, 0 any. */
static int
dump_tcp(uint32_t states, uint16_t port, void (*visit)(void *ctx, const struct nlmsghdr *h), void *ctx)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };
	int code = 0;

	for (size_t i = 0; i < sizeof(families) && code == 0; i++) {
		struct { struct nlmsghdr h; struct inet_diag_req_v2 r; } request = {
			.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
			.r = { .sdiag_family = families[i], .sdiag_protocol = IPPROTO_TCP,
				.idiag_states = states, .id.idiag_sport = port },
		};
		code = dump(&request, sizeof(request), visit, ctx);
	}
	return code;
}

int
listen_queues(struct listen_queue *items, size_t n)
{
	struct listeners l = { .items = items, .max = n };
	int code = dump_tcp(1 << TCP_STATE_LISTEN, 0, note_listener, &l);

	return code < 0 ? code : (int)l.n;
}

struct connections {
	void (*visit)(void *ctx, const struct proc_tcp *t);
	void *ctx;
};

static struct net_address
address_from(uint8_t family, const uint32_t ip[4], uint16_t port)
{
	struct net_address a = { .ip = { [10] = 0xff, [11] = 0xff }, .port = ntohs(port) };

	if (family == AF_INET)
		memcpy(a.ip + 12, ip, 4);
	else
		memcpy(a.ip, ip, 16);
	return a;
}

static void
note_connection(void *ctx, const struct nlmsghdr *h)
{
	const struct connections *c = ctx;
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return;
	const struct proc_tcp t = {
		.local = address_from(m->idiag_family, m->id.idiag_src, m->id.idiag_sport),
		.remote = address_from(m->idiag_family, m->id.idiag_dst, m->id.idiag_dport),
		.state = m->idiag_state, .inode = m->idiag_inode,
	};
	c->visit(c->ctx, &t);
}

int
tcp_connections(uint16_t port, void (*visit)(void *ctx, const struct proc_tcp *t), void *ctx)
{
	struct connections c = { visit, ctx };

	return dump_tcp(1 << TCP_STATE_ESTABLISHED, htons(port), note_connection, &c);
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
	unsigned left = (unsigned)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)));
	for (const struct nlattr *a = (const void *)(m + 1);
	     left >= sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left;) {
		const char *data = (const char *)(a + 1);
		size_t size = a->nla_len - sizeof(*a);
		uint32_t end;
		if (a->nla_type == UNIX_DIAG_NAME && size && data[0])
			*map_at(&s->paths, &inode, sizeof(inode), NULL) =
			    (uintptr_t)arena_strndup(s->arena, data, strnlen(data, size));
		if (a->nla_type == UNIX_DIAG_PEER && size == sizeof(end)) {
			memcpy(&end, data, sizeof(end));
			*map_at(&s->ends, &inode, sizeof(inode), NULL) = end;
		}
		unsigned step = NLA_ALIGN(a->nla_len);
		if (step >= left)
			break;
		left -= step;
		a = (const void *)((const char *)a + step);
	}
}

int
unix_peers(struct arena *arena, struct map *inode_to_path)
{
	struct { struct nlmsghdr h; struct unix_diag_req r; } request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.r = { .sdiag_family = AF_UNIX, .udiag_states = 1 << TCP_STATE_ESTABLISHED,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER },
	};
	struct unix_scan s = { .arena = arena };

	int r = dump(&request, sizeof(request), note_unix, &s);
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

/* SPDX-License-Identifier: MIT */
#include "trace/proc_sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/proc_text.h"

#define AGAIN_NS    (10 * NS_PER_MS)
#define AGAIN_COSTS 20         /* times what reading took: connections that live shortly are met too, at 5 % */
#define LINES_MAX   65536
#define EPHEMERAL   32768      /* from here on the kernel chooses: nobody serves there (ip(7)) */

struct socket_ends { struct net_address local, remote; bool udp; };

struct proc_sockets {
	struct map by_inode;       /* -> index */
	struct map listening;      /* local ports */
	struct socket_ends *items; size_t n, room;
	int64_t read_at, read_ns;
};

struct proc_sockets *
proc_sockets_new(void)
{
	struct proc_sockets *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	return s;
}

void
proc_sockets_free(struct proc_sockets *s)
{
	if (!s)
		return;
	map_done(&s->by_inode);
	map_done(&s->listening);
	free(s->items);
	free(s);
}

static void
add_socket(struct proc_sockets *s, const struct proc_tcp *tcp, bool udp)
{
	if (tcp->state == TCP_STATE_LISTEN)
		*map_at(&s->listening, &tcp->local.port, sizeof(tcp->local.port), NULL) = 1;
	if (!tcp->inode)
		return;
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->items = realloc(s->items, s->room * sizeof(*s->items));
		if (!s->items)
			abort();
	}
	*map_at(&s->by_inode, &tcp->inode, sizeof(tcp->inode), NULL) = s->n;
	s->items[s->n++] = (struct socket_ends){ tcp->local, tcp->remote, udp };
}

static void
read_table(struct proc_sockets *s, int pid, const char *name)
{
	char path[64], line[256];
	struct proc_tcp tcp;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, name);
	CLEANUP(file_close_p) FILE *f = fopen(path, "re");
	for (int i = 0; f && i < LINES_MAX && fgets(line, sizeof(line), f); i++)
		if (proc_parse_tcp(line, &tcp))
			add_socket(s, &tcp, name[0] == 'u');
}

static const struct socket_ends *
find_socket(struct proc_sockets *s, int pid, uint64_t inode, int64_t now)
{
	uint64_t *at = map_find(&s->by_inode, &inode, sizeof(inode));
	if (!at && now - s->read_at > AGAIN_NS && now - s->read_at > AGAIN_COSTS * s->read_ns) {
		int64_t began = now_ns();
		s->read_at = now;
		s->n = 0;
		map_done(&s->by_inode);
		read_table(s, pid, "tcp");
		read_table(s, pid, "tcp6");
		read_table(s, pid, "udp");
		read_table(s, pid, "udp6");
		s->read_ns = now_ns() - began;
		at = map_find(&s->by_inode, &inode, sizeof(inode));
	}
	return at ? &s->items[*at] : NULL;
}

void
proc_sockets_name(const struct net_address *peer, char *out, size_t size)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = !memcmp(peer->ip, mapped, sizeof(mapped));
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? peer->ip + 12 : peer->ip, ip, sizeof(ip));
	snprintf(out, size, v4 ? "%s:%u" : "[%s]:%u", ip, peer->port);
}

struct proc_fd
proc_sockets_fd(struct proc_sockets *s, int pid, int fd, int64_t now)
{
	struct proc_fd ret = { .kind = FD_UNKNOWN };
	char path[64], target[512];
	unsigned long long inode;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return ret;
	target[n] = '\0';
	if (sscanf(target, "socket:[%llu]", &inode) == 1) {
		const struct socket_ends *ends = find_socket(s, pid, inode, now);
		bool asks = ends && (!ends->udp || ends->remote.port || ends->local.port >= EPHEMERAL);
		if (!asks)
			return ret;
		bool client = !ends->udp && map_find(&s->listening, &ends->local.port, sizeof(ends->local.port));
		ret.kind = client ? FD_CLIENT : FD_PEER;
		ret.port = ends->remote.port;
		if (ret.kind == FD_PEER && ends->remote.port)   /* of a socket that names it in each call nobody knows it */
			proc_sockets_name(&ends->remote, ret.name, sizeof(ret.name));
	} else if (target[0] == '/') {
		ret.kind = FD_FILE;
		snprintf(ret.name, sizeof(ret.name), "%s", strrchr(target, '/') + 1);
	} else if (!strncmp(target, "pipe:", 5)) {
		ret.kind = FD_PIPE;
	}
	return ret;
}

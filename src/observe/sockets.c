/* SPDX-License-Identifier: MIT */
#include "observe/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "observe/tree.h"

static void
tcp_file_each(int pid, const char *file, void (*visit)(void *ctx, const struct proc_tcp *t),
    void *ctx)
{
	char path[64], line[512];
	struct proc_tcp t;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, file);
	CLEANUP(file_close_p) FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (proc_parse_tcp(line, &t))
			visit(ctx, &t);
}

void
tcp_each(int pid, void (*visit)(void *ctx, const struct proc_tcp *t), void *ctx)
{
	tcp_file_each(pid, "tcp", visit, ctx);
	tcp_file_each(pid, "tcp6", visit, ctx);
}

int
fd_each(int pid, void (*visit)(void *ctx, int pid, int fd, const char *target), void *ctx)
{
	char path[64], target[1024];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *d = opendir(path);
	if (!d)
		return -errno;
	for (struct dirent *entry; (entry = readdir(d));) {
		ssize_t size = entry->d_name[0] == '.' ? -1 :
		    readlinkat(dirfd(d), entry->d_name, target, sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		visit(ctx, pid, atoi(entry->d_name), target);
	}
	closedir(d);
	return 0;
}

uint64_t
socket_inode(const char *target)
{
	return strncmp(target, "socket:[", 8) == 0 ? strtoull(target + 8, NULL, 10) : 0;
}

static void
note_holder(void *ctx, int pid, int fd, const char *target)
{
	uint64_t inode = socket_inode(target);
	if (!inode)
		return;
	uint64_t *holder = map_at(ctx, &inode, sizeof(inode), NULL);
	if (!*holder || (uint64_t)pid < *holder)
		*holder = (uint64_t)pid;
}

struct holder_scan {
	struct map *holders;
	size_t hidden;
};

static bool
scan_holder(void *ctx, int pid)
{
	struct holder_scan *s = ctx;
	int r = fd_each(pid, note_holder, s->holders);
	s->hidden += r == -EACCES || r == -EPERM;
	return true;
}

void
socket_holders(struct map *holders, size_t *ret_hidden)
{
	struct holder_scan s = { .holders = holders };
	proc_each(scan_holder, &s);
	*ret_hidden = s.hidden;
}

bool
address_of(const struct sockaddr *from, struct net_address *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	*ret = (struct net_address){ 0 };
	if (from && from->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)from;
		memcpy(ret->ip, mapped, 12);
		memcpy(ret->ip + 12, &v4->sin_addr, 4);
		ret->port = ntohs(v4->sin_port);
		return true;
	}
	if (from && from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)from;
		memcpy(ret->ip, &v6->sin6_addr, 16);
		ret->port = ntohs(v6->sin6_port);
		return true;
	}
	return false;
}

bool
address_is_any(const struct net_address *a)
{
	static const uint8_t v4[16] = { [10] = 0xff, [11] = 0xff }, v6[16] = { 0 };
	return memcmp(a->ip, v4, 16) == 0 || memcmp(a->ip, v6, 16) == 0;
}

bool
address_is_loopback(const struct net_address *a)
{
	static const uint8_t v6[16] = { [15] = 1 };
	struct in6_addr in;
	memcpy(&in, a->ip, 16);
	return memcmp(a->ip, v6, 16) == 0 || (IN6_IS_ADDR_V4MAPPED(&in) && a->ip[12] == 127);
}

void
address_format(const struct net_address *a, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in;

	memcpy(&in, a->ip, 16);
	bool v4 = IN6_IS_ADDR_V4MAPPED(&in);
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->ip + 12 : a->ip, text, sizeof(text));
	snprintf(out, size, v4 ? "%s:%u" : "[%s]:%u", text, a->port);
}

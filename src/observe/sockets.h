/* SPDX-License-Identifier: MIT */
/* Who holds which socket: /proc/PID/net/tcp gives the sockets of the process's network namespace,
 * /proc/PID/fd the inodes that it has open, netlink what those two do not tell. */
#pragma once

#include "base/map.h"
#include "base/proc_text.h"

/* Each TCP socket, IPv4 and IPv6, of the namespace that `pid` is in. */
void tcp_each(int pid, void (*visit)(void *ctx, const struct proc_tcp *t), void *ctx);

/* Each open file of a process: number and what it points to. -errno when they may not be seen. */
int fd_each(int pid, void (*visit)(void *ctx, int pid, int fd, const char *target), void *ctx);

/* Inode in "socket:[123]"; 0 for anything else. */
uint64_t socket_inode(const char *target);

/* Inode -> pid of every socket of every process that may be seen; when several share one, the
 * lowest number. ret_hidden: processes whose files may not be seen. */
void socket_holders(struct map *holders, size_t *ret_hidden);

/* Queue of one listening socket: connections that wait for accept, and the most it holds. */
struct listen_queue {
	uint16_t port;
	uint64_t inode;
	uint32_t waiting, backlog;
};
/* Of prony's own network namespace; returns how many, at most n, or -errno. */
int listen_queues(struct listen_queue *items, size_t n);

/* Each established connection of that namespace whose own port is this one; 0: any. Much faster than tcp_each
 * where connections that have ended are many. 0 or -errno. */
int tcp_connections(uint16_t port, void (*visit)(void *ctx, const struct proc_tcp *t), void *ctx);

/* Path of the server's end of each connected Unix socket whose server has a path.
 * Client's inode -> path (strings owned by the caller's arena). */
struct arena;
int unix_peers(struct arena *arena, struct map *inode_to_path);

/* The sockets that listen at this path: adds their inodes. */
void unix_listeners(const char *path, struct map *inodes);

struct sockaddr;
bool address_of(const struct sockaddr *from, struct net_address *ret);   /* false: no IP address */
bool address_is_any(const struct net_address *a);
bool address_is_loopback(const struct net_address *a);
/* "127.0.0.1:80", "[::1]:80". */
void address_format(const struct net_address *a, char *out, size_t size);

/* SPDX-License-Identifier: MIT */
/* proc_sockets: what the file descriptors of a process are, from /proc: for those who may not trace.
 *
 * The kernel's tables of TCP sockets are read again when a socket is not found in them, but no more
 * than costs a twentieth of the time. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/proc_text.h"

struct proc_sockets;

struct proc_sockets *proc_sockets_new(void);
void proc_sockets_free(struct proc_sockets *s);   /* accepts NULL */

enum proc_fd_kind { FD_UNKNOWN, FD_CLIENT, FD_PEER, FD_FILE, FD_PIPE };

struct proc_fd {
	enum proc_fd_kind kind;    /* FD_CLIENT: somebody connected to us; FD_PEER: we to somebody */
	uint16_t port;             /* of the peer */
	char name[80];             /* "10.0.0.7:5432" of a peer, the last component of a file's path */
};

/* A peer that is named in each call has port 0 and no name. FD_UNKNOWN also when the process may not be
 * looked at. `now`: CLOCK_MONOTONIC ns. */
struct proc_fd proc_sockets_fd(struct proc_sockets *s, int pid, int fd, int64_t now);

/* "10.0.0.7:5432", "[::1]:5432". */
void proc_sockets_name(const struct net_address *peer, char *out, size_t size);

/* SPDX-License-Identifier: MIT */
/* socket_dump: sockets as the kernel's diagnostics list them (sock_diag(7)).
 *
 * Of prony's own network namespace; needs no privilege. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/proc_text.h"

struct nlmsghdr;
struct inet_diag_msg;
typedef void (*socket_dump_fn)(void *ctx, const struct nlmsghdr *h);

/* Send one dump request and hand each answer to `visit`. 0 or -errno. */
int socket_dump(const void *request, size_t size, socket_dump_fn visit, void *ctx);

/* The TCP sockets of both families in these states (a bit each): answers are struct inet_diag_msg.
 * `local`, `remote`: ports, 0 any. `extensions`: what else is told, bits of INET_DIAG_INFO and the like. */
struct socket_filter {
	uint32_t states;
	uint16_t local, remote;
	uint8_t extensions;
};
int socket_dump_tcp(const struct socket_filter *f, socket_dump_fn visit, void *ctx);

/* What an answer says beside its attributes. */
struct proc_tcp socket_ends(const struct inet_diag_msg *m);

/* The attribute of this type behind the `head` bytes of an answer; NULL: it has none. */
const void *socket_attribute(const struct nlmsghdr *h, size_t head, int type, size_t *ret_size);

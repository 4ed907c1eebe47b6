/* SPDX-License-Identifier: MIT */
/* Listening sockets. They outlive the configuration that named them: who listens at the same address
 * afterwards, in this process or in the next one, takes the same sockets, so that no connection that waits in
 * one is lost. One thread. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "gate/config/config.h"
#include "net/addr.h"

/* One a worker, so that the kernel spreads connections over them. */
struct listen_socket {
	char *text;         /* the address as it was written */
	uint32_t worker;
	int fd;
	bool wanted;        /* by the configuration in force */
};

struct listen_sockets {
	struct listen_socket *at;
	size_t n;
};

#define LISTEN_METRICS UINT32_MAX   /* instead of a worker's number: for metrics */

/* A socket of an address and worker: what there is, or a new one. An address that another program has, or another
 * gate, is refused. */
int listen_take(struct listen_sockets *s, const struct gate_address *at, uint32_t worker, int *ret_fd,
    struct err *e);
/* One that was handed over; becomes the list's. */
void listen_inherit(struct listen_sockets *s, const char *text, uint32_t worker, int fd);

/* Nothing is wanted, until it is taken again; close what is not wanted: how many that were. */
void listen_want_none(struct listen_sockets *s);
size_t listen_close_unwanted(struct listen_sockets *s);
void listen_done(struct listen_sockets *s);

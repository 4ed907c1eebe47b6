/* SPDX-License-Identifier: MIT */
/* A service of several single-threaded processes that each serve one request at a time: who gets the
 * connections decides what the whole holds.
 *
 * HTTP/1.1 with kept connections; a request costs its process a sleep, which others cannot take away
 * as they could CPU time on a host with few cores. Each process has a listening socket of its own on
 * the same port (SO_REUSEPORT: the kernel deals by hash), or all share one and race. Every answer is
 * the same. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PINNED_MAX 16

struct pinned {
	uint16_t port;             /* of 127.0.0.1; may be set before, 0: any */
	int n;                     /* processes; set before */
	int64_t cost_ns;           /* of a request; set before */
	bool race;                 /* set before */
	pid_t pids[PINNED_MAX];
	atomic_llong *served;      /* requests of each, so far; shared with them */
	int socket;                /* keeps the port */
};

/* Fork them, and wait until all listen. They end with the process that forked them. */
bool pinned_start(struct pinned *p);
void pinned_stop(struct pinned *p);

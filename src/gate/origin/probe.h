/* SPDX-License-Identifier: MIT */
/* Servers are asked how they are (health.h): each by one worker of the gate, on a connection of its own each time. All
 * workers hear of what has changed, and so do people. */
#pragma once

#include "gate/gate_worker.h"
#include "gate/origin/health.h"

struct probe {
	struct timer timer;
	struct gate_worker *w;
	struct server *server;
	struct health health;
	uint32_t conn;
	bool open;             /* a check is under way */
	struct buf head;       /* the beginning of its answer */
	uint64_t seed, draws;
};

int probes_open(struct gate_worker *w);     /* 0 or -ENOMEM; behind upstream_open */
void probes_close(struct gate_worker *w);
/* What other workers have found takes effect here. */
void probes_heard(struct gate_worker *w);

/* ---- told by the engine ---- */
void probe_connected(struct probe *p);
void probe_received(struct probe *p, const char *bytes, size_t size);
void probe_broken(struct probe *p, int code);
void probe_due(struct probe *p);            /* its timer */

/* SPDX-License-Identifier: MIT */
/* What all workers share: made by gate_run before they start, gone after they have ended. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "cache/policy.h"
#include "gate/flight.h"
#include "gate/gate.h"
#include "gate/gate_worker.h"

struct gate {
	const struct gate_config *config;
	uint32_t n_workers;
	struct gate_seat {
		struct gate_worker w;
		pthread_t thread;
		bool started;
		int listeners[GATE_LISTENS_MAX];   /* -1: none */
	} *workers;
	struct addr *server_addrs;   /* by upstream, then by its servers */
	struct cache_policy *policies;   /* by route */
	struct store *store;
	struct rate_table *rates;    /* NULL: no route has a limit */
	uint64_t rate_seed;          /* secret, so that nobody chooses where buckets meet */
	struct certificates *certificates;   /* NULL: nobody listens with TLS */
	struct access_log *access_log;   /* NULL: none */
	struct metrics_server *metrics;  /* NULL: none */
	struct flights flights;
	atomic_bool draining;
	int64_t drain_until_ns;      /* written before draining */
};

/* A socket that listens there; *ret_addr: where that is. */
int gate_listen(const struct gate_address *at, struct addr *ret_addr, int *ret_fd, struct err *e);

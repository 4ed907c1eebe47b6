/* SPDX-License-Identifier: MIT */
/* A gate: one configuration and the workers that serve by it, for as long as it is in force, and then until
 * what they have begun is over. What outlives it belongs to the house (house.h). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "cache/policy.h"
#include "gate/desk/flight.h"
#include "gate/gate.h"
#include "gate/gate_worker.h"
#include "gate/listen.h"
#include "gate/notice.h"
#include "gate/origin/health.h"
#include "gate/purge/purge_int.h"

/* How far the store has heard of what other gates have purged (l2_stream.c). It may be older than a gate, and than
 * its process. */
struct gate_heard {
	atomic_uint_least64_t seen;  /* the stamp of the last purge; 0: none */
	int64_t since_ns;            /* wall: nothing in it is older */
};

/* What all workers share: made before they start, gone after they have ended. */
struct gate {
	const struct gate_config *config;
	struct arena *arena;         /* of the configuration; NULL: somebody else's */
	uint32_t generation;         /* no other gate on the same store has this number at the same time */
	uint32_t n_workers;
	struct gate_seat {
		struct gate_worker w;
		pthread_t thread;
		bool started;
		int listeners[GATE_LISTENS_MAX];
	} *workers;
	struct addr *server_addrs;   /* by upstream, then by its servers */
	struct health_seen *health;  /* likewise */
	atomic_uint health_changes;  /* of who fails its checks */
	struct cache_policy *policies;   /* by route */
	struct store *store;         /* the house's */
	struct purge_desk *purges;   /* the house's */
	struct notices *notices;     /* the house's */
	struct rate_table *rates;    /* NULL: no route has a limit */
	uint64_t rate_seed;          /* secret, so that nobody chooses where buckets meet */
	struct certificates *certificates;   /* NULL: nobody listens with TLS */
	struct access_log *access_log;   /* NULL: none */
	pthread_mutex_t metrics_lock;    /* of `metrics`, which belongs to no worker */
	struct metrics *metrics, **all_metrics;   /* all: of the workers, that, of other threads, and room for one */
	size_t n_metrics;
	struct flights flights;
	struct gate_l2 l2;           /* of the configuration, with its password; no servers: none */
	struct addr *l2_addrs;       /* by its servers */
	atomic_uint l2_told;         /* what people have been told (l2_tell.c) */
	struct l2_purges *l2_purges; /* NULL: there is no second level; */
	struct l2_outbox *l2_outbox; /* nor this */
	struct gate_heard *heard;    /* the house's */
	struct squeeze *squeeze;     /* NULL: nothing is compressed in idle time */
	struct warm *warm;           /* NULL: nothing is warmed */
	struct events *events;       /* NULL: nobody tells of updates */
	atomic_int_least64_t starved_ns;   /* when nobody could be accepted last; 0: people were told that it is over */
	atomic_uint n_running;       /* workers that have not ended, */
	atomic_uint n_listening;     /* and that take connections */
	atomic_bool draining;        /* no new connections, and each ends with its next answer */
	atomic_bool ending;          /* those without a request end at once */
	atomic_int_least64_t drain_until_ns;
};

/* What gates of one house have from it. */
struct gate_lasting {
	struct store *store;
	struct purge_desk *purges;
	struct listen_sockets *sockets;
	struct notices *notices;
	struct gate_heard *heard;
	struct event_places *places;
	struct text learned;         /* what the gate before knows to be popular (warm.h); while this one begins */
};

uint32_t gate_count_workers(const struct gate_config *config);

/* Begins to serve. `config` lives as long as the gate; `own`, when that works, becomes the gate's: NULL: nothing. */
int gate_open(const struct gate_config *config, struct arena *own, const struct gate_lasting *lasting,
    uint32_t generation, struct gate **ret, struct err *e);

enum gate_drain {
	GATE_LEAVES,   /* another one takes over: nobody is cut off */
	GATE_ENDS,
};

/* No new connections; what has not ended by `until_ns` is cut off. May be called again, to hurry. */
void gate_drain(struct gate *g, enum gate_drain how, int64_t until_ns);
bool gate_has_ended(const struct gate *g);   /* all its workers */
void gate_close(struct gate *g);             /* waits for that */

/* Its figures as text for Prometheus, with those of `more` on top. Any thread. */
void gate_metrics_write(struct gate *g, struct metrics *more, struct buf *out);

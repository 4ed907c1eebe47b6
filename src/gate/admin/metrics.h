/* SPDX-License-Identifier: MIT */
/* What the gate counts, and its text for Prometheus (text exposition format 0.0.4).
 *
 * Each worker has a struct metrics of its own, the only one that it writes; whoever reads sums them, at any
 * time and from any thread. What belongs to no worker is in one more of the main thread's. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "gate/batch/batch_set.h"
#include "gate/compress/compress.h"
#include "gate/config/config.h"
#include "gate/warm/warm_why.h"

enum metric {
#define METRIC(id, name, type, labels, help) METRIC_##id,
#include "gate/admin/metrics.def"
#undef METRIC
	METRICS
};

/* What the cache did for a request. */
enum metric_cache {
	CACHE_DID_HIT, CACHE_DID_STALE, CACHE_DID_REVALIDATE, CACHE_DID_MISS, CACHE_DID_WAIT, CACHE_DID_PASS,
	CACHE_DID_L2,      /* a hit of the second level */
	CACHE_DID_KINDS
};

/* Who had the answer: memory, the second level, a server. */
enum metric_level { CACHE_LEVEL_L1, CACHE_LEVEL_L2, CACHE_LEVEL_ORIGIN, CACHE_LEVELS };

#define METRIC_UNREADABLE_KINDS 3   /* enum l2_verdict without GOOD */

/* Why the gate answered itself. */
enum metric_reason {
	REFUSED_BAD_REQUEST, REFUSED_NO_ROUTE, REFUSED_RATE, REFUSED_BREAKER, REFUSED_QUEUE, REFUSED_TIMEOUT,
	REFUSED_UPSTREAM, REFUSED_RESOURCES, REFUSED_NOT_CACHED, REFUSED_KINDS
};

/* Who tells of updates; METRIC_SOURCES: those of gate.yaml, and requests through the gate. */
enum metric_source { SOURCE_REQUEST, SOURCE_REDIS, SOURCE_NOTIFY, SOURCE_REPLICATION, METRIC_SOURCES };

/* As it stands in labels. */
const char *metric_cache_name(enum metric_cache did);

#define METRIC_CODES 5   /* 1xx to 5xx */

struct metrics {
	const struct gate_config *c;
	size_t at[METRICS];             /* of each metric's first value */
	size_t first_server[GATE_UPSTREAMS_MAX];
	_Atomic uint64_t values[];
};

/* `c` outlives it. Out of memory aborts. */
struct metrics *metrics_new(const struct gate_config *c);
void metrics_free(struct metrics *m);   /* accepts NULL */

/* Series of a metric by its labels. `route` may be NULL: no route took the request. */
size_t series_route(const struct metrics *m, const struct gate_route *route);
static inline size_t
series_code(const struct metrics *m, const struct gate_route *route, int status)
{
	int class = status / 100;
	return series_route(m, route) * METRIC_CODES +
	    (size_t)(class < 1 ? 0 : class > METRIC_CODES ? METRIC_CODES - 1 : class - 1);
}

static inline size_t
series_cache(const struct metrics *m, const struct gate_route *route, enum metric_cache did)
{
	return series_route(m, route) * CACHE_DID_KINDS + did;
}

static inline size_t
series_batch(const struct metrics *m, const struct gate_route *route, enum batch_close why)
{
	return series_route(m, route) * (BATCH_CLOSES - 1) + why - 1;
}

static inline size_t
series_level(enum metric_level level, bool hit)
{
	return level * 2 + !hit;
}

static inline size_t
series_server(const struct metrics *m, size_t upstream, size_t server)
{
	return m->first_server[upstream] + server;
}

static inline size_t
series_outcome(const struct metrics *m, size_t upstream, size_t server, bool good)
{
	return series_server(m, upstream, server) * 2 + !good;
}

/* Count; of gauges `n` may be negative. By the owner of `m` only. */
static inline void
metrics_add(struct metrics *m, enum metric metric, size_t series, int64_t n)
{
	_Atomic uint64_t *v = &m->values[m->at[metric] + series];
	atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + (uint64_t)n,
	    memory_order_relaxed);
}

static inline void
metrics_set(struct metrics *m, enum metric metric, size_t series, int64_t value)
{
	atomic_store_explicit(&m->values[m->at[metric] + series], (uint64_t)value, memory_order_relaxed);
}

void metrics_observe(struct metrics *m, enum metric metric, size_t series, int64_t ns);

/* The sum of a counter's or gauge's series. Any thread. */
int64_t metrics_sum(struct metrics *const *all, size_t n, enum metric metric, size_t series);
/* What `n` of one configuration have counted is added to `to`, which may be of another one: series go by their labels,
 * and those that are no more are left out. `alive`: gauges of what is under way too. Owner of `to`. */
void metrics_carry(struct metrics *const *from, size_t n, struct metrics *to, bool alive);
/* The sum of `n` of one configuration as text. */
void metrics_write(struct metrics *const *all, size_t n, struct buf *out);

/* SPDX-License-Identifier: MIT */
#include "gate/gate_int.h"
#include "gate/level2/l2_outbox.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "gate/admin/access_log.h"
#include "gate/compress/squeeze.h"
#include "gate/front/certificates.h"
#include "gate/front/rate_limit.h"
#include "gate/warm/events.h"
#include "gate/warm/warm.h"

#define WORKERS_MAX 256
#define RATE_PLACES 65536            /* 1 MiB */

/* ---- what it needs --------------------------------------------------------------------------- */

/* Of the clients, one a worker. */
static int
take_listeners(struct gate *g, struct listen_sockets *sockets, struct err *e)
{
	int code = 0;

	for (size_t i = 0; i < g->config->n_listens; i++)
		for (uint32_t k = 0; k < g->n_workers && code == 0; k++)
			code = listen_take(sockets, &g->config->listens[i].address, k,
			    &g->workers[k].listeners[i], e);
	return code;
}

static int
resolve_servers(struct gate *g, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < g->config->n_upstreams; i++)
		n += g->config->upstreams[i].n_servers;
	g->server_addrs = calloc(n, sizeof(*g->server_addrs));
	g->health = calloc(n, sizeof(*g->health));
	if (!g->server_addrs || !g->health)
		return err_set(e, ENOMEM, "out of memory");
	n = 0;
	for (size_t i = 0; i < g->config->n_upstreams; i++)
		for (size_t k = 0; k < g->config->upstreams[i].n_servers; k++, n++) {
			const struct gate_address *at = &g->config->upstreams[i].servers[k].address;
			int code = addr_resolve(at->host, at->port, &g->server_addrs[n], 1, e);
			if (code < 0)
				return err_wrap(e, code, "upstream '%s'", g->config->upstreams[i].name);
		}
	return 0;
}

/* ---- workers --------------------------------------------------------------------------------- */

uint32_t
gate_count_workers(const struct gate_config *config)
{
	cpu_set_t set;

	if (config->workers > 0)
		return config->workers < WORKERS_MAX ? (uint32_t)config->workers : WORKERS_MAX;
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return CPU_COUNT(&set) < WORKERS_MAX ? (uint32_t)CPU_COUNT(&set) : WORKERS_MAX;
}

/* The rules of each route in the cache's words. */
static struct cache_policy
policy_of(const struct gate_route *r)
{
	struct cache_policy p = CACHE_POLICY_PRESET;

	p.default_s = r->cache.ttl_ns > 0 ? (int32_t)(r->cache.ttl_ns / NS_PER_S) : 0;
	p.stale_behind_s = (int32_t)(r->cache.swr_ns / NS_PER_S);
	p.stale_error_s = (int32_t)(r->cache.sie_ns / NS_PER_S);
	p.cookies = r->cache.set_cookie;
	return p;
}

static int
open_cache(struct gate *g, struct err *e)
{
	g->policies = calloc(g->config->n_routes, sizeof(*g->policies));
	g->flights.pokes = aligned_alloc(64, g->n_workers * sizeof(*g->flights.pokes));
	if (!g->policies || !g->flights.pokes)
		return err_set(e, ENOMEM, "out of memory");
	memset(g->flights.pokes, 0, g->n_workers * sizeof(*g->flights.pokes));
	for (size_t i = 0; i < g->config->n_routes; i++)
		g->policies[i] = policy_of(&g->config->routes[i]);
	return 0;
}

static void
wake_first(void *ctx)
{
	struct gate *g = ctx;
	g->workers[0].w.ops->wake(g->workers[0].w.engine);
}

/* The password is known to the running gate alone. */
static int
open_l2(struct gate *g, struct err *e)
{
	struct buf password = { 0 };

	int code = gate_l2_password(g->config, &password, e);
	g->l2 = g->config->cache.l2;
	g->l2.password = password.size ? password.data : NULL;
	if (!password.size)
		buf_done(&password);
	g->l2_addrs = calloc(g->l2.n_servers + 1, sizeof(*g->l2_addrs));
	if (code == 0 && !g->l2_addrs)
		code = err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < g->l2.n_servers && code == 0; i++) {
		const struct gate_address *at = &g->l2.servers[i];
		int n = addr_resolve(at->host, at->port, &g->l2_addrs[i], 1, e);
		if (n < 0)
			code = err_wrap(e, n, "the second level of the cache");
	}
	if (g->l2.n_servers) {
		g->l2_purges = l2_purges_new();
		g->l2_outbox = l2_outbox_new(g->config, g->l2_purges, wake_first, g);
	}
	return code;
}

static void
close_l2(struct gate *g)
{
	if (g->l2.password)
		explicit_bzero((char *)(uintptr_t)g->l2.password, strlen(g->l2.password));
	free((char *)(uintptr_t)g->l2.password);
	free(g->l2_addrs);
	l2_outbox_free(g->l2_outbox);
	l2_purges_free(g->l2_purges);
}

static int
open_rates(struct gate *g, struct err *e)
{
	bool limited = false;

	for (size_t i = 0; i < g->config->n_routes; i++)
		limited |= g->config->routes[i].rate_limit.per_s > 0;
	if (!limited)
		return 0;
	if (getrandom(&g->rate_seed, sizeof(g->rate_seed), 0) != sizeof(g->rate_seed))
		return err_set(e, errno, "no random numbers: %s", strerror(errno));
	g->rates = rate_table_new(RATE_PLACES);
	return g->rates ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int
open_workers(struct gate *g, struct err *e)
{
	g->workers = calloc(g->n_workers, sizeof(*g->workers));
	if (!g->workers)
		return err_set(e, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < g->n_workers; i++) {
		int code = gate_worker_open(&g->workers[i].w, g, i, e);
		if (code < 0)
			return code;
	}
	return 0;
}

static int
open_metrics(struct gate *g, struct err *e)
{
	g->all_metrics = calloc(g->n_workers + 3 + EVENTS_THREADS, sizeof(struct metrics *));
	if (!g->all_metrics)
		return err_set(e, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < g->n_workers; i++)
		g->all_metrics[i] = g->workers[i].w.metrics;
	g->metrics = metrics_new(g->config);
	g->all_metrics[g->n_workers] = g->metrics;
	g->n_metrics = g->n_workers + 1;
	if (g->warm)
		g->all_metrics[g->n_metrics++] = warm_metrics(g->warm);
	g->n_metrics += events_metrics(g->events, g->all_metrics + g->n_metrics);
	return 0;
}

static void *
run_worker(void *seat)
{
	struct gate_seat *s = seat;

	gate_worker_main(&s->w);
	atomic_fetch_sub(&s->w.gate->n_running, 1);
	return NULL;
}

static int
start_workers(struct gate *g, struct err *e)
{
	int code = 0;

	for (uint32_t i = 0; i < g->n_workers && !code; i++) {
		atomic_fetch_add(&g->n_running, 1);
		atomic_fetch_add(&g->n_listening, 1);
		code = pthread_create(&g->workers[i].thread, NULL, run_worker, &g->workers[i]);
		g->workers[i].started = !code;
	}
	return code ? err_set(e, code, "cannot start a worker: %s", strerror(code)) : 0;
}

/* Signals are for the thread that called gate_run, not for those that begin here. */
static int
start(struct gate *g, const struct gate_lasting *lasting, struct err *e)
{
	sigset_t all, before;
	int code = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (g->config->access_log.path)
		code = access_log_open(&g->config->access_log, g->n_workers, &g->access_log, e);
	if (code == 0)
		code = open_workers(g, e);
	if (code == 0)
		code = take_listeners(g, lasting->sockets, e);
	if (code == 0)
		code = squeeze_open(g, e);
	if (code == 0)
		code = warm_open(g, lasting->learned, e);
	if (code == 0)
		code = events_open(g, lasting->places, e);
	if (code == 0)
		code = open_metrics(g, e);
	if (code == 0)
		code = start_workers(g, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

/* ---- figures --------------------------------------------------------------------------------- */

void
gate_metrics_write(struct gate *g, struct metrics *more, struct buf *out)
{
	struct store_counts n;

	store_count(g->store, &n);
	pthread_mutex_lock(&g->metrics_lock);
	metrics_set(g->metrics, METRIC_CACHE_BYTES, 0, (int64_t)n.used_bytes);
	metrics_set(g->metrics, METRIC_CACHE_LIMIT, 0, (int64_t)n.limit_bytes);
	metrics_set(g->metrics, METRIC_CACHE_OBJECTS, 0, (int64_t)n.objects);
	metrics_set(g->metrics, METRIC_CACHE_EVICTED, 0, (int64_t)n.evicted);
	if (g->warm)
		metrics_set(g->metrics, METRIC_WARM_WAITING, 0, warm_waiting(g->warm));
	g->all_metrics[g->n_metrics] = more;
	metrics_write(g->all_metrics, g->n_metrics + 1, out);
	pthread_mutex_unlock(&g->metrics_lock);
}

/* ---- its life -------------------------------------------------------------------------------- */

int
gate_open(const struct gate_config *config, struct arena *own, const struct gate_lasting *lasting,
    uint32_t generation, struct gate **ret, struct err *e)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (!g)
		return err_set(e, ENOMEM, "out of memory");
	*g = (struct gate){ .config = config, .n_workers = gate_count_workers(config), .store = lasting->store,
		.purges = lasting->purges, .notices = lasting->notices, .heard = lasting->heard, .generation = generation };
	pthread_mutex_init(&g->metrics_lock, NULL);
	int code = resolve_servers(g, e);
	if (code == 0)
		code = open_cache(g, e);
	if (code == 0)
		code = open_rates(g, e);
	if (code == 0)
		code = certificates_open(config, &g->certificates, e);
	if (code == 0)
		code = open_l2(g, e);
	if (code == 0)
		code = start(g, lasting, e);
	if (code < 0) {
		gate_drain(g, GATE_ENDS, 0);
		gate_close(g);
		return code;
	}
	g->arena = own;
	*ret = g;
	return 0;
}

void
gate_drain(struct gate *g, enum gate_drain how, int64_t until_ns)
{
	atomic_store(&g->drain_until_ns, until_ns);
	atomic_store(&g->draining, true);
	events_leave(g->events);
	warm_leave(g->warm);
	if (how == GATE_ENDS)
		atomic_store(&g->ending, true);
	for (uint32_t i = 0; i < g->n_workers; i++)
		if (g->workers && g->workers[i].started)
			g->workers[i].w.ops->wake(g->workers[i].w.engine);
}

bool
gate_has_ended(const struct gate *g)
{
	return atomic_load(&g->n_running) == 0;
}

void
gate_close(struct gate *g)
{
	for (uint32_t i = 0; g->workers && i < g->n_workers; i++)
		if (g->workers[i].started)
			pthread_join(g->workers[i].thread, NULL);
	squeeze_stop(g->squeeze);
	squeeze_close(g->squeeze);
	warm_stop(g->warm);
	events_close(g->events);
	for (uint32_t i = 0; g->workers && i < g->n_workers; i++)
		gate_worker_close(&g->workers[i].w);
	warm_close(g->warm);
	metrics_free(g->metrics);
	free(g->all_metrics);
	free(g->workers);
	access_log_close(g->access_log);
	certificates_close(g->certificates);
	free(g->server_addrs);
	free(g->health);
	free(g->policies);
	rate_table_free(g->rates);
	free(g->flights.pokes);
	close_l2(g);
	pthread_mutex_destroy(&g->metrics_lock);
	arena_free(g->arena);
	free(g);
}

/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "gate/access_log.h"
#include "gate/certificates.h"
#include "gate/gate_int.h"
#include "gate/metrics_server.h"
#include "gate/rate_limit.h"

#define DRAIN_NS   (10 * NS_PER_S)   /* for requests that are under way at the end */
#define LOOK_NS    (50 * NS_PER_MS)  /* how often the end is looked for */
#define WORKERS_MAX 256
#define RATE_PLACES 65536            /* 1 MiB */

/* ---- sockets --------------------------------------------------------------------------------- */

static int
listen_on(const struct gate_address *at, const struct addr *a, struct err *e)
{
	int on = 1;
	CLEANUP(fd_close_p) int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(e, errno, "cannot listen on %s: %s", at->text, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));   /* accepted ones inherit it */
	/* As addr_connect has it: a control that paces only holds answers back here. */
	if (addr_is_loopback(a))
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->size) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_set(e, errno, "cannot listen on %s: %s", at->text, strerror(errno));
	int open = fd;
	fd = -1;
	return open;
}

static int
listener_addr(const struct gate_address *at, struct addr *ret, struct err *e)
{
	int n = addr_resolve(at->host[0] ? at->host : "::", at->port, ret, 1, e);
	return n < 0 ? err_wrap(e, n, "cannot listen on %s", at->text) : 0;
}

int
gate_listen(const struct gate_address *at, struct addr *ret_addr, int *ret_fd, struct err *e)
{
	int code = listener_addr(at, ret_addr, e);
	int fd = code < 0 ? code : listen_on(at, ret_addr, e);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return addr_of_socket(fd, ret_addr);
}

/* One a worker: the kernel spreads connections over them. */
static int
open_listeners(struct gate *g, struct err *e)
{
	for (size_t i = 0; i < g->config->n_listens; i++) {
		struct addr a;
		int code = listener_addr(&g->config->listens[i].address, &a, e);
		for (uint32_t k = 0; k < g->n_workers && code == 0; k++) {
			int fd = listen_on(&g->config->listens[i].address, &a, e);
			g->workers[k].listeners[i] = fd < 0 ? -1 : fd;
			code = fd < 0 ? fd : addr_of_socket(fd, &a);   /* the port, where any was asked for */
		}
		if (code < 0)
			return code;
	}
	return 0;
}

static int
resolve_servers(struct gate *g, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < g->config->n_upstreams; i++)
		n += g->config->upstreams[i].n_servers;
	g->server_addrs = calloc(n, sizeof(*g->server_addrs));
	if (!g->server_addrs)
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

static uint32_t
count_workers(const struct gate_config *config)
{
	cpu_set_t set;

	if (config->workers > 0)
		return config->workers < WORKERS_MAX ? (uint32_t)config->workers : WORKERS_MAX;
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return CPU_COUNT(&set) < WORKERS_MAX ? (uint32_t)CPU_COUNT(&set) : WORKERS_MAX;
}

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The rules of each route in the cache's words. */
static struct cache_policy
policy_of(const struct gate_route *r)
{
	struct cache_policy p = CACHE_POLICY_PRESET;

	p.default_s = r->cache.ttl_ns > 0 ? (int32_t)(r->cache.ttl_ns / NS_PER_S) : 0;
	p.stale_behind_s = (int32_t)(r->cache.swr_ns / NS_PER_S);
	p.stale_error_s = (int32_t)(r->cache.sie_ns / NS_PER_S);
	return p;
}

static int
open_cache(struct gate *g, struct err *e)
{
	struct store_settings settings = {
		.limit_bytes = (size_t)g->config->cache.memory_bytes, .max_workers = g->n_workers,
		.max_body_bytes = (uint64_t)g->config->cache.object_bytes,
	};

	g->policies = calloc(g->config->n_routes, sizeof(*g->policies));
	g->flights.pokes = aligned_alloc(64, g->n_workers * sizeof(*g->flights.pokes));
	if (!g->policies || !g->flights.pokes)
		return err_set(e, ENOMEM, "out of memory");
	memset(g->flights.pokes, 0, g->n_workers * sizeof(*g->flights.pokes));
	for (size_t i = 0; i < g->config->n_routes; i++)
		g->policies[i] = policy_of(&g->config->routes[i]);
	return store_new(&settings, &g->store, e);
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
	for (uint32_t i = 0; i < g->n_workers; i++)
		for (int k = 0; k < GATE_LISTENS_MAX; k++)
			g->workers[i].listeners[k] = -1;
	for (uint32_t i = 0; i < g->n_workers; i++) {
		int code = gate_worker_open(&g->workers[i].w, g, i, e);
		if (code < 0)
			return code;
	}
	return 0;
}

static int
start_workers(struct gate *g, struct err *e)
{
	int code = 0;

	for (uint32_t i = 0; i < g->n_workers && !code; i++) {
		code = pthread_create(&g->workers[i].thread, NULL, gate_worker_main, &g->workers[i].w);
		g->workers[i].started = !code;
	}
	return code ? err_set(e, code, "cannot start a worker: %s", strerror(code)) : 0;
}

/* Signals are for the thread that called gate_run, not for those that begin here. */
static int
start(struct gate *g, struct err *e)
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
		code = open_listeners(g, e);
	if (code == 0)
		code = metrics_server_open(g, &g->metrics, e);
	if (code == 0)
		code = start_workers(g, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

/* ---- signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t reopen_asked;

static void
on_usr1(int signal)
{
	(void)signal;
	reopen_asked = 1;
}

/* Also where there is no log: who rotates the logs of a machine is not to end the gate. */
static void
install_usr1(void)
{
	struct sigaction act = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &act, NULL);
}

static void
look_after(struct gate *g, const struct gate_talk *talk)
{
	if (reopen_asked && g->access_log)
		access_log_reopen(g->access_log);
	reopen_asked = 0;
	certificates_look(g->certificates, now_ns(), talk);
	sleep_until_ns(now_ns() + LOOK_NS);
}

static void
drain(struct gate *g)
{
	g->drain_until_ns = now_ns() + DRAIN_NS;
	atomic_store(&g->draining, true);
	if (!g->workers)
		return;
	for (uint32_t i = 0; i < g->n_workers; i++)
		if (g->workers[i].started)
			g->workers[i].w.ops->wake(g->workers[i].w.engine);
	for (uint32_t i = 0; i < g->n_workers; i++)
		if (g->workers[i].started)
			pthread_join(g->workers[i].thread, NULL);
}

static void
tell(const struct gate *g, const struct gate_talk *talk)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	struct addr a;
	char text[ADDR_TEXT_MAX];

	buf_puts(&b, "listens on ");
	for (size_t i = 0; i < g->config->n_listens; i++)
		if (addr_of_socket(g->workers[0].listeners[i], &a) == 0)
			buf_printf(&b, "%s%s%s", i ? ", " : "", addr_format(&a, text),
			    g->config->listens[i].n_certificates ? " (TLS)" : "");
	buf_printf(&b, " with %u worker%s on %s", g->n_workers, g->n_workers == 1 ? "" : "s",
	    g->workers[0].w.ops->name);
	talk->say(talk->ctx, buf_text(&b));
}

static void
gate_done(struct gate *g)
{
	metrics_server_close(g->metrics);
	for (uint32_t i = 0; g->workers && i < g->n_workers; i++) {
		gate_worker_close(&g->workers[i].w);
		for (int k = 0; k < GATE_LISTENS_MAX; k++)
			if (g->workers[i].listeners[k] >= 0)
				close(g->workers[i].listeners[k]);
	}
	free(g->workers);
	access_log_close(g->access_log);
	certificates_close(g->certificates);
	free(g->server_addrs);
	free(g->policies);
	rate_table_free(g->rates);
	free(g->flights.pokes);
	store_free(g->store);
}

int
gate_run(const struct gate_config *config, const struct gate_talk *talk, struct err *e)
{
	CLEANUP(gate_done) struct gate g = { .config = config, .n_workers = count_workers(config) };

	raise_file_limit();
	install_usr1();
	int code = resolve_servers(&g, e);
	if (code == 0)
		code = open_cache(&g, e);
	if (code == 0)
		code = open_rates(&g, e);
	if (code == 0)
		code = certificates_open(config, &g.certificates, e);
	if (code == 0)
		code = start(&g, e);
	if (code == 0)
		tell(&g, talk);
	while (code == 0 && !stop_requested())
		look_after(&g, talk);
	drain(&g);
	return code;
}

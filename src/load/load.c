/* SPDX-License-Identifier: MIT */
#include "load/load_int.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
open_workers(struct load *l, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	raise_descriptor_limit();
	if (l->spec->threads > 0)
		l->n_workers = (uint32_t)l->spec->threads;
	else
		l->n_workers = cpus >= 4 ? (uint32_t)(cpus / 2) : 1;
	l->connections = l->spec->connections > 0 ? (uint32_t)l->spec->connections : LOAD_CONNECTIONS;
	const struct engine_ops *ops;
	int chosen = engine_choose(l->spec->engine, l->connections + LOAD_SPARE, &ops);
	if (chosen < 0) {
		err_set(e, -chosen, "the load engine %s does not open here: %s",
		    l->spec->engine ? l->spec->engine : "epoll", strerror(-chosen));
		err_hint(e, "leave out --engine, or ask for fewer --connections");
		return chosen;
	}
	l->workers = calloc(l->n_workers, sizeof(*l->workers));
	if (!l->workers)
		abort();
	for (uint32_t i = 0; i < l->n_workers; i++) {
		struct worker *w = &l->workers[i];
		w->program = &l->program;
		w->to = &l->to;
		w->ops = ops;
		w->max_conns = l->connections + LOAD_SPARE;
		w->depth = l->program.depth;
		int code = worker_open(w, e);
		if (code < 0)
			return code;
	}
	return 0;
}

int
load_open(const struct spec *spec, const struct progress *progress, struct load **ret,
    struct err *e)
{
	struct load *l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	l->spec = spec;
	l->progress = progress;
	l->opened_ns = now_ns();
	int code = program_make(spec, &l->program, e);
	if (code >= 0)
		code = safety_begin(&l->safety, spec, &l->program, e);
	if (code >= 0)
		code = l->n_addrs = addr_resolve(l->program.target.host, (uint16_t)l->program.target.port,
		    l->addrs, LOAD_ADDRESSES, e);
	if (code >= 0)
		code = open_workers(l, e);
	if (code < 0) {
		load_close(l);
		return code;
	}
	*ret = l;
	return 0;
}

void
load_close(struct load *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->n_workers; i++)
		worker_close(&l->workers[i]);
	free(l->workers);
	program_done(&l->program);
	free(l);
}

void
load_set_elsewhere(struct load *l, const struct load_elsewhere *x)
{
	l->elsewhere = x;
}

void
load_set_cpu_hook(struct load *l, double (*cores)(void *ctx), void *ctx)
{
	l->cores = cores;
	l->cores_ctx = ctx;
}

double
load_cpu_seconds(const struct load *l)
{
	return ns_to_s(l->cpu_ns);
}

double
load_requests_per_arrival(const struct load *l)
{
	const struct program *p = &l->program;
	double requests = 0, weights = 0;

	for (size_t i = 0; i < p->n_flows; i++) {
		double weight = p->mix ? p->flows[i].weight : 1;
		for (size_t k = 0; k < p->flows[i].n_steps; k++)
			requests += p->flows[i].steps[k].is_pause ? 0 : weight;
		weights += weight;
	}
	return requests / weights;
}

void
load_routes(const struct load *l, size_t *ret_n, bool *ret_single)
{
	*ret_n = l->program.n_routes;
	*ret_single = l->program.n_routes == l->program.n_flows;
}

int
load_knock(const struct addr *to, int64_t timeout_ns)
{
	int code = 0;
	socklen_t size = sizeof(code);
	CLEANUP(fd_close_p) int fd = addr_connect(to);
	if (fd < 0)
		return fd;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	if (poll(&p, 1, (int)(timeout_ns / NS_PER_MS)) == 0)
		return -ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
	return -code;
}

static int
not_reached(const struct load *l, int code, struct err *e)
{
	char where[ADDR_TEXT_MAX];

	addr_format(&l->addrs[0], where);
	if (code == -ECONNREFUSED) {
		err_set(e, ECONNREFUSED, "nothing listens on %s (connection refused)", where);
		err_hint(e, "start the service, or check the port: 'ss -ltn' lists what listens");
	} else if (code == -ETIMEDOUT) {
		err_set(e, ETIMEDOUT, "%s does not take connections (no answer in time)", where);
		err_hint(e, "is the address right, and does a firewall drop packets to it?");
	} else {
		err_set(e, -code, "cannot connect to %s: %s", where, strerror(-code));
	}
	return code;
}

int
load_reach(struct load *l, struct err *e)
{
	int64_t timeout = l->spec->timeout_ns < 5 * NS_PER_S ? l->spec->timeout_ns : 5 * NS_PER_S;
	int code = 0;

	if (l->to.size)
		return 0;
	for (int i = 0; i < l->n_addrs; i++) {
		int knocked = load_knock(&l->addrs[i], timeout);
		if (knocked == 0) {
			l->to = l->addrs[i];
			return 0;
		}
		code = i == 0 || knocked != -ECONNREFUSED ? knocked : code;
	}
	return not_reached(l, code, e);
}

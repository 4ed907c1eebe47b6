/* SPDX-License-Identifier: MIT */
#include "load/load_int.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"

static bool
header_given(const struct spec *spec, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < spec->n_headers; i++)
		if (strncasecmp(spec->headers[i], name, n) == 0 && spec->headers[i][n] == ':')
			return true;
	return false;
}

/* Accept-Encoding as a browser would: whether the service compresses is part of what it costs. */
static void
build_request(const struct spec *spec, const struct url *u, struct request *ret)
{
	static const char *const usual[][2] = {
		{ "User-Agent", "prony/" PRONY_VERSION }, { "Accept", "*/*" },
		{ "Accept-Encoding", "gzip" },
	};
	struct buf b = { 0 };

	buf_printf(&b, "GET %s HTTP/1.1\r\n", u->path);
	if (!header_given(spec, "Host"))
		buf_printf(&b, "Host: %s\r\n", u->authority);
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		if (!header_given(spec, usual[i][0]))
			buf_printf(&b, "%s: %s\r\n", usual[i][0], usual[i][1]);
	for (size_t i = 0; i < spec->n_headers; i++)
		buf_printf(&b, "%s\r\n", spec->headers[i]);
	buf_puts(&b, "\r\n");
	*ret = (struct request){ .bytes = b.data, .size = b.size };
}

static int
parse_routes(struct load *l, struct err *e)
{
	if (!l->spec->n_urls)
		return err_usage(e, "no URL to load");
	l->urls = calloc(l->spec->n_urls, sizeof(*l->urls));
	l->requests = calloc(l->spec->n_urls, sizeof(*l->requests));
	if (!l->urls || !l->requests)
		abort();
	for (size_t i = 0; i < l->spec->n_urls; i++) {
		int code = url_parse(l->spec->urls[i], &l->urls[i], e);
		if (code < 0)
			return code;
		build_request(l->spec, &l->urls[i], &l->requests[l->n_routes++]);
	}
	return 0;
}

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
	l->workers = calloc(l->n_workers, sizeof(*l->workers));
	if (!l->workers)
		abort();
	for (uint32_t i = 0; i < l->n_workers; i++) {
		struct worker *w = &l->workers[i];
		w->requests = l->requests;
		w->n_routes = l->n_routes;
		w->to = &l->to;
		int code = worker_open(w, &engine_epoll, l->connections);
		if (code < 0)
			return err_set(e, -code, "cannot open the load engine: %s", strerror(-code));
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
	int code = parse_routes(l, e);
	if (code >= 0)
		code = l->n_addrs = addr_resolve(l->urls[0].host, (uint16_t)l->urls[0].port,
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
	for (size_t i = 0; i < l->n_routes; i++)
		free(l->requests[i].bytes);
	free(l->workers);
	free(l->requests);
	free(l->urls);
	free(l);
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

/* SPDX-License-Identifier: MIT */
/* The probe: one request to each route before any load, so that what is wrong with the target is
 * said in a sentence and not measured as errors. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "load/load_int.h"
#include "net/http1.h"

#define FIRST_BYTES   48
#define TLS_WAIT_NS   (1 * NS_PER_S)

enum probe_end {
	PROBE_ANSWERED, PROBE_NOT_HTTP, PROBE_CLOSED, PROBE_FAILED, PROBE_SILENT, PROBE_UNFINISHED
};

struct probe {
	enum probe_end end;
	int code;                    /* errno of PROBE_FAILED */
	struct http1 answer;
	unsigned char first[FIRST_BYTES];
	size_t n_first;
};

/* A connection of its own, made. Returns the descriptor or -errno. */
static int
connect_by(const struct addr *to, int64_t deadline)
{
	int code = 0;
	socklen_t size = sizeof(code);
	int fd = addr_connect(to);
	if (fd < 0)
		return fd;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int64_t left = (deadline - now_ns()) / NS_PER_MS;
	if (poll(&p, 1, left > 0 ? (int)left : 0) == 0)
		code = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
	if (!code)
		return fd;
	close(fd);
	return -code;
}

/* Some bytes, 0 at the end of the stream, -ETIMEDOUT at the deadline, or -errno. */
static ssize_t
receive_by(int fd, void *out, size_t size, int64_t deadline)
{
	for (;;) {
		int64_t left = (deadline - now_ns()) / NS_PER_MS;
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		ssize_t n = recv(fd, out, size, 0);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

static enum probe_end
end_of_stream(const struct probe *p, ssize_t n)
{
	if (n == 0 && http1_end(&p->answer) == HTTP1_DONE)
		return PROBE_ANSWERED;
	if (n == -ETIMEDOUT)
		return http1_begun(&p->answer) ? PROBE_UNFINISHED : PROBE_SILENT;
	return n == 0 ? PROBE_CLOSED : PROBE_FAILED;
}

static void
take_answer(int fd, struct probe *p, int64_t deadline)
{
	char bytes[16384];
	size_t used;

	for (;;) {
		ssize_t n = receive_by(fd, bytes, sizeof(bytes), deadline);
		if (n <= 0) {
			p->code = n < 0 ? (int)-n : 0;
			p->end = end_of_stream(p, n);
			return;
		}
		if (!p->n_first) {
			p->n_first = (size_t)n < FIRST_BYTES ? (size_t)n : FIRST_BYTES;
			memcpy(p->first, bytes, p->n_first);
		}
		enum http1_verdict v = http1_feed(&p->answer, bytes, (size_t)n, &used);
		if (v == HTTP1_MORE)
			continue;
		if (v == HTTP1_DONE && used < (size_t)n)
			p->answer.why = "it sends more than its answer's length says";
		p->end = v == HTTP1_DONE && used == (size_t)n ? PROBE_ANSWERED : PROBE_NOT_HTTP;
		return;
	}
}

static void
probe_route(const struct addr *to, const struct route *q, int64_t timeout_ns, struct probe *p)
{
	int64_t deadline = now_ns() + timeout_ns;
	CLEANUP(fd_close_p) int fd = connect_by(to, deadline);

	if (fd < 0 || send(fd, q->bytes, q->size, MSG_NOSIGNAL) < 0) {
		p->end = PROBE_FAILED;
		p->code = fd < 0 ? -fd : errno;
		return;
	}
	http1_start(&p->answer, q->head);
	take_answer(fd, p, deadline);
}

/* Would the peer rather speak TLS? Says hello in it (TLS 1.2, one cipher suite: more than enough to
 * be answered by a handshake record or an alert). */
static bool
speaks_tls(const struct addr *to)
{
	static const unsigned char hello[] = {
		0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3,
		'p', 'r', 'o', 'n', 'y', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 2, 0xc0, 0x2f, 1, 0,
	};
	unsigned char first = 0;
	int64_t deadline = now_ns() + TLS_WAIT_NS;
	CLEANUP(fd_close_p) int fd = connect_by(to, deadline);

	return fd >= 0 && send(fd, hello, sizeof(hello), MSG_NOSIGNAL) > 0 &&
	    receive_by(fd, &first, 1, deadline) == 1 && (first == 0x15 || first == 0x16);
}

/* The first bytes as people can read them. */
static void
escape(const struct probe *p, char out[4 * FIRST_BYTES + 1])
{
	char *at = out;

	for (size_t i = 0; i < p->n_first; i++)
		at += sprintf(at, isprint(p->first[i]) ? "%c" : "\\x%02x", p->first[i]);
	*at = '\0';
}

static int
explain_not_http(const struct probe *p, const char *where, struct err *e)
{
	char shown[4 * FIRST_BYTES + 1];

	escape(p, shown);
	err_set(e, EPROTO, "%s does not speak HTTP/1.1: %s; it answered \"%s\"", where,
	    p->answer.why, shown);
	err_hint(e, "is this the port of the service, and not that of a database or of another "
	            "protocol?");
	return -EPROTO;
}

static int
explain_tls(const char *where, struct err *e)
{
	err_set(e, EPROTO, "%s speaks TLS, a plain HTTP request gets no answer there", where);
	err_hint(e, "write https:// instead of http://");
	return -EPROTO;
}

static int
explain_wait(const struct probe *p, const char *where, const char *route, int64_t timeout_ns,
    struct err *e)
{
	char time[24];

	format_duration(time, ns_to_s(timeout_ns));
	if (p->end == PROBE_SILENT)
		err_set(e, ETIMEDOUT, "%s takes connections but did not answer '%s' within %s", where,
		    route, time);
	else
		err_set(e, ETIMEDOUT, "%s began to answer '%s' but did not end within %s", where, route,
		    time);
	err_hint(e, "does it hang, or is the route a slow or endless one? --timeout TIME waits longer");
	return -ETIMEDOUT;
}

static int
explain(const struct load *l, const struct probe *p, const char *route, struct err *e)
{
	char where[ADDR_TEXT_MAX];

	addr_format(&l->to, where);
	bool answered = p->end == PROBE_ANSWERED || p->end == PROBE_UNFINISHED;
	if (!answered && speaks_tls(&l->to))
		return explain_tls(where, e);
	if (p->end == PROBE_NOT_HTTP)
		return explain_not_http(p, where, e);
	if (p->end == PROBE_SILENT || p->end == PROBE_UNFINISHED)
		return explain_wait(p, where, route, l->spec->timeout_ns, e);
	if (p->end == PROBE_CLOSED)
		err_set(e, ECONNRESET, "%s closed the connection %s '%s'", where,
		    p->n_first ? "in the middle of its answer to" : "without an answer to", route);
	else
		err_set(e, p->code, "%s failed while answering '%s': %s", where, route,
		    strerror(p->code));
	err_hint(e, "the service's own log may say why");
	return -e->code;
}

/* Every route answered with an error: the load would measure error pages. */
static int
explain_statuses(const struct load *l, int first, bool all_same, struct err *e)
{
	const char *every = l->program.n_routes > 1 ? "every route" : "the route";

	if (all_same)
		err_set(e, EPROTO, "%s answers %d (%s%s)", every, first, l->spec->urls[0],
		    l->program.n_routes > 1 ? ", ..." : "");
	else
		err_set(e, EPROTO, "%s answers with an error (%d and others)", every, first);
	if (first == 404 || first == 405)
		err_hint(e, "name a route that exists: http://%s/some/page", l->program.target.authority);
	else if (first == 400 && speaks_tls(&l->to))
		return explain_tls(l->program.target.authority, e);
	else if (first == 401 || first == 403)
		err_hint(e, "give what it asks for: --header 'Authorization: Bearer ...'");
	else
		err_hint(e, "get the service to answer one request first: curl -i %s", l->spec->urls[0]);
	if (first >= 500 || first == 429)
		e->code = EBUSY;
	return -e->code;
}

static void
say_route(const struct load *l, size_t i, int status)
{
	char line[160];

	snprintf(line, sizeof(line), "%.100s answers %d%s", l->program.routes[i].name, status,
	    status >= 300 && status < 400 ? ", a redirect: the load does not follow it" : "");
	progress_say(l->progress, "probe", (double)(i + 1) / (double)l->program.n_routes, line);
}

/* Other protocols than plain HTTP/1.1 are asked by the generator itself: one request to each route. */
static int
probe_by_load(struct load *l, struct run *r, struct err *e)
{
	struct load_step one = {
		.name = "probe", .closed = 1, .for_ns = l->spec->timeout_ns,
		.at_most = (int64_t)l->program.n_flows,
	};
	struct run_phase *p;
	char where[ADDR_TEXT_MAX];

	int code = load_run(l, &one, false, r, &p, e);
	if (code < 0)
		return code;
	struct run_phase seen = *p;
	r->evidence.n_phases--;           /* a question, not a measurement */
	/* What a scenario expects may depend on data: the service speaks, the figures will tell. */
	if (seen.answered || seen.error_expect)
		return 0;
	addr_format(&l->to, where);
	err_set(e, EPROTO, "%s does not answer by %s%s: %s", where, l->program.protocol->name,
	    url_is_secure(&l->program.target) ? " over TLS" : "",
	    seen.first_error ? seen.first_error : "nothing came in time");
	if (seen.error_tls && !l->spec->insecure)
		err_hint(e, "trust its certificate with --ca FILE, or do not verify it with --insecure");
	else
		err_hint(e, "is this the right port and protocol, and what is in the URL right?");
	return -EPROTO;
}

/* Fixed requests of plain HTTP/1.1 are asked one by one, so that what is wrong is told best. */
static bool
is_plain_http1(const struct load *l)
{
	const struct program *p = &l->program;
	bool plain = p->protocol == &protocol_http1 && !url_is_secure(&p->target) && !l->spec->scenario;

	for (size_t i = 0; plain && i < p->n_routes; i++)
		plain = !p->routes[i].varies;
	return plain;
}

static bool
settle_by_load(struct load *l, struct run *r, int64_t timeout_ns)
{
	struct load_step one = { .name = "settle", .closed = 1, .for_ns = timeout_ns, .at_most = 1 };
	size_t before = r->evidence.n_phases;
	struct err ignored = { 0 };
	struct run_phase *p;

	int code = load_run(l, &one, false, r, &p, &ignored);
	bool well = code == 0 && !p->error_status;
	r->evidence.n_phases = before;    /* a question, not a measurement */
	return well;
}

bool
load_settle(struct load *l, struct run *r, int64_t timeout_ns)
{
	struct probe p = { 0 };

	if (!is_plain_http1(l))
		return settle_by_load(l, r, timeout_ns);
	probe_route(&l->to, &l->program.routes[0], timeout_ns, &p);
	bool failed = p.end == PROBE_ANSWERED && (p.answer.status >= 500 || p.answer.status == 429);
	http1_done(&p.answer);
	return !failed;
}

int
load_probe(struct load *l, struct run *r, struct err *e)
{
	if (!is_plain_http1(l)) {
		int reached = load_reach(l, e);
		return reached < 0 ? reached : probe_by_load(l, r, e);
	}
	int first = 0;
	bool all_same = true, good = false;

	int code = load_reach(l, e);
	for (size_t i = 0; code == 0 && i < l->program.n_routes; i++) {
		struct probe p = { 0 };
		probe_route(&l->to, &l->program.routes[i], l->spec->timeout_ns, &p);
		int status = p.answer.status;
		buf_done(&p.answer.line);
		if (p.end != PROBE_ANSWERED)
			return explain(l, &p, l->program.routes[i].name, e);
		first = first ? first : status;
		all_same = all_same && status == first;
		good = good || status < 400;
		say_route(l, i, status);
	}
	if (code == 0 && !good)
		code = explain_statuses(l, first, all_same, e);
	return code;
}

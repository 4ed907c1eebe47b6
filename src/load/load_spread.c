/* SPDX-License-Identifier: MIT */
/* Connections spread evenly over the processes of the service.
 *
 * Who gets a connection is the kernel's choice, or a race of those who accept; it can only be asked
 * afterwards. So connections are made in bursts (a burst wakes more of those who race than one at a
 * time does), looked over, and kept as far as they fit; the rest is closed and made again. Workers
 * make connections in phases without requests, as all that they do is their own threads'. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "load/exchange.h"
#include "load/load_int.h"
#include "load/wire.h"

#define SPREAD_NS      (4 * NS_PER_S)
#define UNSEEN         1e-3                   /* chance that one more process was never met, at most */
#define BURST_MIN      16                     /* where few race for few, one may take all */
#define BURST_MAX      256                    /* connections of a worker too many, at most */
#define CONNECT_NS     (500 * NS_PER_MS)
#define ACCEPT_NS      (300 * NS_PER_MS)      /* to be accepted, or handed to the process that serves it */
#define LOOKS_MIN      4                      /* however long each takes */
#define LOOK_EVERY_NS  (2 * NS_PER_MS)
#define PROCESSES_MAX  1024

/* A connection that is ready. */
struct held {
	uint32_t worker, conn;
	struct addr local;
	int64_t owner;             /* 0 not known */
	uint32_t process, rank;    /* number of its owner, and its own among the worker's there */
	bool kept;
};

struct spread {
	struct load *l;
	uint32_t want, workers;
	int64_t (*owner)(void *ctx, const struct sockaddr *local, const struct sockaddr *remote);
	void *ctx;
	int64_t end_ns;
	struct held *held;         /* kept ones first */
	size_t n, allocated;
	bool *is_held;             /* by worker and connection */
	uint32_t *kept_of;         /* by worker */
	int64_t processes[PROCESSES_MAX];   /* all that were ever seen */
	uint32_t kept[PROCESSES_MAX];
	uint32_t n_processes, n_kept;
	uint32_t met;              /* processes, once for each burst that they got something of */
	uint32_t bursts, made;     /* connections, in all bursts */
};

static void
release(struct spread *s)
{
	free(s->held);
	free(s->is_held);
	free(s->kept_of);
}

static bool *
place_of(const struct spread *s, uint32_t worker, uint32_t conn)
{
	return &s->is_held[(size_t)worker * s->l->workers[worker].max_conns + conn];
}

static void
close_all(struct spread *s)
{
	for (uint32_t i = 0; i < s->l->n_workers; i++)
		wire_trim(&s->l->workers[i], 0);
	s->n = s->n_kept = 0;
	memset(s->is_held, 0, (size_t)s->l->n_workers * s->l->workers[0].max_conns);
	memset(s->kept_of, 0, s->l->n_workers * sizeof(*s->kept_of));
}

/* ---- opening ------------------------------------------------------------------------------- */

/* How many connections the worker is to have open. Each one that is missing takes about as many as
 * there are processes. */
static uint32_t
aim_of(const struct spread *s, uint32_t worker, bool exact)
{
	uint32_t part = load_part(s->want, s->workers, worker), kept = s->kept_of[worker];
	uint32_t times = exact ? 1 : s->n_processes > 2 ? s->n_processes : 2;
	uint32_t more = (part - kept) * times, most = part - kept + BURST_MAX;

	if (!exact && part > kept && more < BURST_MIN)
		more = BURST_MIN;
	return kept + (more < most ? more : most);
}

static int
open_more(struct spread *s, bool exact, struct err *e)
{
	const struct worker_task task = {
		.closed = true, .connect = true, .rotate = true, .start_ns = now_ns(),
		.for_ns = CONNECT_NS, .workers = s->workers,
	};
	uint32_t started = 0;
	int code = 0;

	for (; started < s->workers && code == 0; started += code == 0)
		code = worker_start(&s->l->workers[started], &task, started, aim_of(s, started, exact));
	for (uint32_t i = 0; i < started; i++) {
		worker_join(&s->l->workers[i]);
		s->l->cpu_ns += s->l->workers[i].total_cpu_ns;
	}
	return code < 0 ? err_set(e, -code, "cannot start a load worker: %s", strerror(-code)) : 0;
}

static void
hold(struct spread *s, uint32_t worker, uint32_t conn)
{
	struct worker *w = &s->l->workers[worker];
	struct held h = { .worker = worker, .conn = conn };

	if (s->n == s->allocated) {
		s->allocated = s->allocated ? 2 * s->allocated : 64;
		s->held = realloc(s->held, s->allocated * sizeof(*s->held));
		if (!s->held)
			abort();
	}
	if (w->ops->local(w->engine, conn, &h.local) < 0) {
		wire_close(w, conn);
		return;
	}
	s->held[s->n++] = h;
	*place_of(s, worker, conn) = true;
}

/* One that the service closed may have been made again under its number. */
static bool
is_still_there(const struct spread *s, struct held *h)
{
	const struct worker *w = &s->l->workers[h->worker];

	return w->conns[h->conn].state == CONN_READY &&
	    w->ops->local(w->engine, h->conn, &h->local) == 0;
}

/* What is open now: the kept ones, unless the service has closed them, then the new ones. */
static void
gather(struct spread *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (is_still_there(s, &s->held[i]))
			s->held[n++] = s->held[i];
		else
			*place_of(s, s->held[i].worker, s->held[i].conn) = false;
	s->n = n;
	for (uint32_t i = 0; i < s->workers; i++) {
		struct worker *w = &s->l->workers[i];
		for (uint32_t k = 0; k < w->max_conns; k++)
			if (w->conns[k].state == CONN_READY && !*place_of(s, i, k))
				hold(s, i, k);
			else if (w->conns[k].state != CONN_READY && w->conns[k].state != CONN_CLOSED)
				wire_close(w, k);
	}
}

/* ---- whose they are ------------------------------------------------------------------------ */

/* True: all owners are known, and the same as before. */
static bool
look_once(struct spread *s)
{
	bool settled = true;

	s->owner(s->ctx, NULL, NULL);
	for (size_t i = 0; i < s->n; i++) {
		struct held *h = &s->held[i];
		int64_t was = h->owner;
		h->owner = s->owner(s->ctx, (const struct sockaddr *)&h->local.sa,
		    (const struct sockaddr *)&s->l->to.sa);
		settled &= h->owner && h->owner == was;
	}
	return settled;
}

static bool
number_processes(struct spread *s)
{
	bool here[PROCESSES_MAX] = { false };

	for (size_t i = 0; i < s->n; i++) {
		struct held *h = &s->held[i];
		h->process = 0;
		while (h->process < s->n_processes && s->processes[h->process] != h->owner)
			h->process++;
		if (h->process == PROCESSES_MAX)
			return false;
		s->processes[h->process] = h->owner;
		s->n_processes += h->process == s->n_processes;
		s->made += !h->kept;
		s->met += !h->kept && !here[h->process];
		here[h->process] |= !h->kept;
	}
	s->bursts++;
	return s->n > 0;
}

/* A connection waits to be accepted, and some services then hand it from one process to another. */
static bool
look(struct spread *s)
{
	int64_t end = now_ns() + ACCEPT_NS;

	for (int looks = 1; !look_once(s); looks++) {
		if ((looks >= LOOKS_MIN && now_ns() > end) || stop_requested())
			return false;
		sleep_until_ns(now_ns() + LOOK_EVERY_NS);
	}
	return number_processes(s);
}

/* ---- what is kept -------------------------------------------------------------------------- */

/* Each process has the same number, or some have one more. */
static bool
fits(const struct spread *s, const struct held *h, uint32_t n_more)
{
	uint32_t least = s->want / s->n_processes, kept = s->kept[h->process];

	return s->kept_of[h->worker] < load_part(s->want, s->workers, h->worker) &&
	    (kept < least || (kept == least && n_more < s->want % s->n_processes));
}

static void
keep(struct spread *s, bool all)
{
	uint32_t n_more = 0;

	memset(s->kept, 0, sizeof(s->kept));
	memset(s->kept_of, 0, s->l->n_workers * sizeof(*s->kept_of));
	s->n_kept = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct held *h = &s->held[i];
		h->kept = all || fits(s, h, n_more);
		if (!h->kept)
			continue;
		s->n_kept++;
		s->kept_of[h->worker]++;
		n_more += s->kept[h->process]++ == s->want / s->n_processes;
	}
}

static void
close_rest(struct spread *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct held *h = &s->held[i];
		if (h->kept) {
			s->held[n++] = *h;
			continue;
		}
		*place_of(s, h->worker, h->conn) = false;
		wire_close(&s->l->workers[h->worker], h->conn);
	}
	s->n = n;
}

/* ---- the order of use ---------------------------------------------------------------------- */

/* By worker, and there by rank and process; where none has a rank yet, by process. */
static int
by_rank(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->worker != y->worker)
		return x->worker < y->worker ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

static void
rank(struct spread *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->held[i].rank = 0;
	qsort(s->held, s->n, sizeof(*s->held), by_rank);
	for (size_t i = 1; i < s->n; i++)
		if (s->held[i].worker == s->held[i - 1].worker &&
		    s->held[i].process == s->held[i - 1].process)
			s->held[i].rank = s->held[i - 1].rank + 1;
	qsort(s->held, s->n, sizeof(*s->held), by_rank);
}

/* Neighbours in a worker's order belong to different processes. */
static void
set_order(struct spread *s)
{
	CLEANUP(free_p) uint32_t *conns = calloc(s->n + 1, sizeof(*conns));
	if (!conns)
		abort();
	rank(s);
	for (size_t i = 0; i < s->n; i++)
		conns[i] = s->held[i].conn;
	for (size_t i = 0, n; i < s->n; i += n) {
		uint32_t worker = s->held[i].worker;
		for (n = 1; i + n < s->n && s->held[i + n].worker == worker;)
			n++;
		exchange_order_slots(&s->l->workers[worker], conns + i, n);
	}
}

static double
placement_of(const struct spread *s)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < s->n_processes; i++)
		most = s->kept[i] > most ? s->kept[i] : most;
	uint32_t among = s->n_processes < s->n_kept ? s->n_processes : s->n_kept;
	return (double)most * among / s->n_kept;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* One burst. False: it cannot be known how they are spread. */
static bool
try(struct spread *s, bool last, int *ret_code, struct err *e)
{
	*ret_code = open_more(s, last, e);
	if (*ret_code < 0)
		return false;
	gather(s);
	if (!look(s))
		return false;
	keep(s, last);
	close_rest(s);
	return true;
}

/* If there were one process more, would any of them have been passed over so often? At most
 * n (1 - 1/n)^met (the union bound of the coupon collector) where each is as likely to be met; who
 * races may take all of a burst, so that only once a burst counts. Where each connection has a process
 * of its own there is no end to it, nor anything to spread. */
static bool
has_met_all(const struct spread *s)
{
	double n = s->n_processes + 1;
	bool own = s->bursts > 1 && s->made == s->n_processes;

	return own || s->n_processes == s->l->n_processes ||
	    (s->n_processes > s->l->n_processes && n * pow(1 - 1 / n, s->met) < UNSEEN);
}

static int
spread(struct spread *s, double *ret_placement, struct err *e)
{
	int code;

	while (s->n_kept < s->want) {
		bool last = now_ns() > s->end_ns || stop_requested();
		if (!try(s, last, &code, e))
			return code;
		if (last)
			break;
		if (!has_met_all(s))
			close_all(s);
	}
	s->l->n_processes = s->n_processes;
	if (s->n_processes == 1 || s->n_kept < s->want)
		return 0;
	set_order(s);
	*ret_placement = placement_of(s);
	return 0;
}

static uint32_t
workers_for(const struct load *l, uint32_t connections)
{
	uint32_t n = (connections + LOAD_PER_WORKER - 1) / LOAD_PER_WORKER;

	n = n > l->n_active ? n : l->n_active;
	n = n < l->n_workers ? n : l->n_workers;
	return n < connections ? n : connections;
}

int
load_spread(struct load *l, int64_t connections,
    int64_t (*owner)(void *ctx, const struct sockaddr *local, const struct sockaddr *remote),
    void *ctx, double *ret_placement, struct err *e)
{
	CLEANUP(release) struct spread s = {
		.l = l, .want = connections < l->connections ? (uint32_t)connections : l->connections,
		.owner = owner, .ctx = ctx, .end_ns = now_ns() + SPREAD_NS,
	};
	double placement = NAN;

	int code = load_reach(l, e);
	if (code < 0)
		return code;
	s.workers = workers_for(l, s.want);
	s.is_held = calloc((size_t)l->n_workers * l->workers[0].max_conns, sizeof(*s.is_held));
	s.kept_of = calloc(l->n_workers, sizeof(*s.kept_of));
	if (!s.is_held || !s.kept_of)
		abort();
	close_all(&s);
	l->n_spread = 0;
	if (owner && s.want)
		code = spread(&s, &placement, e);
	if (isnan(placement))
		close_all(&s);
	if (code < 0)
		return code;
	l->n_spread = isnan(placement) ? 0 : s.want;
	l->spread_over = s.workers;
	*ret_placement = placement;
	return 0;
}

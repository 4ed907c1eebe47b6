/* SPDX-License-Identifier: MIT */
#include "gate/origin/hedge.h"

#include <errno.h>

#include "gate/origin/attempt.h"
#include "gate/origin/errand.h"
#include "gate/origin/line.h"
#include "gate/origin/room.h"
#include "gate/origin/upstream.h"

#define CLASS_AT (sizeof("HTTP/1.1 ") - 1)   /* of a status, in its line */

/* ---- two sides ------------------------------------------------------------------------------- */

static void
swap(struct errand *x)
{
	struct side first = { x->server, x->up, x->attempt, x->placed, x->ticket };

	x->server = x->other.server;
	x->up = x->other.up;
	x->attempt = x->other.attempt;
	x->placed = x->other.placed;
	x->ticket = x->other.ticket;
	x->other = first;
}

/* The second is no more; its connection is returned. */
static struct up *
end_second(struct errand *x, enum outcome outcome)
{
	struct up *u;

	swap(x);
	u = x->up;
	attempt_end(x, outcome);
	swap(x);
	x->other = (struct side){ 0 };
	return u;
}

static void
promote(struct errand *x)
{
	swap(x);
	x->other = (struct side){ 0 };
	x->up->second = false;
	x->asked = x->attempt.asked;
}

/* ---- when ------------------------------------------------------------------------------------ */

void
hedge_await(struct errand *x)
{
	struct group *g = errand_group(x);
	const struct errand *before = g->hedging.youngest;

	if (!g->hedge_after_ns || !x->safe || !x->repeatable || x->warm || x->server->upstream->n_servers < 2)
		return;
	x->hedge_ns = x->w->now_ns + g->hedge_after_ns;
	if (before && before->hedge_ns > x->hedge_ns)
		x->hedge_ns = before->hedge_ns;
	line_append(&g->hedging, x);
}

int64_t
hedge_next_ns(const struct gate_worker *w)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; w->hedges && i < w->config->n_upstreams; i++) {
		const struct errand *x = w->groups[i].hedging.eldest;
		if (x && x->hedge_ns < next)
			next = x->hedge_ns;
	}
	return next;
}

/* ---- the second ------------------------------------------------------------------------------ */

static void
begin(struct errand *x)
{
	bool waits = x->state == ERRAND_ASKING && x->asked && x->up && x->repeatable && !x->up->head.size;

	if (!waits || x->other.server || room_is_full(x->w, x->route->upstream))
		return;
	struct server_set others = x->tried;
	server_set_add(&others, x->server->index);
	swap(x);
	bool begun = attempt_begin_second(x, &others);
	if (begun && !upstream_ask_second(x)) {
		attempt_end(x, OUTCOME_UNKNOWN);
		begun = false;
	}
	swap(x);
	if (!begun) {
		x->other = (struct side){ 0 };
		return;
	}
	metrics_add(x->w->metrics, METRIC_HEDGES, x->route->upstream, 1);
	if (x->other.up->state == UP_USED)
		hedge_connected(x->other.up);
}

void
hedge_turn(struct gate_worker *w)
{
	for (size_t i = 0; w->hedges && i < w->config->n_upstreams; i++) {
		struct line *l = &w->groups[i].hedging;
		while (l->eldest && l->eldest->hedge_ns <= w->now_ns) {
			struct errand *x = l->eldest;
			line_leave(x);
			begin(x);
		}
	}
}

void
hedge_stop(struct errand *x)
{
	if (x->other.server)
		up_drop(end_second(x, OUTCOME_UNKNOWN));
}

void
hedge_connected(struct up *u)
{
	struct errand *x = u->x;
	struct gate_worker *w = x->w;
	struct engine_piece p = { x->head.data, x->head.size, false };

	ssize_t left = w->ops->gather(w->engine, u->conn, &p, 1);
	if (left < 0) {
		up_break(u, (int)-left);
		return;
	}
	u->unsent = left;
	swap(x);
	attempt_asked(x);
	swap(x);
	timer_set(&w->timers, &u->timer, w->now_ns + u->server->upstream->timeouts.response_ns);
}

void
hedge_lost(struct up *u, int code)
{
	bool stale = u->reused && !u->head.size && code != ETIMEDOUT;
	end_second(u->x, stale ? OUTCOME_UNKNOWN : OUTCOME_BAD);
}

/* ---- who wins -------------------------------------------------------------------------------- */

/* The first digit of a status; 0: it is not there yet. */
static char
class_of(const struct up *u, const char *bytes, size_t size)
{
	if (u->head.size > CLASS_AT)
		return u->head.data[CLASS_AT];
	return u->head.size + size > CLASS_AT ? bytes[CLASS_AT - u->head.size] : 0;
}

static bool
fails(char class)
{
	return class && (class < '1' || class > '4');
}

bool
hedge_takes_over(struct errand *x)
{
	if (!x->other.server)
		return false;
	attempt_end(x, OUTCOME_BAD);
	server_set_add(&x->tried, x->server->index);
	promote(x);
	return true;
}

bool
hedge_first_answers(struct errand *x, const char *bytes, size_t size)
{
	struct up *first = x->up;
	char class = class_of(first, bytes, size);

	if (fails(class)) {
		hedge_takes_over(x);
		up_drop(first);
		return false;
	}
	if (class)
		hedge_stop(x);
	return true;
}

/* The first would have taken longer than until now: so much is known of it. */
static void
win(struct errand *x)
{
	struct up *first = x->up;

	latency_add(&errand_group(x)->answers, x->w->now_ns - x->attempt.asked_ns);
	x->attempt.latency_ns = x->w->now_ns - x->attempt.chosen_ns;
	attempt_end(x, OUTCOME_UNKNOWN);
	promote(x);
	metrics_add(x->w->metrics, METRIC_HEDGE_WINS, x->route->upstream, 1);
	up_drop(first);
}

void
hedge_received(struct up *u, const char *bytes, size_t size)
{
	struct errand *x = u->x;
	char class = class_of(u, bytes, size);

	if (!class) {
		buf_append(&u->head, bytes, size);
	} else if (fails(class)) {
		up_drop(end_second(x, OUTCOME_BAD));
	} else {
		win(x);
		errand_received(x, bytes, size);
	}
}

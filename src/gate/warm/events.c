/* SPDX-License-Identifier: MIT */
#include "gate/warm/events.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/warm/events_int.h"
#include "gate/warm/warm.h"

#define WAIT_LEAST_NS (250 * NS_PER_MS)
#define WAIT_MOST_NS  (30 * NS_PER_S)
#define STEADY_NS     (10 * NS_PER_S)   /* up for so long: what was before is forgotten */
#define TURN_NS       (10 * NS_PER_S)   /* for the gate before to come to its end; what is heard twice does no harm */
#define AWAIT_NS      (5 * NS_PER_S)
#define LOOK_NS       (5 * NS_PER_MS)

static const struct source_kind *const kinds[] = { &source_redis, &source_notify, &source_replication };

struct events {
	struct event_hand requests;         /* of the thread of warming */
	struct source sources[COUNT_OF(kinds)];
	size_t n;
};

_Static_assert(EVENTS_THREADS >= COUNT_OF(kinds) + 1, "each thread has its figures");

/* ---- a source -------------------------------------------------------------------------------- */

bool
source_wait(struct source *s, int fd, bool to_write, int64_t ns)
{
	struct pollfd p[] = { { .fd = s->parting ? -1 : s->end, .events = POLLIN },
		{ .fd = fd, .events = to_write ? POLLOUT : POLLIN } };

	return poll(p, 2, (int)(ns / NS_PER_MS) + 1) > 0 && !p[0].revents && p[1].revents;
}

bool
source_is_ending(struct source *s)
{
	struct pollfd p = { .fd = s->end, .events = POLLIN };
	return !s->parting && poll(&p, 1, 0) > 0;
}

void
source_up(struct source *s)
{
	s->up = true;
	s->heard_before = true;
	atomic_store(&s->tried, true);
	s->up_ns = now_ns();
	metrics_set(s->hand.metrics, METRIC_EVENT_SOURCE, s->kind->source, 1);
	if (s->told)
		notice_post(s->hand.gate->notices, "%s is there again", s->kind->name);
}

void
source_first_heard(struct source *s)
{
	struct store_counts n;

	store_count(s->hand.gate->store, &n);
	if (s->heard_before || !n.objects)
		return;
	event_name(&s->hand, (struct text){ "all", 3 });
	event_apply(&s->hand);
}

static void
lose(struct source *s, const struct err *e)
{
	if (s->up && now_ns() - s->up_ns > STEADY_NS)
		s->wait_ns = WAIT_LEAST_NS;
	if (s->up)
		s->told = false;
	s->up = false;
	metrics_set(s->hand.metrics, METRIC_EVENT_SOURCE, s->kind->source, 0);
	metrics_add(s->hand.metrics, METRIC_EVENT_LOSSES, s->kind->source, 1);
	if (!s->told)
		notice_post(s->hand.gate->notices, "%s is lost, and tried again: %s%s%s", s->kind->name, e->text,
		    e->hint[0] ? "; " : "", e->hint);
	s->told = true;
	atomic_store(&s->tried, true);
}

/* False: the gate ends. */
static bool
await_turn(struct source *s)
{
	int64_t until = now_ns() + TURN_NS;

	while (!event_places_begin(s->places, s->kind->source, s->kind->waits && now_ns() < until)) {
		source_wait(s, -1, false, LOOK_NS);
		if (source_is_ending(s))
			return false;
	}
	return true;
}

static void *
attend(void *ctx)
{
	struct source *s = ctx;

	s->wait_ns = WAIT_LEAST_NS;
	if (!await_turn(s))
		return NULL;
	while (!source_is_ending(s)) {
		struct err e = { 0 };
		if (s->kind->attend(s, &e) >= 0)
			continue;
		lose(s, &e);
		source_wait(s, -1, false, s->wait_ns);
		s->wait_ns = s->wait_ns * 2 < WAIT_MOST_NS ? s->wait_ns * 2 : WAIT_MOST_NS;
	}
	event_places_end(s->places, s->kind->source);
	return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int
hand_open(struct event_hand *h, struct gate *gate, enum metric_source source, struct err *e)
{
	*h = (struct event_hand){ .gate = gate, .metrics = metrics_new(gate->config), .source = source,
		.store = store_worker_open(gate->store) };
	if (!h->store)
		return err_set(e, ENOMEM, "out of memory");
	store_sleep(h->store);
	return 0;
}

static void
hand_close(struct event_hand *h)
{
	store_worker_close(h->store);
	metrics_free(h->metrics);
	cascade_done(&h->concerned);
	buf_done(&h->popular);
}

static int
start(struct source *s, struct gate *gate, const struct source_kind *kind, struct event_places *places,
    struct err *e)
{
	int code = hand_open(&s->hand, gate, kind->source, e);

	if (code == 0 && kind->check)
		code = kind->check(gate->config, e);
	s->kind = kind;
	s->places = places;
	s->end = eventfd(0, EFD_CLOEXEC);
	if (code == 0 && s->end < 0)
		code = err_set(e, errno, "cannot listen to %s: %s", kind->name, strerror(errno));
	if (code < 0)
		return code;
	int failed = pthread_create(&s->thread, NULL, attend, s);
	s->started = !failed;
	return failed ? err_set(e, failed, "cannot listen to %s: %s", kind->name, strerror(failed)) : 0;
}

int
events_open(struct gate *gate, struct event_places *places, struct err *e)
{
	const struct gate_warming *w = &gate->config->warming;

	if (!gate->warm)
		return 0;
	struct events *events = gate->events = calloc(1, sizeof(*events));
	if (!events)
		return err_set(e, ENOMEM, "out of memory");
	int code = hand_open(&events->requests, gate, SOURCE_REQUEST, e);
	for (size_t i = 0; i < COUNT_OF(kinds) && code == 0; i++)
		if (kinds[i]->is_wanted(w))
			code = start(&events->sources[events->n++], gate, kinds[i], places, e);
	return code;
}

void
events_await(struct events *events)
{
	int64_t until = now_ns() + AWAIT_NS;

	for (size_t i = 0; events && i < events->n; i++)
		while (!events->sources[i].kind->waits && !atomic_load(&events->sources[i].tried) && now_ns() < until)
			sleep_until_ns(now_ns() + LOOK_NS);
}

void
events_leave(struct events *events)
{
	for (size_t i = 0; events && i < events->n; i++)
		if (events->sources[i].started)
			eventfd_write(events->sources[i].end, 1);
}

void
events_close(struct events *events)
{
	if (!events)
		return;
	events_leave(events);
	for (size_t i = 0; i < events->n; i++) {
		if (events->sources[i].started)
			pthread_join(events->sources[i].thread, NULL);
		hand_close(&events->sources[i].hand);
		if (events->sources[i].end >= 0)
			close(events->sources[i].end);
	}
	hand_close(&events->requests);
	free(events);
}

size_t
events_metrics(struct events *events, struct metrics **ret)
{
	size_t n = 0;

	if (!events)
		return 0;
	ret[n++] = events->requests.metrics;
	for (size_t i = 0; i < events->n; i++)
		ret[n++] = events->sources[i].hand.metrics;
	return n;
}

void
events_updated(struct gate *gate, struct text uri, bool stored)
{
	struct event_hand *h = &gate->events->requests;

	metrics_add(h->metrics, METRIC_EVENTS, SOURCE_REQUEST, 1);
	event_name(h, uri);
	event_apply(h);
	if (stored && gate->config->warming.warm_related)
		warm_ask(gate->warm, WARM_UPDATE, uri);
}

/* SPDX-License-Identifier: MIT */
/* Updates as PostgreSQL's NOTIFY: names with blanks between them, as in
 * SELECT pg_notify('updates', '/products/5 tag:product:5').
 *
 * What is notified while nobody listens is lost, so that all is purged after each new connection, unless the gate of the
 * configuration or the process before this one still listened. That one stops when this one listens, with a
 * notification of its own, that nobody is interested in: PostgreSQL tells them in the order of their commits, so that
 * what came before has been heard, and what comes behind is heard by this one. */
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/warm/events_postgres.h"

#define LOOK_NS (30 * NS_PER_S)   /* after so long in silence: is the connection still there? */

static void
take(struct source *s, PGconn *c)
{
	for (PGnotify *n; (n = PQnotifies(c));) {
		metrics_add(s->hand.metrics, METRIC_EVENTS, SOURCE_NOTIFY, 1);
		event_names(&s->hand, (struct text){ n->extra, strlen(n->extra) });
		PQfreemem(n);
	}
	event_apply(&s->hand);
}

/* What the gates of the last and of this configuration listen to is the same when that is. */
static uint64_t
channel_id(const struct source *s)
{
	return postgres_id(s, s->hand.gate->config->warming.postgres.channel);
}

static int
listen_to(struct source *s, PGconn *c, struct err *e)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "LISTEN \"%s\"", s->hand.gate->config->warming.postgres.channel);
	int code = postgres_ask(s, c, sql, NULL, e);
	if (code < 0 || source_is_ending(s))
		return code;
	enum event_missed missed = event_places_listen(s->places, channel_id(s));
	if (missed == EVENT_MISSED_ALL)
		source_first_heard(s);
	if (missed == EVENT_MISSED_SOME)
		event_gap(&s->hand, "updates that PostgreSQL notified of while it could not be heard are lost");
	source_up(s);
	return 0;
}

static void
stop_listening(struct source *s, PGconn *c, bool lost)
{
	struct err e = { 0 };

	s->parting = !lost;
	if (!lost)
		lost = postgres_ask(s, c, "NOTIFY \"prony parts\"", NULL, &e) < 0;
	s->parting = false;
	take(s, c);
	event_places_stop_listening(s->places, channel_id(s), lost);
}

static int
attend(struct source *s, struct err *e)
{
	CLEANUP(postgres_done) PGconn *c = NULL;

	int code = postgres_connect(s, false, &c, e);
	if (code == 0 && !source_is_ending(s))
		code = listen_to(s, c, e);
	bool heard = s->up;
	while (code == 0 && !source_is_ending(s)) {
		take(s, c);
		if (!source_wait(s, PQsocket(c), false, LOOK_NS) && !source_is_ending(s))
			code = postgres_ask(s, c, "SELECT 1", NULL, e);
		else if (!PQconsumeInput(c))
			code = postgres_said(c, e);
	}
	if (heard)
		stop_listening(s, c, code < 0);
	return code;
}

static bool
is_wanted(const struct gate_warming *w)
{
	return w->postgres.url && w->postgres.channel;
}

const struct source_kind source_notify = {
	.source = SOURCE_NOTIFY, .name = "the channel of updates in PostgreSQL", .is_wanted = is_wanted, .attend = attend,
};

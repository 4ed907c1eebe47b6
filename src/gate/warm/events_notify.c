/* SPDX-License-Identifier: MIT */
/* Updates as PostgreSQL's NOTIFY: names with blanks between them, as in
 * SELECT pg_notify('updates', '/products/5 tag:product:5').
 *
 * What is notified while nobody listens is lost, so that all is purged after each new connection but the first, unless
 * the gate of the configuration before this one still listened. */
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

static int
listen_to(struct source *s, PGconn *c, struct err *e)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "LISTEN \"%s\"", s->hand.gate->config->warming.postgres.channel);
	int code = postgres_ask(s, c, sql, NULL, e);
	if (code < 0 || source_is_ending(s))
		return code;
	pthread_mutex_lock(&s->places->lock);
	bool missed = s->places->listened && !s->places->listening, before = s->places->listened;
	s->places->listened = true;
	s->places->listening++;
	pthread_mutex_unlock(&s->places->lock);
	if (!before)
		source_first_heard(s);
	if (missed)
		event_gap(&s->hand, "updates that PostgreSQL notified of while it could not be heard are lost");
	source_up(s);
	return 0;
}

static void
stop_listening(struct source *s)
{
	pthread_mutex_lock(&s->places->lock);
	s->places->listening--;
	pthread_mutex_unlock(&s->places->lock);
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
	take(s, c);
	if (heard)
		stop_listening(s);
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

/* SPDX-License-Identifier: MIT */
#include "fleet/crew.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "load/tally_codec.h"
#include "stats/histogram_codec.h"

#define COUNT_MOST ((uint64_t)1 << 48)

/* ---- last words ------------------------------------------------------------------------------ */

void
last_words_encode(const struct last_words *w, struct buf *out)
{
	code_put(out, (uint64_t)w->scheduled);
	code_put(out, (uint64_t)w->unsent);
	code_put(out, (uint64_t)w->sent);
	code_put(out, (uint64_t)w->window_ns);
	code_put(out, (uint64_t)w->tick_ns);
	code_put_double(out, w->cpu);
	code_put_double(out, w->lag_p99);
	code_put(out, w->limited);
	code_put(out, w->gone);
	code_put_text(out, w->why);
	code_put_text(out, w->first_error);
	code_put_text(out, w->engine);
}

bool
last_words_decode(const void *bytes, size_t size, struct last_words *w)
{
	struct code_reader r = { .at = bytes, .end = (const unsigned char *)bytes + size };

	w->scheduled = (int64_t)code_get_most(&r, COUNT_MOST);
	w->unsent = (int64_t)code_get_most(&r, COUNT_MOST);
	w->sent = (int64_t)code_get_most(&r, COUNT_MOST);
	w->window_ns = (int64_t)code_get_most(&r, COUNT_MOST);
	w->tick_ns = (int64_t)code_get_most(&r, COUNT_MOST);
	w->cpu = code_get_double(&r);
	w->lag_p99 = code_get_double(&r);
	w->limited = code_get_most(&r, 1);
	w->gone = code_get_most(&r, 1);
	code_get_text(&r, w->why, sizeof(w->why));
	code_get_text(&r, w->first_error, sizeof(w->first_error));
	code_get_text(&r, w->engine, sizeof(w->engine));
	return !r.bad && r.at == r.end;
}

/* ---- while it runs --------------------------------------------------------------------------- */

static void
lose(struct crew *c, struct member *m, const char *why)
{
	m->state = MEMBER_LOST;
	m->lost_ns = m->heard_ns > c->start_ns ? m->heard_ns - c->start_ns : 0;
	m->why = why;
}

static void
add_up(struct member *m, const struct tally *t)
{
	m->scheduled += t->scheduled;
	m->sent += t->sent;
	m->answered += tally_count(t, OUTCOME_ANSWERED);
	m->timeouts += tally_count(t, OUTCOME_TIMEOUT);
	m->in_flight += tally_count(t, OUTCOME_IN_FLIGHT);
	for (int o = OUTCOME_CONNECT; o <= OUTCOME_EXPECT; o++)
		m->errors += tally_count(t, o);
}

static struct tally *
take_tally(struct crew *c, struct member *m, int64_t told_ns, const void *bytes, size_t size)
{
	struct tally *t = tally_decode(bytes, size, c->n_routes);

	if (!t) {
		lose(c, m, "it sent what is no tally");
		return NULL;
	}
	m->told_ns = told_ns > m->told_ns ? told_ns : m->told_ns;
	add_up(m, t);
	return t;
}

/* Everything that it says it did must have been told. */
static void
take_end(struct crew *c, struct member *m, const void *bytes, size_t size)
{
	if (!last_words_decode(bytes, size, &m->end)) {
		lose(c, m, "its last words make no sense");
	} else if (m->end.sent != m->sent || (c->schedule && m->end.scheduled != m->scheduled) ||
	    m->end.scheduled != m->end.sent + m->end.unsent ||
	    m->sent != m->answered + m->errors + m->timeouts + m->in_flight) {
		lose(c, m, "not all of its figures arrived");
	} else {
		m->state = MEMBER_FINISHED;
		m->unsent = m->end.unsent;
		m->scheduled = m->end.scheduled;
	}
}

struct tally *
crew_hear(struct crew *c, size_t number, const char *kind, int64_t told_ns, const void *bytes,
    size_t size, int64_t now)
{
	if (number >= c->n_members)
		return NULL;
	struct member *m = &c->members[number];
	if (m->state != MEMBER_RUNNING)
		return NULL;
	m->heard_ns = now;
	if (strcmp(kind, "tally") == 0)
		return take_tally(c, m, told_ns, bytes, size);
	if (strcmp(kind, "end") == 0)
		take_end(c, m, bytes, size);
	else if (strcmp(kind, "fail") == 0)
		lose(c, m, arena_strndup(c->arena, bytes, size < FLEET_TEXT_MAX ? size : FLEET_TEXT_MAX));
	return NULL;
}

const struct member *
crew_sweep(struct crew *c, int64_t now)
{
	for (size_t i = 0; i < c->n_members; i++) {
		struct member *m = &c->members[i];
		if (m->state != MEMBER_RUNNING || now - m->heard_ns <= FLEET_SILENCE_NS)
			continue;
		lose(c, m, NULL);
		return m;
	}
	return NULL;
}

bool
crew_is_running(const struct crew *c)
{
	for (size_t i = 0; i < c->n_members; i++)
		if (c->members[i].state == MEMBER_RUNNING)
			return true;
	return false;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* How long requests were offered, or should have been: as those say who were there at the end. */
static int64_t
window_of(const struct crew *c)
{
	int64_t window = 0, last = 0;

	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		if (m->state == MEMBER_FINISHED && m->end.window_ns > window)
			window = m->end.window_ns;
		if (m->told_ns > last)
			last = m->told_ns;
	}
	return window ? window : c->cut ? last : c->for_ns;
}

/* Arrivals of its share that are due at `from` or later, and before `to`. */
static int64_t
count_due(const struct crew *c, size_t number, int64_t from_ns, int64_t to_ns)
{
	struct schedule_reader r = schedule_read(c->schedule, (int64_t)number, (int64_t)c->n_members);
	struct arrival a;
	int64_t n = 0;

	while (schedule_next(&r, &a) && a.at_ns < to_ns)
		n += a.at_ns >= from_ns;
	return n;
}

/* Where an arrival is one request, those unsent are known to the request; else they are those
 * arrivals that were due after it spoke last. */
static void
close_lost(struct crew *c, size_t number, int64_t window, struct tally *t)
{
	struct member *m = &c->members[number];
	int64_t told = m->answered + m->errors + m->timeouts + m->in_flight;
	int64_t open = m->sent > told ? m->sent - told : 0, unsent = 0;

	if (c->schedule)
		unsent = c->single ? count_due(c, number, 0, window) - m->sent
		    : count_due(c, number, m->told_ns, window);
	m->unsent = unsent > 0 ? unsent : 0;
	t->routes[0].outcome[OUTCOME_IN_FLIGHT] += open;
	t->scheduled += m->sent + m->unsent - m->scheduled;
	m->in_flight += open;
	m->scheduled = m->sent + m->unsent;
}

static void
hear_out(const struct member *m, struct load_crew_end *ret)
{
	const struct last_words *w = &m->end;

	ret->tick_ns = w->tick_ns > ret->tick_ns ? w->tick_ns : ret->tick_ns;
	ret->cpu = isnan(ret->cpu) ? w->cpu : fmax(ret->cpu, w->cpu);
	ret->gone = ret->gone || w->gone;
	if (!ret->first_error && w->first_error[0])
		ret->first_error = w->first_error;
	if (w->engine[0])
		ret->engine = w->engine;
}

struct tally *
crew_close(struct crew *c, struct load_crew_end *ret)
{
	struct tally *t = tally_new(c->n_routes);

	t->slice = TALLY_DRAIN;
	*ret = (struct load_crew_end){ .cpu = NAN, .window_ns = window_of(c) };
	for (size_t i = 0; i < c->n_members; i++) {
		struct member *m = &c->members[i];
		if (m->state == MEMBER_RUNNING)
			lose(c, m, NULL);
		if (m->state == MEMBER_LOST)
			close_lost(c, i, ret->window_ns, t);
		else
			hear_out(m, ret);
		ret->unsent += m->unsent;
	}
	return t;
}

void
crew_record(const struct crew *c, struct run *r, struct run_phase *p)
{
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		struct run_worker *w = RUN_ADD(r, worker, r->evidence.workers, r->evidence.n_workers);
		w->name = run_str(r, m->name);
		w->host = run_str(r, m->host);
		w->scheduled = m->scheduled;
		w->sent = m->sent;
		w->unsent = m->unsent;
		w->answered = m->answered;
		w->errors = m->errors;
		w->timeouts = m->timeouts;
		w->in_flight = m->in_flight;
		w->clock_error = ns_to_s(m->clock_error_ns);
		w->share = 1 / (double)c->n_members;
		w->lost = m->state == MEMBER_LOST;
		w->lost_after = w->lost ? ns_to_s(m->lost_ns) : NAN;
		w->why = run_str(r, m->why);
		if (w->lost)
			continue;
		w->cpu = m->end.cpu;
		w->lag_p99 = m->end.lag_p99;
		if (m->end.limited && !p->generator_limited) {
			p->generator_limited = true;
			p->generator_why = run_printf(r, "worker %s on %s: %s", m->name, m->host, m->end.why);
		}
	}
}

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

/* ---- phases ---------------------------------------------------------------------------------- */

static double
larger(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : fmax(a, b);
}

/* What it did in the phase that is over. */
static void
add_to_before(struct member *m)
{
	m->before.scheduled += m->now.scheduled;
	m->before.sent += m->now.sent;
	m->before.unsent += m->now.unsent;
	m->before.answered += m->now.answered;
	m->before.errors += m->now.errors;
	m->before.timeouts += m->now.timeouts;
	m->before.in_flight += m->now.in_flight;
	m->now = (struct member_sums){ 0 };
	m->cpu = larger(m->cpu, m->end.cpu);
	m->lag_p99 = larger(m->lag_p99, m->end.lag_p99);
	m->end = (struct last_words){ .cpu = NAN, .lag_p99 = NAN };
	m->told_ns = 0;
}

size_t
crew_begin(struct crew *c, size_t most)
{
	c->n_parts = 0;
	c->cut = false;
	if (!c->first_ns)
		c->first_ns = c->start_ns;
	for (size_t i = 0; i < c->n_members; i++) {
		struct member *m = &c->members[i];
		bool takes_part = m->state != MEMBER_LOST && (!most || c->n_parts < most);
		add_to_before(m);
		m->part = takes_part ? c->n_parts++ : CREW_NO_PART;
		if (m->state != MEMBER_LOST)
			m->state = takes_part ? MEMBER_RUNNING : MEMBER_FINISHED;
	}
	return c->n_parts;
}

/* ---- while it runs --------------------------------------------------------------------------- */

static void
lose(struct crew *c, struct member *m, const char *why)
{
	m->state = MEMBER_LOST;
	m->lost_ns = m->heard_ns > c->first_ns ? m->heard_ns - c->first_ns : 0;
	m->why = why;
}

static void
add_up(struct member *m, const struct tally *t)
{
	m->now.scheduled += t->scheduled;
	m->now.sent += t->sent;
	m->now.answered += tally_count(t, OUTCOME_ANSWERED);
	m->now.timeouts += tally_count(t, OUTCOME_TIMEOUT);
	m->now.in_flight += tally_count(t, OUTCOME_IN_FLIGHT);
	for (int o = OUTCOME_CONNECT; o <= OUTCOME_EXPECT; o++)
		m->now.errors += tally_count(t, o);
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
	} else if (m->end.sent != m->now.sent || (c->schedule && m->end.scheduled != m->now.scheduled) ||
	    m->end.scheduled != m->end.sent + m->end.unsent ||
	    m->now.sent != m->now.answered + m->now.errors + m->now.timeouts + m->now.in_flight) {
		lose(c, m, "not all of its figures arrived");
	} else {
		m->state = MEMBER_FINISHED;
		m->now.unsent = m->end.unsent;
		m->now.scheduled = m->end.scheduled;
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
	if (strcmp(kind, "beat") == 0 && told_ns > m->told_ns)
		m->told_ns = told_ns;
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

int64_t
crew_told(const struct crew *c)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < c->n_members; i++)
		if (c->members[i].state == MEMBER_RUNNING && c->members[i].told_ns < least)
			least = c->members[i].told_ns;
	return least;
}

const struct member *
crew_lost_now(const struct crew *c)
{
	for (size_t i = 0; i < c->n_members; i++)
		if (c->members[i].state == MEMBER_LOST && c->members[i].part != CREW_NO_PART)
			return &c->members[i];
	return NULL;
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
count_due(const struct crew *c, size_t part, int64_t from_ns, int64_t to_ns)
{
	struct schedule_reader r = schedule_read(c->schedule, (int64_t)part, (int64_t)c->n_parts);
	struct arrival a;
	int64_t n = 0;

	while (schedule_next(&r, &a) && a.at_ns < to_ns)
		n += a.at_ns >= from_ns;
	return n;
}

/* Where an arrival is one request, those unsent are known to the request; else they are those
 * arrivals that were due after it spoke last. */
static void
close_lost(struct crew *c, struct member *m, int64_t window, struct tally *t)
{
	int64_t told = m->now.answered + m->now.errors + m->now.timeouts + m->now.in_flight;
	int64_t open = m->now.sent > told ? m->now.sent - told : 0, unsent = 0;

	if (c->schedule)
		unsent = c->single ? count_due(c, m->part, 0, window) - m->now.sent
		    : count_due(c, m->part, m->told_ns, window);
	m->now.unsent = unsent > 0 ? unsent : 0;
	t->routes[0].outcome[OUTCOME_IN_FLIGHT] += open;
	t->scheduled += m->now.sent + m->now.unsent - m->now.scheduled;
	m->now.in_flight += open;
	m->now.scheduled = m->now.sent + m->now.unsent;
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
		if (m->part == CREW_NO_PART)
			continue;
		if (m->state == MEMBER_LOST)
			close_lost(c, m, ret->window_ns, t);
		else
			hear_out(m, ret);
		ret->unsent += m->now.unsent;
	}
	return t;
}

void
crew_judge(const struct crew *c, struct run *r, struct run_phase *p)
{
	for (size_t i = 0; i < c->n_members && !p->generator_limited; i++) {
		const struct member *m = &c->members[i];
		if (m->state != MEMBER_FINISHED || !m->end.limited)
			continue;
		p->generator_limited = true;
		p->generator_why = run_printf(r, "worker %s on %s: %s", m->name, m->host, m->end.why);
	}
}

void
crew_record(const struct crew *c, struct run *r)
{
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		struct run_worker *w = RUN_ADD(r, worker, r->evidence.workers, r->evidence.n_workers);
		w->name = run_str(r, m->name);
		w->host = run_str(r, m->host);
		w->scheduled = m->before.scheduled + m->now.scheduled;
		w->sent = m->before.sent + m->now.sent;
		w->unsent = m->before.unsent + m->now.unsent;
		w->answered = m->before.answered + m->now.answered;
		w->errors = m->before.errors + m->now.errors;
		w->timeouts = m->before.timeouts + m->now.timeouts;
		w->in_flight = m->before.in_flight + m->now.in_flight;
		w->clock_error = ns_to_s(m->clock_error_ns);
		w->share = 1 / (double)c->n_members;
		w->lost = m->state == MEMBER_LOST;
		w->lost_after = w->lost ? ns_to_s(m->lost_ns) : NAN;
		w->why = run_str(r, m->why);
		if (w->lost)
			continue;
		w->cpu = larger(m->cpu, m->end.cpu);
		w->lag_p99 = larger(m->lag_p99, m->end.lag_p99);
	}
}

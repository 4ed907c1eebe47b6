/* SPDX-License-Identifier: MIT */
#include "load/safety.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "load/guard.h"

#define MEMINFO "/proc/meminfo"

static int
find_route(const struct program *program, const struct target *t, uint32_t *ret, struct err *e)
{
	for (*ret = 0; *ret < program->n_routes; ++*ret)
		if (!t->route || strcmp(program->routes[*ret].name, t->route) == 0)
			break;
	if (!t->route)
		*ret = (uint32_t)program->n_routes;
	if (!t->route || *ret < program->n_routes)
		return 0;
	err_usage(e, "--stop-if '%s' names a route that is not loaded", t->text);
	err_hint(e, "the first of those that are is '%s'", program->routes[0].name);
	return -e->code;
}

int
safety_begin(struct safety *s, const struct spec *spec, const struct program *program,
    struct err *e)
{
	int code = 0;

	*s = (struct safety){ .spec = spec };
	for (size_t i = 0; i < spec->n_stop_if && code == 0; i++)
		code = find_route(program, &spec->stop_if[i], &s->routes[i], e);
	return code;
}

/* ---- what the user has named --------------------------------------------------------------- */

static double
latency_value(const struct tally *t, uint32_t route, enum target_metric m)
{
	static const double quantiles[] = {
		[TARGET_LATENCY_P50] = 0.5, [TARGET_LATENCY_P95] = 0.95, [TARGET_LATENCY_P99] = 0.99,
		[TARGET_LATENCY_P999] = 0.999,
	};
	struct histogram all = { 0 };

	if (route < t->n_routes)
		histogram_merge(&all, &t->routes[route].latency);
	else
		all = tally_latency(t);
	double value = !all.count ? NAN : m == TARGET_LATENCY_MEAN ? histogram_mean(&all)
	    : histogram_quantile(&all, quantiles[m]);
	histogram_done(&all);
	return value / 1e9;
}

/* Of what ended in this second. NAN: it says nothing. */
static double
value_of(const struct tally *t, uint32_t route, enum target_metric m)
{
	int64_t answered = 0, failed = 0;

	if (!t)
		return NAN;
	for (size_t i = 0; i < t->n_routes; i++) {
		if (route < t->n_routes && i != route)
			continue;
		answered += t->routes[i].outcome[OUTCOME_ANSWERED];
		for (int o = OUTCOME_ANSWERED + 1; o <= OUTCOME_TIMEOUT; o++)
			failed += t->routes[i].outcome[o];
	}
	if (m == TARGET_RATE)
		return (double)answered;
	if (answered + failed == 0)
		return NAN;
	if (target_is_latency(m))
		return latency_value(t, route, m);
	double errors = (double)failed / (double)(answered + failed);
	return m == TARGET_ERRORS ? errors : 1 - errors;
}

static const char *
format_value(char out[24], enum target_metric m, double value)
{
	if (target_is_latency(m))
		return format_duration(out, value);
	return m == TARGET_RATE ? format_rate(out, value) : format_percent(out, value);
}

static void
record(struct run *r, const char *what, const char *name, double at, const char *next)
{
	r->safety_stop.what = what;
	r->safety_stop.phase = run_str(r, name);
	r->safety_stop.at = at;
	r->safety_stop.next = next;
}

void
safety_second(struct safety *s, const struct tally *t, const char *name, double at, struct run *r)
{
	char seen[24];

	for (size_t i = 0; i < s->spec->n_stop_if && !r->safety_stop.what; i++) {
		const struct target *c = &s->spec->stop_if[i];
		double value = value_of(t, s->routes[i], c->metric);
		if (isnan(value))
			continue;
		s->in_a_row[i] = (c->at_least ? value > c->limit : value < c->limit) ? s->in_a_row[i] + 1 : 0;
		if (s->in_a_row[i] < SAFETY_SECONDS)
			continue;
		record(r, run_printf(r, "%s for %d seconds in a row, at last %s", c->text, SAFETY_SECONDS,
		    format_value(seen, c->metric, value)), name, at,
		    "look at the service before you load it again, with a lower --rate; or allow more with "
		    "--stop-if");
	}
}

/* ---- this host ----------------------------------------------------------------------------- */

void
safety_host(struct safety *s, const char *name, double at, int64_t now, struct run *r)
{
	char why[128];

	if (s->spec->no_guard || r->safety_stop.what || now - s->looked_ns < NS_PER_S)
		return;
	s->looked_ns = now;
	struct guard_room room = guard_look(MEMINFO, r->folder);
	if (guard_is_short(&room, why, sizeof(why)))
		record(r, run_str(r, why), name, at, "make room and run this again; --no-guard goes on in "
		    "spite of it");
}

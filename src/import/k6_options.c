/* SPDX-License-Identifier: MIT */
#include "import/k6_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define RATE_MAX 1e9

static void
add_stage(struct k6 *k, double from, double to, double seconds)
{
	struct scenario_stage *stage = ARENA_PUSH(k->d->arena, k->d->s->stages, k->d->s->n_stages);

	*stage = (struct scenario_stage){ .from = from, .to = to, .for_ns = (int64_t)(seconds * 1e9) };
}

static int
line_of(const struct k6 *k, size_t i)
{
	return script_at(&k->script, i)->line;
}

/* prony offers a rate; users who wait for each answer have none of their own. */
static void
note_users(struct k6 *k, size_t at, double users, double pause_s)
{
	if (pause_s > 0)
		draft_note(k->d, 1, "%s:%d: %.0f virtual users: prony offers a rate instead, whatever the "
		    "service does; with pauses of %.3g s a pass give at most --rate %.3g/s", k->script.name,
		    line_of(k, at), users, pause_s, users / pause_s);
	else
		draft_note(k->d, 1, "%s:%d: %.0f virtual users without pauses go as fast as the service "
		    "answers: give a --rate, or search the highest with --find-max", k->script.name,
		    line_of(k, at), users);
}

/* ---- thresholds ---- */

static const char *
metric_of(const char *aggregate, size_t size)
{
	static const struct { const char *k6, *ours; } names[] = {
		{ "p(50)", "p50" }, { "med", "p50" }, { "p(90)", "p90" }, { "p(95)", "p95" },
		{ "p(99)", "p99" }, { "p(99.9)", "p99.9" }, { "avg", "mean" },
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strlen(names[i].k6) == size && memcmp(names[i].k6, aggregate, size) == 0)
			return names[i].ours;
	return NULL;
}

/* "p(95) < 500" of durations in ms, "rate<0.01" of failures; NULL: there is no such target. */
static const char *
target_of(struct k6 *k, const char *metric, const char *text)
{
	size_t size = strcspn(text, "< ");
	const char *limit = strchr(text, '<');
	char *end;

	if (!limit)
		return NULL;
	limit += 1 + (limit[1] == '=');
	double value = strtod(limit, &end);
	if (end == limit || end[strspn(end, " ")] || !(value > 0) || value > RATE_MAX)
		return NULL;
	if (strcmp(metric, "http_req_duration") == 0 && metric_of(text, size))
		return arena_printf(k->d->arena, "%s<%.12gms", metric_of(text, size), value);
	bool is_rate = size == 4 && memcmp(text, "rate", 4) == 0;
	if (strcmp(metric, "http_req_failed") == 0 && is_rate && value <= 1)
		return arena_printf(k->d->arena, "errors<%.12g%%", value * 100);
	return NULL;
}

static void
take_threshold(struct k6 *k, const char *metric, size_t at)
{
	size_t object = script_is(&k->script, at, "{") ? at : 0;
	const struct script_token *text = script_at(&k->script,
	    object ? k6_member(k, object, "threshold") : at);
	const char *target = text->kind == TOKEN_STRING ? target_of(k, metric, text->text) : NULL;

	if (!target) {
		draft_note(k->d, 1, "%s:%d: threshold of %s", k->script.name, text->line, metric);
		return;
	}
	*ARENA_PUSH(k->d->arena, k->d->s->thresholds, k->d->s->n_thresholds) = target;
}

static void
take_thresholds(struct k6 *k, size_t object)
{
	struct k6_member m;

	for (size_t place = object; object && k6_next_member(k, &place, &m);) {
		size_t list = m.value, item;
		if (!script_is(&k->script, list, "["))
			take_threshold(k, m.name, m.value);
		else
			while (k6_next_item(k, &list, &item))
				take_threshold(k, m.name, item);
	}
}

/* ---- scenarios ---- */

struct plan {
	const char *exec;
	double rate, seconds;
	size_t at;
	bool constant;
};

static double
per_second(struct k6 *k, size_t object, const char *name)
{
	double rate = 0, unit_s = 1;
	size_t rate_at = k6_member(k, object, name), unit_at = k6_member(k, object, "timeUnit");

	if (!rate_at || !k6_number(k, rate_at, &rate))
		return 0;
	if (unit_at && (!k6_duration(k, unit_at, &unit_s) || unit_s <= 0))
		return 0;
	return rate / unit_s;
}

static void
take_ramp(struct k6 *k, size_t object)
{
	double unit_s = 1, from = per_second(k, object, "startRate"), target, seconds;
	size_t list = k6_member(k, object, "stages"), item, unit_at = k6_member(k, object, "timeUnit");

	if (unit_at && (!k6_duration(k, unit_at, &unit_s) || unit_s <= 0))
		unit_s = 1;
	while (list && k6_next_item(k, &list, &item)) {
		size_t at = k6_object(k, item);
		size_t to = k6_member(k, at, "target"), of = k6_member(k, at, "duration");
		if (!to || !of || !k6_number(k, to, &target) || !k6_duration(k, of, &seconds) || target < 0) {
			draft_note(k->d, 1, "%s:%d: a stage that depends on the run", k->script.name, line_of(k, item));
			continue;
		}
		target /= unit_s;
		if (seconds > 0)
			add_stage(k, from, target, seconds);
		from = target;
	}
}

static const char *
text_at(struct k6 *k, size_t i)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	size_t end;

	return i && k6_text(k, i, &text, &end) ? arena_strdup(k->d->arena, buf_text(&text)) : "";
}

static void
note_executor(struct k6 *k, size_t object, const char *executor, double pause_s)
{
	double users = 1;
	size_t vus = k6_member(k, object, "vus"), list = k6_member(k, object, "stages"), item;

	if (vus)
		k6_number(k, vus, &users);
	while (list && k6_next_item(k, &list, &item)) {
		double target;
		size_t at = k6_member(k, k6_object(k, item), "target");
		if (at && k6_number(k, at, &target))
			users = fmax(users, target);
	}
	if (*executor)
		draft_note(k->d, 1, "%s:%d: executor %.40s", k->script.name, line_of(k, object), executor);
	note_users(k, object, users, pause_s);
}

static void
take_constant(struct k6 *k, size_t object, struct plan *plans, size_t *n)
{
	struct plan plan = { .at = object, .exec = text_at(k, k6_member(k, object, "exec")) };
	size_t duration = k6_member(k, object, "duration");

	plan.rate = per_second(k, object, "rate");
	if (*n == 32 || plan.rate <= 0 || !duration || !k6_duration(k, duration, &plan.seconds) ||
	    plan.seconds <= 0) {
		draft_note(k->d, 1, "%s:%d: a scenario without a rate and a duration that can be told",
		    k->script.name, line_of(k, object));
		return;
	}
	plans[(*n)++] = plan;
}

/* Constant rates beside each other are one rate, shared out by weights. */
static void
add_plans(struct k6 *k, const struct plan *plans, size_t n)
{
	double rate = 0;

	for (size_t i = 0; i < n; i++) {
		if (plans[i].seconds != plans[0].seconds) {
			draft_note(k->d, 1, "%s:%d: a scenario of another length than the first", k->script.name,
			    line_of(k, plans[i].at));
			continue;
		}
		rate += plans[i].rate;
		for (size_t f = 0; n > 1 && f < k->d->s->n_flows; f++) {
			struct scenario_flow *flow = &k->d->s->flows[f];
			if (flow->name && strcmp(flow->name, *plans[i].exec ? plans[i].exec : "default") == 0)
				flow->weight = plans[i].rate;
		}
	}
	add_stage(k, rate, rate, plans[0].seconds);
}

static void
take_scenarios(struct k6 *k, size_t object, double pause_s)
{
	struct plan plans[32];
	struct k6_member m;
	size_t n = 0;

	for (size_t place = object; object && k6_next_member(k, &place, &m);) {
		size_t at = k6_object(k, m.value);
		const char *executor = text_at(k, k6_member(k, at, "executor"));
		if (strcmp(executor, "constant-arrival-rate") == 0)
			take_constant(k, at, plans, &n);
		else if (strcmp(executor, "ramping-arrival-rate") == 0 && !k->d->s->n_stages)
			take_ramp(k, at);
		else
			note_executor(k, at ? at : m.value, executor, pause_s);
	}
	if (n && !k->d->s->n_stages)
		add_plans(k, plans, n);
	else if (n)
		draft_note(k->d, n, "scenarios of constant rate beside one whose rate rises");
}

void
k6_options(struct k6 *k, double pause_s)
{
	static const char words[] = "options";
	const uint64_t *place = map_find(&k->constants, words, strlen(words));
	size_t object = place ? k6_object(k, (size_t)*place) : 0;

	if (!object)
		return;
	take_thresholds(k, k6_object(k, k6_member(k, object, "thresholds")));
	size_t scenarios = k6_object(k, k6_member(k, object, "scenarios"));
	if (scenarios)
		take_scenarios(k, scenarios, pause_s);
	else if (k6_member(k, object, "vus") || k6_member(k, object, "stages"))
		note_executor(k, object, "", pause_s);
}

/* SPDX-License-Identifier: MIT */
/* A scenario file: its top-level keys, and those of feeders, stages and flows. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/units.h"
#include "scenario/scenario_int.h"

#define CONNECTIONS_MAX 1000000
#define FEEDERS_MAX     64

/* ---- single values ---- */

static int
take_count(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_whole(l, key, n, 1, CONNECTIONS_MAX, to);
}

static int
take_seed(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario *s = to;
	const char *text;
	char *end;

	int code = take_text(l, key, n, &text);
	if (code < 0)
		return code;
	errno = 0;
	s->seed = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		return node_refuse(&l->file, n->place, "%s: '%s' is not a whole number", key, text);
	s->has_seed = true;
	return 0;
}

static int
take_arrivals(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "poisson", "constant", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(const char **)to = words[which];
	return code;
}

/* ---- lists ---- */

static int
take_scenario_headers(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario *s = to;
	return take_pairs(l, key, n, &s->headers, &s->n_headers);
}

static int
take_variables(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario *s = to;
	return take_pairs(l, key, n, &s->variables, &s->n_variables);
}

static int
take_thresholds(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario *s = to;
	return take_texts(l, key, n, &s->thresholds, &s->n_thresholds);
}

static int
take_order(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "sequential", "random", "zipf", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(enum scenario_order *)to = (enum scenario_order)which;
	return code;
}

static int
take_feeders(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "file", take_word, offsetof(struct scenario_feeder, file) },
		{ "order", take_order, offsetof(struct scenario_feeder, order) },
		{ "exponent", take_above_zero, offsetof(struct scenario_feeder, exponent) },
		{ NULL, NULL, 0 },
	};
	struct scenario *s = to;

	int code = require_keys(l, key, n);
	if (n->n_keys > FEEDERS_MAX)
		return node_refuse(&l->file, n->place, "%s: more than %d", key, FEEDERS_MAX);
	for (size_t i = 0; i < n->n_keys && code == 0; i++) {
		struct scenario_feeder *f = ARENA_PUSH(l->a, s->feeders, s->n_feeders);
		*f = (struct scenario_feeder){ .name = n->keys[i]->text, .exponent = 1,
			.place = n->keys[i]->place };
		code = take_keys(l, f->name, n->items[i], keys, f);
		if (code == 0 && !f->file) {
			code = node_refuse(&l->file, f->place, "feeder '%s' has no file", f->name);
			err_hint(l->file.e, "write %s: { file: rows.csv }", f->name);
		}
	}
	return code;
}

static int
check_stage(struct loading *l, const struct node *n, double rate, struct scenario_stage *stage)
{
	bool has_rate = !isnan(rate), has_from = !isnan(stage->from), has_to = !isnan(stage->to);

	if (has_rate == (has_from || has_to) || has_from != has_to) {
		int code = node_refuse(&l->file, n->place, "a stage has either a rate, or from and to");
		err_hint(l->file.e, "write { rate: 100/s, for: 10s } or { from: 0/s, to: 100/s, for: 10s }");
		return code;
	}
	if (has_rate)
		stage->from = stage->to = rate;
	if (stage->for_ns > 0)
		return 0;
	int code = node_refuse(&l->file, n->place, "a stage that lasts no time");
	err_hint(l->file.e, "write { rate: 100/s, for: 10s }");
	return code;
}

static int
take_stages(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct written { struct scenario_stage stage; double rate; };
	static const struct key keys[] = {
		{ "rate", take_rate, offsetof(struct written, rate) },
		{ "from", take_rate, offsetof(struct written, stage.from) },
		{ "to", take_rate, offsetof(struct written, stage.to) },
		{ "for", take_duration, offsetof(struct written, stage.for_ns) }, { NULL, NULL, 0 },
	};
	struct scenario *s = to;
	int code = 0;

	if (n->kind != NODE_LIST) {
		code = node_refuse(&l->file, n->place, "%s: a list is expected", key);
		err_hint(l->file.e, "write '- { rate: 100/s, for: 10s }' below it");
		return code;
	}
	for (size_t i = 0; i < n->n_items && code == 0; i++) {
		struct written w = { { .from = NAN, .to = NAN, .place = n->items[i]->place }, NAN };
		code = take_keys(l, "a stage", n->items[i], keys, &w);
		if (code == 0)
			code = check_stage(l, n->items[i], w.rate, &w.stage);
		if (code == 0)
			*ARENA_PUSH(l->a, s->stages, s->n_stages) = w.stage;
	}
	return code;
}

/* ---- flows ---- */

static int
take_steps(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario_flow *flow = to;
	int code = 0;

	if (n->kind != NODE_LIST || !n->n_items) {
		code = node_refuse(&l->file, n->place, "%s: a list is expected", key);
		err_hint(l->file.e, "write '- get: /path' below it");
		return code;
	}
	for (size_t i = 0; i < n->n_items && code == 0; i++)
		code = take_step(l, n->items[i], false, ARENA_PUSH(l->a, flow->steps, flow->n_steps));
	return code;
}

static int
take_flow(struct loading *l, const struct node *n, struct scenario_flow *flow)
{
	static const struct key keys[] = {
		{ "name", take_word, offsetof(struct scenario_flow, name) },
		{ "weight", take_above_zero, offsetof(struct scenario_flow, weight) },
		{ "steps", take_steps, 0 }, { NULL, NULL, 0 },
	};
	const struct node *weight = node_get(n, "weight");

	*flow = (struct scenario_flow){ .weight = 1, .place = n->place };
	if (node_get(n, "steps"))
		return take_keys(l, "a flow", n, keys, flow);
	if (weight) {
		int code = take_above_zero(l, "weight", weight, &flow->weight);
		if (code < 0)
			return code;
	}
	return take_step(l, n, true, ARENA_PUSH(l->a, flow->steps, flow->n_steps));
}

static int
take_flows(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario *s = to;
	int code = 0;

	if (n->kind != NODE_LIST) {
		code = node_refuse(&l->file, n->place, "%s: a list is expected", key);
		err_hint(l->file.e, "write '- get: /path' below it");
		return code;
	}
	for (size_t i = 0; i < n->n_items && code == 0; i++)
		code = take_flow(l, n->items[i], ARENA_PUSH(l->a, s->flows, s->n_flows));
	return code;
}

/* ---- the file ---- */

static const struct key scenario_keys[] = {
	{ "name", take_word, offsetof(struct scenario, name) },
	{ "base", take_word, offsetof(struct scenario, base) },
	{ "headers", take_scenario_headers, 0 },
	{ "variables", take_variables, 0 },
	{ "feeders", take_feeders, 0 },
	{ "stages", take_stages, 0 },
	{ "arrivals", take_arrivals, offsetof(struct scenario, arrivals) },
	{ "connections", take_count, offsetof(struct scenario, connections) },
	{ "reuse", take_share, offsetof(struct scenario, reuse) },
	{ "timeout", take_time, offsetof(struct scenario, timeout_ns) },
	{ "seed", take_seed, 0 },
	{ "flows", take_flows, 0 },
	{ "thresholds", take_thresholds, 0 },
	{ "replay", take_word, offsetof(struct scenario, replay) },
	{ NULL, NULL, 0 },
};

static int
load(struct loading *l, struct scenario *s)
{
	struct node *root;

	int code = node_parse(&l->file, l->a, &root);
	if (code == 0)
		code = take_keys(l, "a scenario", root, scenario_keys, s);
	if (code == 0 && !s->n_flows) {
		code = node_refuse(&l->file, (struct node_place){ 0 }, "no flows");
		err_hint(l->file.e, "write flows: [ { get: /path } ]");
	}
	return code < 0 ? code : scenario_check(l, s);
}

int
scenario_parse(const char *text, size_t size, const char *name, struct arena *a,
    struct scenario **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf copy = { .cap_bytes = NODE_FILE_MAX + 1 };
	struct scenario *s = arena_alloc(a, sizeof(*s));

	*s = (struct scenario){ .arena = a, .file = arena_strdup(a, name), .reuse = NAN };
	buf_append(&copy, text, size);
	if (copy.truncated)
		return err_usage(e, "%s: larger than %zu MiB", name, NODE_FILE_MAX >> 20);
	struct loading l = { { s->file, buf_text(&copy), copy.size, e }, a, { 0 } };
	int code = load(&l, s);
	map_done(&l.places);
	if (code == 0)
		*ret = s;
	return code;
}

int
scenario_read(const char *path, struct arena *a, struct scenario **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { .cap_bytes = NODE_FILE_MAX };

	int code = file_read(path, NODE_FILE_MAX, &text, e);
	if (code < 0) {
		e->status = STATUS_USAGE;
		return code;
	}
	return scenario_parse(buf_text(&text), text.size, path, a, ret, e);
}

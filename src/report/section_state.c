/* SPDX-License-Identifier: MIT */
/* What was promised and what was measured. */
#include "report/section.h"

#include "base/cleanup.h"
#include "report/say.h"

static void
target_pairs(struct doc *d, const struct run *r)
{
	const struct run_target *t = section_target(r);
	struct doc_block *b = doc_block(d, DOC_PAIRS);

	if (!t) {
		doc_pair(d, b, "Metric", say_known(r->baseline.latency.p99)
		    ? doc_printf(d, "p99 latency %s (measured)", say_duration(d,
		    r->baseline.latency.p99))
		    : "not measured yet");
		doc_pair(d, b, "Target", "none was given (--target 'p99 < 500ms' sets one)");
		doc_pair(d, b, "Gap", "not known without a target");
		return;
	}
	const char *interval = say_interval(d, r, t);
	doc_pair(d, b, "Metric", !say_known(t->value) ? doc_printf(d, "%s: not measured yet",
	    say_metric(t->metric)) : doc_printf(d, "%s %s (%s%s%s)", say_metric(t->metric),
	    say_value(d, r, t->metric, t->value), interval ? "95 % interval " : "",
	    interval ? doc_printf(d, "%s, ", interval) : "", say_source(t->src)));
	doc_pair(d, b, "Target", doc_printf(d, "%s %s", say_metric(t->metric), say_limit(d, r, t)));
	doc_pair(d, b, "Gap", say_known(t->gap) ? doc_printf(d, "%s the limit: %s", say_times(d,
	    t->gap),
	    say_met(t)) : say_met(t));
}

static void
target_table(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "metric", ">now", ">95 % interval", "target",
	    ">of limit",
	                                      "verdict", "source", NULL };
	if (r->n_targets < 2)
		return;
	struct doc_table *table = doc_table(d, "All targets", titles);
	for (size_t i = 0; i < r->n_targets && i < 20; i++) {
		const struct run_target *t = &r->targets[i];
		doc_cell(d, table, say_metric(t->metric));
		doc_cell(d, table, say_value(d, r, t->metric, t->value));
		doc_cell(d, table, say_interval(d, r, t));
		doc_cell(d, table, say_limit(d, r, t));
		doc_cell(d, table, say_times(d, t->gap));
		doc_cell_tone(d, table, say_met(t), say_met_tone(t));
		doc_cell(d, table, say_source(t->src));
	}
}

static void
baseline(struct doc *d, const struct run_baseline *b)
{
	const struct run_latency *l = &b->latency;
	const struct {
		const char *name;
		double value;
		enum doc_unit unit;
	} rows[] = {
		{ "offered load", b->rate, UNIT_RATE }, { "throughput", b->throughput, UNIT_RATE },
		{ "latency mean", l->mean, UNIT_SECONDS }, { "latency p50", l->p50, UNIT_SECONDS },
		{ "latency p95", l->p95, UNIT_SECONDS }, { "latency p99", l->p99, UNIT_SECONDS },
		{ "latency p99.9", l->p999, UNIT_SECONDS }, { "latency max", l->max, UNIT_SECONDS },
		{ "errors", b->error_rate, UNIT_RATIO }, { "timeouts", b->timeout_rate, UNIT_RATIO },
		{ "CPU used", b->cpu, UNIT_CORES }, { "CPU a request", b->cpu_per_request, UNIT_SECONDS },
		{ "memory (RSS)", b->rss_bytes, UNIT_BYTES }, { "I/O wait", b->io_wait, UNIT_RATIO },
		{ "network a second", b->net_bytes_per_s, UNIT_BYTES },
	};
	if (!say_known(b->throughput) && !say_known(l->p50)) {
		doc_note(d, "Nothing was measured under load.");
		return;
	}
	doc_heading(d, "Measured under load");
	struct doc_block *pairs = doc_block(d, DOC_PAIRS);
	pairs->compact = true;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (say_known(rows[i].value))
			doc_pair(d, pairs, rows[i].name, say_unit(d, rows[i].value, rows[i].unit));
	if (l->censored)
		doc_note(d,
		    "Some requests were never answered: the tail of the latency is a lower bound.");
}

static void
route_table(struct doc *d, const struct run_baseline *b)
{
	static const char *const titles[] = { "route", ">rate", ">p50", ">p95", ">p99", ">errors",
	                                      ">mean answer", NULL };
	if (!b->n_routes)
		return;
	struct doc_table *t = doc_table(d, "By route", titles);
	for (size_t i = 0; i < b->n_routes && i < 50; i++) {
		const struct run_route *o = &b->routes[i];
		doc_cell_code(d, t, say_clip(d, o->route, 120));
		doc_cell(d, t, say_rate(d, o->rate));
		doc_cell(d, t, say_duration(d, o->latency.p50));
		doc_cell(d, t, say_duration(d, o->latency.p95));
		doc_cell(d, t, say_duration(d, o->latency.p99));
		doc_cell(d, t, say_percent(d, o->error_rate));
		doc_cell(d, t, say_size(d, o->body_bytes));
	}
	t->left_out = b->n_routes > 50 ? b->n_routes - 50 : 0;
}

void
section_state(struct doc *d, const struct run *r)
{
	if (r->error)
		doc_lead(d, TONE_BAD, say_clip(d, r->error, 600));
	target_pairs(d, r);
	target_table(d, r);
	baseline(d, &r->baseline);
	route_table(d, &r->baseline);
}

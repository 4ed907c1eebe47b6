/* SPDX-License-Identifier: MIT */
/* Terminal: the verdict with its figures. */
#include "report/section.h"

#include "base/buf.h"
#include "report/say.h"

static const char *
figures(struct doc *d, const struct run *r, const struct run_target *t)
{
	const char *interval = say_interval(d, r, t);
	const char *value = doc_printf(d, "%s %s%s%s%s", say_metric_short(t->metric),
	    say_value(d, r, t->metric, t->value), interval ? " (" : "", interval ? interval : "",
	    interval ? ")" : "");
	const char *gap = say_met_tone(t) == TONE_BAD && say_known(t->gap)
	    ? doc_printf(d, "   gap %s", say_times(d, t->gap)) : "";
	return doc_printf(d, "%s   target %s%s", value, say_limit(d, r, t), gap);
}

static const char *
held(struct doc *d, const struct run *r)
{
	const struct run_capacity *c = &r->capacity;
	struct buf b = { .cap_bytes = 512 };

	if (say_known(c->knee_rate))
		buf_printf(&b, "holds %s%s%s", c->at_least ? "at least " : "", say_rate(d,
		    c->knee_rate),
		    r->n_targets ? " within the target" : "");
	if (say_known(c->max_rate) && !c->at_least && c->max_rate > c->knee_rate)
		buf_printf(&b, "%sat most %s", b.size ? "; " : "", say_rate(d, c->max_rate));
	if (!r->n_targets && say_known(r->baseline.latency.p99))
		buf_printf(&b, "%sp99 %s at %s", b.size ? "; " : "", say_duration(d,
		    r->baseline.latency.p99),
		    say_rate(d, r->baseline.rate));
	if (say_known(r->baseline.error_rate))
		buf_printf(&b, "%serrors %s", b.size ? "; " : "", say_percent(d,
		    r->baseline.error_rate));
	const char *s = arena_strdup(d->arena, buf_text(&b));
	buf_done(&b);
	return s;
}

static bool
concludes(const struct run *r)
{
	return r->verdict == VERDICT_MET || r->verdict == VERDICT_MISSED;
}

void
section_verdict(struct doc *d, const struct run *r)
{
	const struct run_target *t = section_target(r);
	bool by_figures = concludes(r) && t && say_known(t->value);

	doc_section(d)->title = d->verdict;
	const char *holds = held(d, r);
	bool by_load = concludes(r) && !r->n_targets && *holds;
	doc_lead(d, d->tone, by_figures ? figures(d, r, t) : by_load ? holds : d->headline);
	if (!by_figures && r->error && r->error != r->headline && r->headline)
		doc_text(d, say_clip(d, r->error, 300));
	size_t shown = 0;
	for (size_t i = 0; i < r->n_targets && by_figures && shown < 2; i++)
		if (&r->targets[i] != t && ++shown)
			doc_text(d, doc_printf(d, "%s: %s", figures(d, r, &r->targets[i]),
			    say_met(&r->targets[i])));
	if (!by_load && (concludes(r) || say_known(r->capacity.knee_rate)))
		doc_text(d, holds);
}

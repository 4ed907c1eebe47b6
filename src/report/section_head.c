/* SPDX-License-Identifier: MIT */
/* The head of every form, and the choices that several sections share. */
#include "report/section.h"

#include <string.h>

#include "base/cleanup.h"
#include "report/say.h"
#include "report/say_proof.h"

const struct run_target *
section_target(const struct run *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (say_met_tone(&r->targets[i]) == TONE_BAD)
			return &r->targets[i];
	return r->n_targets ? &r->targets[0] : NULL;
}

bool
section_has_profile(const struct run *r)
{
	const struct run_trace *t = &r->evidence.trace;
	return t->n_routes || t->n_functions || t->n_stacks;
}

const char *
section_not_judged(const struct run_ruled_out *o)
{
	static const char words[] = "not judged: ";

	return o->why && !strncmp(o->why, words, strlen(words)) ? o->why + strlen(words) : NULL;
}

const struct run_proof *
section_proof_of(const struct run *r)
{
	const struct run_proof *p = r->n_proofs ? &r->proofs[r->fix ? r->n_proofs - 1 : 0] : NULL;

	if (r->fix)
		return p;
	return p && !p->step && (p->n_arms || p->n_comparisons) ? p : NULL;
}

static bool
any_target_known(const struct run *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (say_known(r->targets[i].value))
			return true;
	return false;
}

/* The word the verdict is shown as: "MISSED"; where nothing was promised "HEALTHY", or "LIMITED"
 * when a limit was found. */
static const char *
section_verdict_word(const struct run *r)
{
	static const char *const words[] = {
		[VERDICT_NONE] = "UNFINISHED", [VERDICT_MET] = "MET", [VERDICT_MISSED] = "MISSED",
		[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
		[VERDICT_GENERATOR_LIMITED] = "GENERATOR-LIMITED", [VERDICT_IDLE] = "IDLE",
		[VERDICT_ERROR] = "ERROR",
	};
	if (section_proof_of(r) && r->verdict != VERDICT_ERROR)
		return r->fix ? say_fixed(r) : say_outcome(section_proof_of(r)->verdict);
	if (r->verdict == VERDICT_MET && !any_target_known(r))
		return r->healthy ? "HEALTHY" : "LIMITED";
	return words[r->verdict];
}

static enum doc_tone
section_verdict_tone(const struct run *r)
{
	if (section_proof_of(r) && r->verdict != VERDICT_ERROR)
		return r->fix ? say_fixed_tone(r) : say_outcome_tone(section_proof_of(r)->verdict);
	switch (r->verdict) {
	case VERDICT_MET:    return any_target_known(r) || r->healthy ? TONE_GOOD : TONE_WARN;
	case VERDICT_MISSED:
	case VERDICT_ERROR:  return TONE_BAD;
	case VERDICT_IDLE:   return TONE_QUIET;
	default:             return TONE_WARN;
	}
}

/* The headline without the verdict in front: every form shows that by itself. */
static const char *
without_verdict(const struct run *r, const char *headline)
{
	const char *words[] = { verdict_name(r->verdict), "healthy" };

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t n = strlen(words[i]);
		if (n && strncasecmp(headline, words[i], n) == 0 && strncmp(headline + n, ": ",
		    2) == 0)
			return headline + n + 2;
	}
	return headline;
}

/* A sentence, unless it begins with a name or a figure ("p99", "json_escape"). */
static const char *
capitalised(struct doc *d, const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
	if (!n || (s[n] && !strchr(" ,:;", s[n])))
		return s;
	char *copy = arena_strdup(d->arena, s);
	copy[0] = (char)(copy[0] - 'a' + 'A');
	return copy;
}

static const char *
section_headline(struct doc *d, const struct run *r)
{
	static const char *const presets[] = {
		[VERDICT_NONE] = "The run was not finished.",
		    [VERDICT_MET] = "The targets are met.",
		[VERDICT_MISSED] = "A target is missed.",
		[VERDICT_INCONCLUSIVE] = "The data allow no conclusion.",
		[VERDICT_GENERATOR_LIMITED] = "The load generator was the limit.",
		[VERDICT_IDLE] = "The service was idle: nothing to judge.",
		[VERDICT_ERROR] = "The run could not be finished.",
	};
	if (section_proof_of(r) && !r->headline && !r->error)
		return capitalised(d, say_why(d, section_proof_of(r)));
	const char *s = r->headline ? r->headline : r->error ? r->error : presets[r->verdict];
	return capitalised(d, say_clip(d, without_verdict(r, s), 400));
}

static void
add_pair(struct doc *d, struct doc_pair **pairs, size_t *n, struct doc_pair pair)
{
	if (pair.value && *pair.value)
		*(struct doc_pair *)arena_push_(d->arena, (void **)pairs, n, sizeof(pair)) = pair;
}

static void
add_chips(struct doc *d, const struct run *r)
{
	for (size_t i = 0; i < r->n_targets && i < 8; i++) {
		const struct run_target *t = &r->targets[i];
		add_pair(d, &d->chips, &d->n_chips, (struct doc_pair){
		    .name = doc_printf(d, "%s %s", say_metric(t->metric), say_limit(d, r, t)),
		    .value = say_known(t->value) ? doc_printf(d, "%s: %s", say_met(t),
		        say_value(d, r, t->metric, t->value)) : say_met(t),
		    .tone = say_met_tone(t) });
	}
}

/* What the whole plan is expected to bring: the value large, its interval small. */
static void
add_expected(struct doc *d, const struct run_step *last)
{
	const char *name, *value = say_expected(d, last, &name);
	const char *detail = value ? strstr(value, " (") : NULL;

	if (!value)
		return;
	add_pair(d, &d->figures, &d->n_figures, (struct doc_pair){
	    .name = doc_printf(d, "%s after the plan", name), .tone = TONE_GOOD, .detail = detail
	    ? detail + 1 : NULL,
	    .value = detail ? doc_printf(d, "%.*s", (int)(detail - value), value) : value });
}

static void
add_figures(struct doc *d, const struct run *r)
{
	struct doc_pair **pairs = &d->figures;
	size_t *n = &d->n_figures;
	const struct run_target *t = section_target(r);

	if (t && say_known(t->value))
		add_pair(d, pairs, n, (struct doc_pair){ doc_printf(d, "%s now",
		    say_metric(t->metric)),
		    say_value(d, r, t->metric, t->value), say_met_tone(t), say_interval(d, r, t) });
	else if (say_known(r->baseline.latency.p99))
		add_pair(d, pairs, n, (struct doc_pair){ .name = "p99 latency now",
		    .value = say_duration(d, r->baseline.latency.p99) });
	if (t)
		add_pair(d, pairs, n, (struct doc_pair){ .name = "target", .value = say_limit(d, r,
		    t) });
	if (say_known(r->capacity.knee_rate))
		add_pair(d, pairs, n, (struct doc_pair){ .value = say_rate(d,
		    r->capacity.knee_rate),
		    .name = r->capacity.at_least ? "holds at least" : "holds" });
	if (r->n_findings)
		add_pair(d, pairs, n, (struct doc_pair){ .name = "limited by",
		    .value = say_finding(d, say_clip(d, r->findings[0].kind, 60)),
		    .detail = r->findings[0].confidence < HYPOTHESIS ? "a hypothesis" : NULL });
	if (r->n_plan)
		add_expected(d, &r->plan[r->n_plan - 1]);
}

/* The figure that decides, latency's tail, and what the answer rests on. */
static void
add_proof(struct doc *d, const struct run_proof *p)
{
	for (size_t i = 0; i < p->n_comparisons; i++) {
		const struct run_comparison *c = &p->comparisons[i];
		bool tail = c->metric && strcmp(c->metric, "latency_p99") == 0;
		if (c->route || !(tail || c->primary) || !say_known(c->ratio))
			continue;
		add_pair(d, &d->figures, &d->n_figures, (struct doc_pair){ .name = say_compared(d, c),
		    .value = say_change(d, c), .tone = say_outcome_tone(c->verdict),
		    .detail = doc_printf(d, "%s, was %s", say_compared_value(d, c, c->after),
		        say_compared_value(d, c, c->before)) });
	}
	if (p->n_answers)
		add_pair(d, &d->figures, &d->n_figures, (struct doc_pair){ "answers", "not A's",
		    TONE_BAD, NULL });
	if (p->noise.grade)
		add_pair(d, &d->figures, &d->n_figures, (struct doc_pair){ .name = "machine",
		    .value = say_clip(d, p->noise.grade, 20) });
	if (say_primary(p) && say_primary(p)->pairs)
		add_pair(d, &d->figures, &d->n_figures, (struct doc_pair){ .name = "pairs",
		    .value = doc_printf(d, "%lld", (long long)say_primary(p)->pairs) });
}

void
section_head(struct doc *d, const struct run *r)
{
	const char *name = r->system.name ? r->system.name : r->spec.system ? r->spec.system
	    : "service";

	name = say_clip(d, name, 80);
	d->verdict = section_verdict_word(r);
	d->tone = section_verdict_tone(r);
	d->headline = section_headline(d, r);
	d->title = doc_printf(d, "%s: %s", name, d->verdict);
	d->meta = doc_printf(d, "%s \xc2\xb7 %s \xc2\xb7 %s%s", name,
	    r->created ? say_clip(d, r->created, 40) : "time not known",
	    r->tool ? say_clip(d, r->tool, 40) : "prony",
	    r->sealed ? "" : " \xc2\xb7 unfinished");
	add_chips(d, r);
	if (section_proof_of(r))
		add_proof(d, section_proof_of(r));
	else
		add_figures(d, r);
}

/* SPDX-License-Identifier: MIT */
#include "diagnose/detect.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "diagnose/text.h"

#define PER_KIND_MAX   3      /* findings of one kind that are told */
#define TRUST_CEILING  0.99

#define DETECTOR(id) extern const struct detector detect_##id;
#include "diagnose/detectors.def"
#undef DETECTOR

static const struct detector *const detectors[] = {
#define DETECTOR(id) &detect_##id,
#include "diagnose/detectors.def"
#undef DETECTOR
};

static const char *
printed(struct run *r, const char *fmt, va_list ap)
{
	struct buf b = { 0 };

	buf_vprintf(&b, fmt, ap);
	const char *s = run_str(r, buf_text(&b));
	buf_done(&b);
	return s;
}

/* Another line about the finding that was added last. */
static void
add_line(struct draft *d, const char ***lines, size_t *n, const char *fmt, va_list ap)
{
	*ARENA_PUSH(d->f->run->arena, *lines, *n) = printed(d->f->run, fmt, ap);
}

/* Where the function that the finding is about stands in its source. */
static void
find_source(const struct facts *f, struct run_finding *finding)
{
	for (size_t i = 0; finding->where && i < f->trace->n_functions; i++) {
		const struct run_function *function = &f->trace->functions[i];
		if (!function->file || !text_same(function->name, finding->where))
			continue;
		finding->file = function->file;
		finding->line = function->line;
		return;
	}
}

struct run_finding *
finding_add(struct draft *d, double share, double confidence, const char *where)
{
	struct run *r = d->f->run;
	struct run_finding *f = RUN_ADD(r, finding, d->findings, d->n_findings);

	f->kind = d->detector->kind;
	f->class = d->detector->class;
	f->share = fmin(fmax(share, 0), 1);
	f->confidence = fmin(confidence * d->f->trust, TRUST_CEILING);
	f->basis = "attributed";
	f->where = run_str(r, where);
	find_source(d->f, f);
	f->source = d->f->estimated ? SOURCE_ESTIMATED : SOURCE_MEASURED;
	if (d->f->doubt)
		RUN_ADD_STR(r, f->against, f->n_against, d->f->doubt);
	*ARENA_PUSH(r->arena, d->scores, d->n_scores) = d->detector->weight * f->confidence
	    * (f->confidence < HYPOTHESIS ? 0.3 : 1) * (f->share > 0 ? f->share : 1);
	return f;
}

void
finding_is_cause(struct draft *d)
{
	d->scores[d->n_scores - 1] *= WEIGHT_CAUSE / d->detector->weight;
}

void
finding_evidence(struct draft *d, const char *fmt, ...)
{
	struct run_finding *f = &d->findings[d->n_findings - 1];
	va_list ap;

	va_start(ap, fmt);
	add_line(d, &f->evidence, &f->n_evidence, fmt, ap);
	va_end(ap);
}

void
finding_against(struct draft *d, const char *fmt, ...)
{
	struct run_finding *f = &d->findings[d->n_findings - 1];
	va_list ap;

	va_start(ap, fmt);
	add_line(d, &f->against, &f->n_against, fmt, ap);
	va_end(ap);
}

void
rule_out(struct draft *d, const char *fmt, ...)
{
	struct run *r = d->f->run;
	struct run_ruled_out *o = RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
	va_list ap;

	va_start(ap, fmt);
	o->kind = d->detector->kind;
	o->why = printed(r, fmt, ap);
	va_end(ap);
}

/* ---- settling ------------------------------------------------------------------------------ */

static bool
is_kind(const struct run_finding *f, const char *kind)
{
	return text_same(f->kind, kind);
}

/* A share of exactly 0 means that time is not what the finding is about (memory growth). */
static bool
is_noise(const struct draft *d, const struct run_finding *f)
{
	return f->share > 0 && f->share < d->f->min_share;
}

/* The same place told as two kinds is one finding, that of the more telling kind. */
static bool
told_twice(const struct draft *d, const struct run_finding *f)
{
	static const struct { const char *kind, *told_as; } pairs[] = {
		{ "cpu.hot-function", "cpu.event-loop" }, { "io.net.downstream", "io.net.n-plus-one" },
		{ "io.disk.read", "io.blocking-call" }, { "io.net.downstream", "io.blocking-call" },
		{ "cpu.hot-function", "memory.alloc" }, { "cpu.hot-function", "memory.page-fault" },
		{ "cpu.hot-function", "contention.lock" },
		{ "cpu.hot-function", "contention.stampede" }, { "io.net.downstream", "io.net.retry" },
		{ "io.net.downstream", "io.net.dns" }, { "io.net.downstream", "io.net.nagle" },
		{ "io.net.downstream", "io.data-loading" }, { "io.disk.read", "io.data-loading" },
		{ "cpu.hot-function", "io.data-loading" }, { "io.db.slow-query", "io.net.connect" },
		{ "io.db.slow-query", "io.db.n-plus-one" },
	};

	for (size_t p = 0; p < COUNT_OF(pairs); p++)
		for (size_t i = 0; is_kind(f, pairs[p].kind) && i < d->n_findings; i++)
			if (is_kind(&d->findings[i], pairs[p].told_as)
			    && text_same(d->findings[i].where, f->where))
				return true;
	return false;
}

static void
drop(struct draft *d, const struct run_finding *f)
{
	struct run *r = d->f->run;
	size_t of_kind = 0;

	for (size_t i = 0; i < r->n_findings; i++)
		of_kind += is_kind(&r->findings[i], f->kind);
	for (size_t i = 0; i < r->n_ruled_out; i++)
		of_kind += text_same(r->ruled_out[i].kind, f->kind);
	if (of_kind > 0)
		return;
	struct run_ruled_out *o = RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
	o->kind = f->kind;
	o->why = told_twice(d, f)
	    ? run_printf(r, "%s is told as another kind", text_brief(r, f->where, 60))
	    : run_printf(r, "%s: %s of the time, below the %s that counts here",
	          text_brief(r, f->where, 60), PCT(f->share), PCT(d->f->min_share));
}

static void
settle(struct draft *d)
{
	struct run *r = d->f->run;
	CLEANUP(free_p) bool *done = calloc(d->n_findings + 1, sizeof(*done));

	if (!done)
		abort();
	for (size_t turn = 0; turn < d->n_findings; turn++) {
		size_t best = SIZE_MAX, of_kind = 0;
		for (size_t i = 0; i < d->n_findings; i++)
			if (!done[i] && (best == SIZE_MAX || d->scores[i] > d->scores[best]))
				best = i;
		done[best] = true;
		const struct run_finding *f = &d->findings[best];
		for (size_t i = 0; i < r->n_findings; i++)
			of_kind += is_kind(&r->findings[i], f->kind);
		if (of_kind >= PER_KIND_MAX || is_noise(d, f) || told_twice(d, f)) {
			drop(d, f);
			continue;
		}
		struct run_finding *out = RUN_ADD(r, finding, r->findings, r->n_findings);
		*out = *f;
		out->id = run_printf(r, "F%zu", r->n_findings);
	}
}

static const char *
unseen(const struct facts *f, enum needs needs)
{
	if (needs == NEEDS_TIME && (f->n_parts == 0 || (f->estimated && !f->waits_sampled)))
		return "where the requests' time goes was not seen";
	if (needs == NEEDS_CPU && f->n_parts == 0)
		return "how much CPU the requests use was not seen";
	return NULL;
}

void
draft_make(struct draft *d, struct facts *f)
{
	*d = (struct draft){ .f = f };
	for (size_t i = 0; i < COUNT_OF(detectors); i++) {
		d->detector = detectors[i];
		const char *missing = unseen(f, detectors[i]->needs);
		if (missing)
			rule_out(d, "not judged: %s", missing);
		else
			d->detector->detect(f, d);
	}
	settle(d);
}

void
draft_refuse(struct run *r, const char *why)
{
	r->findings = NULL;
	r->n_findings = 0;
	r->ruled_out = NULL;
	r->n_ruled_out = 0;
	for (size_t i = 0; i < COUNT_OF(detectors); i++) {
		struct run_ruled_out *o = RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
		o->kind = detectors[i]->kind;
		o->why = run_printf(r, "not judged: %s", why);
	}
}

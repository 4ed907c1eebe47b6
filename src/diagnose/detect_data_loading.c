/* SPDX-License-Identifier: MIT */
/* A training or batch job waits for the processes that load its data.
 *
 * What the workers do meanwhile is the cause, and its class. How many of them would keep up is Little's
 * law: the time that workers are at work for a step, over the time that the step itself takes. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define WAITED_MIN 0.10
#define BUSY_MIN   0.70    /* of the CPUs */

static const struct run_wait *
wait_of(const struct facts *f, const struct run_loader *l)
{
	for (size_t i = 0; i < f->trace->n_waits; i++)
		if (f->trace->waits[i].kind == PART_QUEUE && text_same(f->trace->waits[i].where, l->queue))
			return &f->trace->waits[i];
	return NULL;
}

/* The largest thing that the workers do that has a name. */
static const struct run_part *
cause_of(const struct run_wait *w)
{
	for (size_t i = 0; w && i < w->n_holder; i++)
		if (w->holder[i].where && w->holder[i].kind != PART_OTHER && w->holder[i].kind != PART_RUNQUEUE)
			return &w->holder[i];
	return NULL;
}

static const char *
place_of(const struct facts *f, const struct run_loader *l, const struct run_part *cause)
{
	if (!cause)
		return l->queue;
	for (size_t i = 0; cause->kind == PART_CPU && i < f->n_hot; i++)
		if (text_same(f->hot[i].name, cause->where))
			return facts_hot_place(f, &f->hot[i]);
	return text_brief(f->run, cause->where, 160);
}

static enum run_class
class_of(const struct run_part *cause)
{
	return cause && cause->kind == PART_CPU ? CLASS_CPU : cause && cause->kind == PART_LOCK ?
	    CLASS_CONTENTION : CLASS_IO;
}

static void
tell_workers(const struct facts *f, struct draft *d, const struct run_loader *l)
{
	double work = 1 - l->waited, needed = ceil(l->busy / work - 0.01);

	finding_evidence(d, "%lld workers, of which %.2g are at work at a time; a step takes %s, of which %s is "
	    "its own work", (long long)l->workers, l->busy, DURATION(l->seconds), DURATION(work * l->seconds));
	if (l->busy > 0.9 * (double)l->workers && isfinite(needed))
		finding_evidence(d, "to keep up %.0f workers are needed: they are at work %s for each step",
		    needed, DURATION(l->busy * l->seconds));
	else
		finding_evidence(d, "the workers themselves have nothing to do, or no room, %s of the time",
		    PCT(l->orders));
	if (f->utilisation > BUSY_MIN || f->host_busy > BUSY_MIN)
		finding_evidence(d, "CPUs are %s used: more workers would share them", PCT(fmax(f->utilisation, f->host_busy)));
}

static void
tell(const struct facts *f, struct draft *d, const struct run_loader *l)
{
	const struct run_wait *w = wait_of(f, l);
	const struct run_part *cause = cause_of(w);
	struct run_finding *out = finding_add(d, l->waited, 0.9, place_of(f, l, cause));

	out->class = class_of(cause);
	out->summary = run_printf(f->run, "%s waits %s of its time for data from its %lld workers%s%s", l->name,
	    PCT(l->waited), (long long)l->workers, cause ? ", which are in " : "", cause ? out->where : "");
	finding_evidence(d, "meanwhile the workers: %s", w ? text_parts(f->run, w->holder, w->n_holder, 3)
	    : "not seen");
	tell_workers(f, d, l);
	if (!cause)
		finding_against(d, "what the workers do has no name");
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_loader *l = f->trace->loaders;

	if (!f->trace->n_loaders)
		rule_out(d, "no process of the service works through what its children bring it");
	else if (!(l->waited >= WAITED_MIN))
		rule_out(d, "%s waits %s of its time for data from its workers", l->name, PCT(l->waited));
	else
		tell(f, d, l);
}

const struct detector detect_data_loading = {
	.kind = "io.data-loading", .class = CLASS_IO, .needs = NEEDS_SERIES, .weight = WEIGHT_CAUSE,
	.detect = detect, .about = "a training or batch job waits for the processes that load its data",
};

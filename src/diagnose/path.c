/* SPDX-License-Identifier: MIT */
#include "diagnose/path.h"

#include <math.h>
#include <string.h>

#include "diagnose/targets.h"
#include "diagnose/text.h"

struct branch {
	const char *name;
	double share;
};

static double
kinds(const struct facts *f, const enum run_part_kind *list)
{
	double sum = 0;

	for (; *list != PART_NONE; list++)
		sum += f->charged[*list];
	return sum;
}

#define KINDS(...) ((const enum run_part_kind[]){ __VA_ARGS__, PART_NONE })

static void
fork_line(const struct facts *f, const char *scope, struct branch *b, size_t n, const char *note)
{
	struct run *r = f->run;
	const struct branch *best = &b[0];
	const char *line = scope;

	for (size_t i = 0; i < n; i++) {
		line = run_printf(r, "%s%s %s %s", line, i ? "," : ":", b[i].name, PCT(b[i].share));
		if (b[i].share > best->share)
			best = &b[i];
	}
	RUN_ADD_STR(r, r->path, r->n_path, run_printf(r, "%s -> %s%s", line, best->name, note));
}

static void
latency_fork(const struct facts *f)
{
	struct branch b[] = {
		{ "network", kinds(f, KINDS(PART_NET)) },
		{ "database", kinds(f, KINDS(PART_DB, PART_CACHE)) },
		{ "compute", kinds(f, KINDS(PART_CPU, PART_RUNQUEUE, PART_GC, PART_FAULT)) },
		{ "waiting inside", kinds(f, KINDS(PART_LOCK, PART_DISK, PART_SLEEP, PART_OTHER)) },
	};

	fork_line(f, text_same(f->scope, "slow") ? "time of the slow requests" : "time of the requests",
	    b, sizeof(b) / sizeof(b[0]), "");
}

static void
throughput_fork(const struct facts *f)
{
	struct branch b[] = {
		{ "CPU", kinds(f, KINDS(PART_CPU, PART_RUNQUEUE)) },
		{ "I/O", kinds(f, KINDS(PART_DISK, PART_DB, PART_CACHE, PART_NET)) },
		{ "memory", kinds(f, KINDS(PART_GC, PART_FAULT)) },
		{ "contention", kinds(f, KINDS(PART_LOCK)) },
		{ "idle waiting", kinds(f, KINDS(PART_SLEEP, PART_OTHER)) },
	};
	const char *note = isfinite(f->utilisation)
	    ? run_printf(f->run, " (%.2f of %.3g cores used)", f->cores_used, f->cores_allowed) : "";

	fork_line(f, "what requests use", b, sizeof(b) / sizeof(b[0]), note);
}

static const struct run_target *
target_to_explain(const struct run *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (target_state(r, &r->targets[i]) == TARGET_MISSED)
			return &r->targets[i];
	return r->n_targets ? &r->targets[0] : NULL;
}

/* The first line; returns whether throughput is the question. */
static bool
symptom(const struct facts *f)
{
	struct run *r = f->run;
	const struct run_target *t = target_to_explain(r);
	bool throughput = t ? target_is_rate(t) || isnan(t->value) : isfinite(r->capacity.knee_rate);
	const char *fork = throughput ? "throughput" : "latency";

	if (t)
		RUN_ADD_STR(r, r->path, r->n_path, run_printf(r, "%s (%s) -> %s", target_text(r, t),
		    t->met ? "met" : "missed", fork));
	else if (throughput)
		RUN_ADD_STR(r, r->path, r->n_path, run_printf(r, "no target; the service holds %s%s -> %s",
		    r->capacity.at_least ? "at least " : "", RATE(r->capacity.knee_rate), fork));
	else
		RUN_ADD_STR(r, r->path, r->n_path, run_printf(r, "no target; p99 %s at %s -> %s",
		    DURATION(r->baseline.latency.p99), RATE(r->baseline.throughput), fork));
	return throughput;
}

static void
add_cause(const struct facts *f)
{
	struct run *r = f->run;

	if (r->n_findings > 0)
		RUN_ADD_STR(r, r->path, r->n_path, run_printf(r, "%s %s, confidence %.2f -> %s",
		    text_brief(r, r->findings[0].where, 60), PCT(r->findings[0].share),
		    r->findings[0].confidence, r->findings[0].kind));
	else
		RUN_ADD_STR(r, r->path, r->n_path, "nothing stands out -> no finding");
}

void
path_make(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;

	if (refusal && r->verdict != VERDICT_NONE) {
		RUN_ADD_STR(r, r->path, r->n_path, run_printf(r, "%s -> no conclusion", refusal));
		return;
	}
	bool throughput = symptom(f);
	if (f->n_parts == 0 || (f->estimated && !f->waits_sampled)) {
		RUN_ADD_STR(r, r->path, r->n_path, "where the requests' time goes was not seen");
		add_cause(f);
		return;
	}
	if (throughput)
		throughput_fork(f);
	else
		latency_fork(f);
	RUN_ADD_STR(r, r->path, r->n_path, run_printf(r, "largest parts: %s",
	    text_parts(r, f->parts, f->n_parts, 3)));
	add_cause(f);
}

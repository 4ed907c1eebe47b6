/* SPDX-License-Identifier: MIT */
#include "diagnose/verdict.h"

#include <ctype.h>
#include <math.h>

#include "diagnose/targets.h"
#include "diagnose/text.h"

#define REQUESTS_MIN      50     /* answered, to conclude anything */
#define FAILURES_MAX      0.5
#define LOST_MAX          0.2    /* of trace events */
#define IDLE_INSIDE       0.05   /* requests in the service at a time, mean */
#define IDLE_UTILISATION  0.05
#define IDLE_RATE         10     /* per second: load that was made on purpose is more */
#define OUTSIDE_MAX       0.7    /* of the answer time spent before or after the service */
#define STARVED_MIN       0.6    /* of the requests' time */
#define OTHERS_MUCH       0.25   /* of the host's CPUs */
#define SLEEP_MAX         0.5
#define UNSEEN_MAX        0.3    /* of the time: on or for a CPU, and no stack was seen */
#define UNEXPLAINED_MAX   0.5    /* of the time: nobody knows what it was */

static enum target_state
worst_state(const struct run *r, const struct run_target **ret_target)
{
	static const enum target_state order[] = { TARGET_MISSED, TARGET_UNPROVEN, TARGET_UNSURE,
		TARGET_MET, TARGET_UNMEASURED };

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < r->n_targets; i++)
			if (target_state(r, &r->targets[i]) == order[k]) {
				*ret_target = &r->targets[i];
				return order[k];
			}
	*ret_target = NULL;
	return TARGET_UNMEASURED;
}

/* ---- may anything be concluded? ------------------------------------------------------------ */

static const char *
refuse(const struct facts *f, enum run_verdict v, const char *why)
{
	f->run->verdict = v;
	return why;
}

static const char *
generator_refusal(const struct facts *f)
{
	struct run *r = f->run;
	const struct run_target *t;

	if (f->phase && f->phase->generator_limited)
		return refuse(f, VERDICT_GENERATOR_LIMITED, run_printf(r, "the load generator was the "
		    "limit in the measurement: %s",
		    f->phase->generator_why ? f->phase->generator_why : "it could not send in time"));
	if (text_same(r->capacity.stopped_by, "generator") && worst_state(r, &t) == TARGET_UNPROVEN)
		return refuse(f, VERDICT_GENERATOR_LIMITED, run_printf(r, "the load generator ended the "
		    "search at %s, before the load of the target", RATE(r->capacity.max_rate)));
	return NULL;
}

static bool
is_idle(const struct facts *f)
{
	const struct run *r = f->run;
	double mean = isfinite(r->baseline.latency.mean) ? r->baseline.latency.mean : f->seconds;
	double inside = r->baseline.throughput * mean;

	if ((r->n_targets > 0 || r->capacity.n_curve > 0) && !r->spec.observe)
		return false;      /* it was asked for all that it can do */
	if (r->spec.observe && r->baseline.throughput == 0)
		return true;
	return isnan(r->capacity.knee_rate) && inside < IDLE_INSIDE
	    && !(f->utilisation >= IDLE_UTILISATION)
	    && (r->spec.observe || r->baseline.throughput < IDLE_RATE);
}

static const char *
load_refusal(const struct facts *f)
{
	struct run *r = f->run;
	const struct run_baseline *b = &r->baseline;
	int64_t answered = f->phase ? f->phase->answered : f->trace->requests;
	double failed = b->error_rate + (isfinite(b->timeout_rate) ? b->timeout_rate : 0);

	if (is_idle(f))
		return refuse(f, VERDICT_IDLE, run_printf(r, "the service is idle: %s, %s of its CPU; "
		    "measure it under load", RATE(isfinite(b->throughput) ? b->throughput : 0),
		    PCT(isfinite(f->utilisation) ? f->utilisation : 0)));
	if (text_same(r->capacity.stopped_by, "interrupted"))
		return refuse(f, VERDICT_INCONCLUSIVE, "the run was interrupted");
	if (failed > FAILURES_MAX)
		return refuse(f, VERDICT_INCONCLUSIVE, run_printf(r, "%s of the requests failed: first "
		    "make them succeed", PCT(failed)));
	if (answered < REQUESTS_MIN && !f->trace->n_loaders)
		return refuse(f, VERDICT_INCONCLUSIVE, run_printf(r, "only %lld requests were answered; "
		    "measure longer or with more load", (long long)answered));
	return NULL;
}

/* These leave the promises judged; only the limit stays without a name. */
static const char *
trace_refusal(const struct facts *f)
{
	const struct run_trace *t = f->trace;
	double seen = (double)t->samples + 4.0 * t->requests + 1;

	if (t->dropped > LOST_MAX * (t->dropped + seen))
		return refuse(f, VERDICT_NONE, run_printf(f->run, "%lld trace events were lost, too many "
		    "to tell where the time went", (long long)t->dropped));
	if (f->outside > OUTSIDE_MAX && !f->blocked_workers && f->stalled == 0
	    && !(f->busiest && f->busiest->cpu > 0.7) && !(f->utilisation > 0.7))
		return refuse(f, VERDICT_NONE, run_printf(f->run, "%s of the answer time passes outside "
		    "of the service, on the network or in front of it", PCT(f->outside)));
	return NULL;
}

const char *
verdict_refusal(const struct facts *f)
{
	struct run *r = f->run;
	const char *why;

	r->verdict = VERDICT_NONE;
	if (r->error)
		return refuse(f, VERDICT_ERROR, r->error);
	if (r->safety_stop.what)
		return refuse(f, VERDICT_INCONCLUSIVE, run_printf(r, "stopped for safety %s into phase '%s': %s",
		    DURATION(r->safety_stop.at), r->safety_stop.phase, r->safety_stop.what));
	if ((why = generator_refusal(f)) || (why = load_refusal(f)))
		return why;
	return trace_refusal(f);
}

/* ---- verdict ------------------------------------------------------------------------------- */

static bool
sees_inside(const struct facts *f)
{
	return f->n_parts > 0 && (!f->estimated || f->waits_sampled);
}

/* Nothing is said of functions that nobody looked at. */
static bool
computes_unseen(const struct facts *f)
{
	return f->estimated && !f->trace->samples
	    && f->charged[PART_CPU] + f->charged[PART_RUNQUEUE] > UNSEEN_MAX;
}

/* What has a name is known, whatever it is. */
static double
unexplained(const struct facts *f)
{
	double sum = 0;

	for (size_t i = 0; i < f->n_parts; i++)
		if (f->parts[i].kind == PART_OTHER && (!f->parts[i].where || text_same(f->parts[i].where, "unexplained")))
			sum += f->parts[i].share;
	return sum;
}

/* Nothing is said of time that is mostly not known. */
static bool
is_mostly_unexplained(const struct facts *f)
{
	return unexplained(f) > UNEXPLAINED_MAX;
}

/* What would have shown it, as far as an eye that is shut says so. */
static const char *
unexplained_text(const struct facts *f)
{
	const struct run *r = f->run;
	const struct run_eye *shut = NULL;

	for (size_t i = 0; i < r->n_eyes; i++)
		if (!r->eyes[i].open && (!shut || text_same(r->eyes[i].name, "TLS")))
			shut = &r->eyes[i];
	return run_printf(f->run, "%s of the time is not explained%s%s%s%s", PCT(unexplained(f)), shut ? "; " : "",
	    shut ? shut->name : "", shut ? ": " : "", shut ? shut->means : "");
}

static const char *
spread(const struct facts *f)
{
	if (f->n_parts == 0)
		return "";
	return run_printf(f->run, "; the largest part of the time is %s",
	    text_parts(f->run, f->parts, f->n_parts, 1));
}

/* Other processes have the CPUs that the requests wait for. */
static bool
starved(const struct facts *f)
{
	double others = facts_mean(f, "host_other_cpu_cores");

	return f->charged[PART_RUNQUEUE] > STARVED_MIN && others > OTHERS_MUCH * f->run->host.cpus;
}

/* Why nothing is wrong; NULL: that cannot be said. */
static const char *
health(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;
	const struct run_target *t;
	enum target_state s = worst_state(r, &t);

	if (r->n_findings > 0 || s == TARGET_MISSED || s == TARGET_UNSURE || s == TARGET_UNPROVEN)
		return NULL;
	if (!sees_inside(f) || computes_unseen(f) || refusal)
		return s == TARGET_MET ? "every target is met" : NULL;
	if (s == TARGET_MET)
		return run_printf(r, "every target is met and nothing stands out%s", spread(f));
	if (facts_share(f, PART_SLEEP, NULL) > SLEEP_MAX || starved(f) || is_mostly_unexplained(f))
		return NULL;
	if (r->capacity.at_least)
		return run_printf(r, "it held %s, the most that was offered, and nothing stands out%s",
		    RATE(r->capacity.knee_rate), spread(f));
	return run_printf(r, "no function, lock, statement, disk or server stands out%s", spread(f));
}

static const char *
limit_text(const struct facts *f)
{
	struct run *r = f->run;

	if (r->n_findings == 0)
		return NULL;
	const struct run_finding *first = &r->findings[0];
	const char *text = first->summary ? first->summary : first->kind;
	return first->confidence < HYPOTHESIS ? run_printf(r, "hypothesis: %s", text) : text;
}

static const char *
capacity_text(const struct facts *f)
{
	struct run *r = f->run;

	if (f->trace->n_loaders)
		return run_printf(r, "%s does a step in %s", f->trace->loaders[0].name,
		    DURATION(f->trace->loaders[0].seconds));
	if (isnan(r->capacity.knee_rate))
		return run_printf(r, "answers %s with p99 %s", RATE(r->baseline.throughput),
		    DURATION(r->baseline.latency.p99));
	return run_printf(r, "holds %s%s", r->capacity.at_least ? "at least " : "",
	    RATE(r->capacity.knee_rate));
}

static const char *
why_no_limit(const struct facts *f, const char *refusal)
{
	if (refusal)
		return refusal;
	if (starved(f))
		return run_printf(f->run, "requests wait %s of their time for CPUs of which other "
		    "processes use %.2f", PCT(f->charged[PART_RUNQUEUE]),
		    facts_mean(f, "host_other_cpu_cores"));
	if (sees_inside(f) && computes_unseen(f))
		return "it computes, but its functions were not seen";
	if (sees_inside(f) && is_mostly_unexplained(f))
		return unexplained_text(f);
	return sees_inside(f) ? run_printf(f->run, "nothing known stands out%s", spread(f))
	                      : "the inside of the service was not seen";
}

static void
decide_without_targets(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;
	const char *limit = limit_text(f);

	if (limit || r->healthy) {
		r->verdict = VERDICT_MET;
		r->headline = limit
		    ? run_printf(r, "%s: %s", capacity_text(f), limit)
		    : run_printf(r, "healthy: %s; %s", capacity_text(f), r->healthy);
		return;
	}
	r->verdict = VERDICT_INCONCLUSIVE;
	r->headline = run_printf(r, "INCONCLUSIVE: %s, but what limits it cannot be named: %s",
	    capacity_text(f), why_no_limit(f, refusal));
}

static void
decide_with_targets(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;
	const struct run_target *t;
	const char *limit = limit_text(f);

	switch (worst_state(r, &t)) {
	case TARGET_MISSED:
		r->verdict = VERDICT_MISSED;
		r->headline = limit ? run_printf(r, "MISSED: %s; %s", target_text(r, t), limit)
		    : run_printf(r, "MISSED: %s; the cause cannot be named: %s", target_text(r, t),
		          why_no_limit(f, refusal));
		return;
	case TARGET_MET:
		r->verdict = VERDICT_MET;
		r->headline = run_printf(r, "MET: %s; %s", target_text(r, t),
		    limit ? run_printf(r, "next limit: %s", limit)
		          : r->healthy ? r->healthy : capacity_text(f));
		return;
	case TARGET_UNSURE:
		r->verdict = VERDICT_INCONCLUSIVE;
		r->headline = run_printf(r, "INCONCLUSIVE: %s, too close to tell (between %s and %s); "
		    "measure longer", target_text(r, t), DURATION(t->low), DURATION(t->high));
		return;
	case TARGET_UNPROVEN:
		r->verdict = VERDICT_INCONCLUSIVE;
		r->headline = run_printf(r, "INCONCLUSIVE: the load of the target was not reached; it %s",
		    capacity_text(f));
		return;
	case TARGET_UNMEASURED:
		decide_without_targets(f, refusal);
		return;
	}
}

void
verdict_decide(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;

	r->healthy = NULL;
	if (refusal && r->verdict != VERDICT_NONE) {
		const char *name = verdict_name(r->verdict);
		r->headline = run_printf(r, "%s: %s", name, refusal);
		for (char *c = (char *)r->headline; *c != ':' && *c; c++)
			*c = (char)toupper((unsigned char)*c);
		return;
	}
	r->healthy = run_str(r, health(f, refusal));
	if (r->n_targets > 0)
		decide_with_targets(f, refusal);
	else
		decide_without_targets(f, refusal);
}

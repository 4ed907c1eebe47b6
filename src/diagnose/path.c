/* SPDX-License-Identifier: MIT */
#include "diagnose/path.h"

#include <math.h>
#include <string.h>

#include "diagnose/targets.h"
#include "diagnose/text.h"

#define PARTS_TOLD    3
#define FINDINGS_TOLD 4
#define PLACE_MAX     60   /* characters of a place in an answer */
#define KINDS_MAX     6    /* of an area, and the one that ends it */

/* ---- forks ---------------------------------------------------------------------------------- */

static struct run_fork *
fork_add(struct run *r, const char *question)
{
	struct run_fork *k = RUN_ADD(r, fork, r->forks, r->n_forks);

	k->question = question;
	return k;
}

static void
branch_add(struct run *r, struct run_fork *k, const char *answer, const char *figure, bool took)
{
	struct run_branch *b = RUN_ADD(r, branch, k->branches, k->n_branches);

	b->answer = answer;
	b->figure = figure;
	b->took = took;
}

/* ---- where the time goes -------------------------------------------------------------------- */

/* An area of the tree: the kinds of time that are in it, and its name. */
struct area {
	const char *name;
	enum run_part_kind kinds[KINDS_MAX];   /* ends with PART_NONE */
};

enum { LATENCY_NETWORK, LATENCY_DATABASE, LATENCY_COMPUTE, LATENCY_WAITING, LATENCY_AREAS };
static const struct area latency_areas[] = {
	[LATENCY_NETWORK] = { "network", { PART_NET } },
	[LATENCY_DATABASE] = { "database", { PART_DB, PART_CACHE } },
	[LATENCY_COMPUTE] = { "compute", { PART_CPU, PART_RUNQUEUE, PART_GC, PART_FAULT } },
	[LATENCY_WAITING] = { "waiting inside", { PART_LOCK, PART_DISK, PART_SLEEP, PART_OTHER } },
};

enum { USE_CPU, USE_IO, USE_MEMORY, USE_CONTENTION, USE_IDLE, USE_AREAS };
static const struct area use_areas[] = {
	[USE_CPU] = { "CPU", { PART_CPU, PART_RUNQUEUE } },
	[USE_IO] = { "I/O", { PART_DISK, PART_DB, PART_CACHE, PART_NET } },
	[USE_MEMORY] = { "memory", { PART_GC, PART_FAULT } },
	[USE_CONTENTION] = { "contention", { PART_LOCK } },
	[USE_IDLE] = { "waiting idly", { PART_SLEEP, PART_OTHER } },
};

static bool
in_area(const struct area *a, enum run_part_kind kind)
{
	for (const enum run_part_kind *k = a->kinds; *k != PART_NONE; k++)
		if (*k == kind)
			return true;
	return false;
}

static bool
computes(const struct facts *f, enum run_part_kind kind)
{
	bool embedded = false;

	for (size_t i = 0; i < f->trace->n_queries && kind == PART_DB; i++)
		embedded |= text_same(f->trace->queries[i].engine, "sqlite");
	return kind == PART_CPU || embedded;
}

/* A share of the time with the waits for a CPU charged to what computes, as findings have them;
 * what is left of those waits is for others. */
static double
weight(const struct facts *f, enum run_part_kind kind, double share)
{
	double computing = f->charged[PART_CPU] + (computes(f, PART_DB) ? f->charged[PART_DB] : 0);

	if (kind == PART_RUNQUEUE && computing > 0)
		return share - (facts_with_runqueue(f, computing) - computing);
	return computes(f, kind) ? facts_with_runqueue(f, share) : share;
}

static double
share_of(const struct facts *f, const struct area *a)
{
	double sum = 0;

	for (const enum run_part_kind *k = a->kinds; *k != PART_NONE; k++)
		sum += weight(f, *k, f->charged[*k]);
	return fmin(sum, 1);
}

static size_t
largest(const struct facts *f, const struct area *areas, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (share_of(f, &areas[i]) > share_of(f, &areas[best]))
			best = i;
	return best;
}

static const char *
area_figure(const struct facts *f, const struct area *a)
{
	bool cpu = a == &use_areas[USE_CPU] && isfinite(f->utilisation);

	return cpu ? run_printf(f->run, "%s; %.2f of %.3g cores used", PCT(share_of(f, a)),
	    f->cores_used, f->cores_allowed) : run_printf(f->run, "%s", PCT(share_of(f, a)));
}

static void
ask_area(const struct facts *f, const char *question, const struct area *areas, size_t n,
    size_t took)
{
	struct run_fork *k = fork_add(f->run, question);

	for (size_t i = 0; i < n; i++)
		branch_add(f->run, k, areas[i].name, area_figure(f, &areas[i]), i == took);
}

/* A lock or a file says nothing by its name alone. */
static const char *
part_name(struct run *r, const struct run_part *p)
{
	static const char *const words[PART_KINDS] = {
		[PART_RUNQUEUE] = "waiting for a CPU", [PART_GC] = "garbage collection",
		[PART_FAULT] = "page faults", [PART_SLEEP] = "sleeping", [PART_OTHER] = "not explained",
	};
	bool alone = p->kind == PART_CPU || p->kind == PART_DB || p->kind == PART_CACHE
	    || p->kind == PART_NET;

	if (!p->where || !*p->where)
		return words[p->kind] ? words[p->kind] : part_kind_name(p->kind);
	return run_printf(r, "%s%s%s", alone ? "" : part_kind_name(p->kind), alone ? "" : " ",
	    text_brief(r, p->where, PLACE_MAX));
}

/* The next smaller part of the area than `than`; NULL none. */
static const struct run_part *
next_part(const struct facts *f, const struct area *a, const struct run_part *than)
{
	const struct run_part *best = NULL;
	double most = 0, bound = than ? weight(f, than->kind, than->share) : INFINITY;

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct run_part *p = &f->parts[i];
		double share = in_area(a, p->kind) ? weight(f, p->kind, p->share) : 0;
		bool after = share < bound || (share <= bound && than && p > than);
		if (after && share > most) {
			most = share;
			best = p;
		}
	}
	return best;
}

/* The largest parts within the area: a statement, a function, a peer. */
static void
ask_part(const struct facts *f, const struct area *a)
{
	struct run *r = f->run;
	const struct run_part *p = next_part(f, a, NULL);
	struct run_fork *k = p ? fork_add(r, "What takes most of it?") : NULL;

	for (; p && k->n_branches < PARTS_TOLD; p = next_part(f, a, p))
		branch_add(r, k, part_name(r, p), run_printf(r, "%s", PCT(weight(f, p->kind, p->share))),
		    !k->n_branches);
}

/* The area that a finding is about; a kind that may be anywhere is in `otherwise`. */
static size_t
area_of(const struct run_finding *f, bool throughput, size_t otherwise)
{
	static const size_t uses[] = { [CLASS_CPU] = USE_CPU, [CLASS_IO] = USE_IO,
		[CLASS_MEMORY] = USE_MEMORY, [CLASS_CONTENTION] = USE_CONTENTION };

	if (f->class == CLASS_NONE || text_same(f->kind, "io.no-cache"))
		return otherwise;
	if (throughput)
		return uses[f->class];
	if (text_has(f->kind, "io.net."))
		return LATENCY_NETWORK;
	if (text_has(f->kind, ".db") || text_has(f->kind, "io.redis."))
		return LATENCY_DATABASE;
	return f->class == CLASS_CPU || f->class == CLASS_MEMORY ? LATENCY_COMPUTE : LATENCY_WAITING;
}

/* ---- the rest of the tree ------------------------------------------------------------------- */

static const struct run_target *
target_to_explain(const struct run *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (target_state(r, &r->targets[i]) == TARGET_MISSED)
			return &r->targets[i];
	return r->n_targets ? &r->targets[0] : NULL;
}

static const char *
confidence(const struct facts *f, const struct run_finding *finding)
{
	return run_printf(f->run, finding->confidence < HYPOTHESIS ? "a hypothesis, %s"
	    : "confidence %s", PCT(finding->confidence));
}

static void
ask_leave(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;
	struct run_fork *k = fork_add(r, "Do the data allow a conclusion?");
	bool refused = refusal && r->verdict != VERDICT_NONE;
	int64_t answered = f->phase ? f->phase->answered : f->trace->requests;
	const char *seen = run_printf(r, "%lld %s%s%s", (long long)answered,
	    f->trace->n_loaders ? "steps done" : "requests answered",
	    f->doubt ? ", but " : "", f->doubt ? f->doubt : "");

	branch_add(r, k, "yes", refused ? NULL : seen, !refused);
	branch_add(r, k, "no", refused ? refusal : NULL, refused);
}

/* Returns whether throughput is the question. */
static bool
ask_symptom(const struct facts *f)
{
	struct run *r = f->run;
	const struct run_target *t = target_to_explain(r);
	bool throughput = t ? target_is_rate(t) || isnan(t->value) : isfinite(r->capacity.knee_rate);
	const char *target = t ? run_printf(r, "%s, %s", target_text(r, t), t->met ? "met" : "missed")
	    : NULL;
	const char *latency = isfinite(r->baseline.latency.p99) ? run_printf(r, "p99 %s at %s",
	    DURATION(r->baseline.latency.p99), RATE(r->baseline.throughput)) : NULL;
	const char *holds = isfinite(r->capacity.knee_rate) ? run_printf(r, "holds %s%s",
	    r->capacity.at_least ? "at least " : "", RATE(r->capacity.knee_rate)) : NULL;
	struct run_fork *k = fork_add(r, t ? "What is to be explained?"
	    : "No target was given: what is to be explained?");

	branch_add(r, k, "latency", target && !throughput ? target : latency, !throughput);
	branch_add(r, k, "throughput", target && throughput ? target : holds, throughput);
	return throughput;
}

/* The largest part of the time need not be the limit: a quota, a pool or a full thread in front of
 * it goes first. */
static void
ask_limit(const struct facts *f, const struct area *took)
{
	struct run *r = f->run;
	const struct run_finding *first = &r->findings[0];
	struct run_fork *k = fork_add(r, "Is that what limits?");
	const char *share = first->share > 0 ? run_printf(r, " explains %s of the time,",
	    PCT(first->share)) : ":";

	branch_add(r, k, "yes", run_printf(r, "%s of the time", PCT(share_of(f, took))), false);
	branch_add(r, k, "no", run_printf(r, "%s%s %s", text_brief(r, first->where, PLACE_MAX), share,
	    confidence(f, first)), true);
}

static void
ask_defect(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;
	struct run_fork *k = fork_add(r, "What is the defect?");

	for (size_t i = 0; i < r->n_findings && i < FINDINGS_TOLD; i++) {
		const struct run_finding *found = &r->findings[i];
		const char *share = found->share > 0 ? run_printf(r, " %s of the time,",
		    PCT(found->share)) : "";
		branch_add(r, k, found->kind, run_printf(r, "%s:%s %s",
		    text_brief(r, found->where, PLACE_MAX), share, confidence(f, found)), i == 0);
	}
	if (!r->n_findings)
		branch_add(r, k, "none is named", refusal ? refusal : run_printf(r,
		    "%zu kinds were looked for", r->n_ruled_out), true);
}

void
path_make(const struct facts *f, const char *refusal)
{
	struct run *r = f->run;

	ask_leave(f, refusal);
	if (refusal && r->verdict != VERDICT_NONE)
		return;
	bool throughput = ask_symptom(f);
	const struct area *areas = throughput ? use_areas : latency_areas;
	size_t n = throughput ? USE_AREAS : LATENCY_AREAS;
	const char *question = throughput ? "What do the requests use?"
	    : text_same(f->scope, "slow") ? "Where does the time of the slow requests go?"
	    : "Where does the time of the requests go?";
	if (f->n_parts == 0 || (f->estimated && !f->waits_sampled)) {
		branch_add(r, fork_add(r, question), "it was not seen", NULL, true);
	} else {
		size_t took = largest(f, areas, n);
		ask_area(f, question, areas, n, took);
		ask_part(f, &areas[took]);
		if (r->n_findings && area_of(&r->findings[0], throughput, took) != took)
			ask_limit(f, &areas[took]);
	}
	ask_defect(f, refusal);
}

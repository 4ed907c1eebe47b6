/* SPDX-License-Identifier: MIT */
#include "experiment/trial.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "compare/compare.h"
#include "experiment/answers.h"
#include "experiment/change.h"
#include "experiment/side.h"
#include "experiment/spin.h"

#define ALPHA           0.01
#define BLOCK_LEAST_NS  (1200 * NS_PER_MS)
#define BLOCKS_NS       (100 * NS_PER_S)   /* of all pairs that may be taken, at most */
#define GRADE_NS        (1500 * NS_PER_MS)
#define WARM_UP_NS      (10 * NS_PER_S)
#define WARM_AGAIN_NS   (3 * NS_PER_S)
#define SATURATION_NS   (350 * NS_PER_MS)
#define SATURATION_PAIRS 20       /* with fewer its figure cannot be decided */
#define BUSIEST         0.95
#define OF_KNEE         0.5       /* where a tail is the service's and not its queue's */
#define RESTART_EVERY   3         /* what starts at once */
#define RESTART_SELDOM  10        /* what takes long */
#define START_QUICK_S   1.5
#define SETTLE_NS       (1500 * NS_PER_MS)   /* after a change of the service, at most */
#define DEAR_NS         (2 * NS_PER_S)       /* a change there and back: then few pairs, long blocks */
#define DEAR_PAIRS      10        /* fewer decide nothing */
#define DEAR_BLOCK_NS   (10 * NS_PER_S)
#define PROFILE_BLOCKS  6         /* a profile lasts so many blocks, */
#define PROFILE_MOST_NS (8 * NS_PER_S)   /* but no longer */

struct trial {
	const struct trial_plan *plan;
	const struct progress *progress;
	struct run *run;
	struct run_proof *proof;
	struct side a, b;
	double rate;
	int64_t block_ns;
	int64_t begin_ns;
	double start_s;           /* so long did the last start of both take; 0: none was */
};

/* ---- before the pairs ---------------------------------------------------------------------- */

static int
open_sides(struct trial *t, const struct spec *spec, struct err *e)
{
	const char *folder = t->run->folder;

	int code = side_open(&t->a, t->plan->a, spec, folder, e);
	if (code == 0)
		code = side_open(&t->b, t->plan->b, spec, folder, e);
	if (code == 0)
		code = side_start(&t->a, e);
	if (code == 0)
		code = side_start(&t->b, e);
	if (code < 0)
		return code;
	if (!t->run->spec.n_urls)               /* of several trials in a run the first has told it */
		t->plan->record(arm_spec(t->a.arm), t->run);
	struct run_host *h = &t->run->host;
	*h = t->a.run->host;
	h->kernel = run_str(t->run, h->kernel);
	h->cpu_model = run_str(t->run, h->cpu_model);
	h->clocksource = run_str(t->run, h->clocksource);
	h->virtualisation = run_str(t->run, h->virtualisation);
	return 0;
}

static int
warm_up(struct trial *t, int64_t at_most_ns, struct err *e)
{
	double a, b;

	int code = side_warm_up(&t->a, at_most_ns, &a, e);
	if (code == 0)
		code = side_warm_up(&t->b, at_most_ns, &b, e);
	if (code < 0 || t->proof->n_arms)
		return code;
	const struct side *sides[] = { &t->a, &t->b };
	for (int i = 0; i < 2; i++) {
		struct run_arm *arm = RUN_ADD(t->run, arm, t->proof->arms, t->proof->n_arms);
		const char *what = arm_what(sides[i]->arm);
		arm->name = sides[i]->name;
		arm->what = !t->plan->change ? run_str(t->run, what)
		    : run_printf(t->run, "%s, %s the change", what, i ? "with" : "without");
		arm->warm_up = i ? b : a;
	}
	return 0;
}

/* Where a change is dear. Blocks are long enough then that what the service forgets by it does not
 * matter. */
static void
spare_changes(struct trial *t)
{
	int64_t cost_ns = t->plan->change ? change_cost_ns(t->plan->change) : 0;

	if (cost_ns > DEAR_NS) {
		if (!t->plan->pairs_given)
			t->proof->pairs_at_most = DEAR_PAIRS;
		if (!t->plan->block_ns && t->block_ns < cost_ns)
			t->block_ns = cost_ns < DEAR_BLOCK_NS ? cost_ns : DEAR_BLOCK_NS;
	}
	t->a.settle_ns = t->b.settle_ns = t->block_ns < SETTLE_NS ? t->block_ns : SETTLE_NS;
}

/* Half of what the slower one holds, unless the user says so: at higher loads the machine's noise
 * is multiplied by the queue. */
static int
choose_rate(struct trial *t, const struct spec *spec, struct err *e)
{
	double a = NAN, b = NAN, most;
	bool pulse = spec->rate <= 0 || t->plan->saturation;

	int code = pulse ? side_pulse(&t->a, &a, e) : 0;
	if (code == 0 && pulse)
		code = side_pulse(&t->b, &b, e);
	most = fmin(a, b);
	t->rate = spec->rate > 0 ? spec->rate : OF_KNEE * most;
	if (code == 0 && !(t->rate > 0) && !stop_requested())
		return err_set(e, EPROTO, "no request was answered: there is nothing to compare");
	double busy = most > 0 ? fmin(t->rate / most, BUSIEST) : OF_KNEE;
	int64_t needed = llround(1e9 * compare_block_seconds(t->rate, busy));
	int64_t room = BLOCKS_NS / (2 * t->proof->pairs_at_most);
	t->block_ns = t->plan->block_ns ? t->plan->block_ns
	    : needed > room ? room : needed > BLOCK_LEAST_NS ? needed : BLOCK_LEAST_NS;
	return code;
}

static int
prepare(struct trial *t, const struct spec *spec, struct err *e)
{
	struct run_proof *p = t->proof;

	progress_say(t->progress, "noise", -1, "");
	spin_grade(&p->noise, t->run, GRADE_NS);
	int code = open_sides(t, spec, e);
	if (code == 0)
		code = warm_up(t, WARM_UP_NS, e);
	if (code == 0 && !t->plan->aa)
		code = answers_compare(&t->a, &t->b, t->run, p, e);
	if (code == 0)
		code = choose_rate(t, spec, e);
	p->rate = t->rate;
	spare_changes(t);
	return code;
}

/* ---- the pairs ----------------------------------------------------------------------------- */

static int
offer_block(struct trial *t, struct side *s, int64_t pair, double rate, struct err *e)
{
	char label[48];
	struct side_block b = {
		.pair = pair, .draw = (uint64_t)pair, .rate = rate, .label = label,
		.for_ns = rate > 0 ? t->block_ns : SATURATION_NS,
	};
	struct run_block *out = RUN_ADD(t->run, block, t->proof->blocks, t->proof->n_blocks);

	snprintf(label, sizeof(label), "pair %lld of %lld, %s", (long long)pair + 1,
	    (long long)t->proof->pairs_at_most, s->name);
	int code = side_offer(s, &b, t->run, out, e);
	t->proof->n_blocks -= code < 0 || stop_requested();
	return code;
}

/* A B, B A, A B ... */
static int
offer_pair(struct trial *t, int64_t pair, double rate, struct err *e)
{
	struct side *first = pair % 2 ? &t->b : &t->a, *second = pair % 2 ? &t->a : &t->b;

	int code = offer_block(t, first, pair, rate, e);
	if (code == 0 && !stop_requested())
		code = offer_block(t, second, pair, rate, e);
	return code;
}

static int64_t
restart_every(const struct trial *t)
{
	if (t->plan->restart_every)
		return t->plan->restart_every;
	return t->start_s < START_QUICK_S ? RESTART_EVERY : RESTART_SELDOM;
}

/* A process has its luck for life: where its memory lies, which core it woke on. Another one has
 * another. */
static int
restart(struct trial *t, int64_t pair, struct err *e)
{
	int64_t begin_ns = now_ns();

	if (!pair || pair % restart_every(t))
		return 0;
	int code = side_alive(&t->a, e);        /* a death is not to be mended by a start */
	if (code == 0)
		code = side_alive(&t->b, e);
	if (code == 0 && arm_restarts(t->a.arm))
		code = side_start(&t->a, e);
	if (code == 0 && arm_restarts(t->b.arm))
		code = side_start(&t->b, e);
	t->start_s = ns_to_s(now_ns() - begin_ns);
	if (code == 0 && (arm_restarts(t->a.arm) || arm_restarts(t->b.arm)))
		code = warm_up(t, WARM_AGAIN_NS, e);
	return code;
}

static bool
is_early_look(const struct trial *t, int64_t pairs)
{
	for (int i = 0; i < COMPARE_LOOKS; i++)
		if (pairs == compare_looks[i] && pairs < t->proof->pairs_at_most)
			return true;
	return false;
}

static void
tell_arms(struct trial *t)
{
	const struct side *sides[] = { &t->a, &t->b };

	for (size_t i = 0; i < t->proof->n_arms; i++) {
		t->proof->arms[i].starts = arm_starts(sides[i]->arm);
		t->proof->arms[i].placement = sides[i]->placement;
	}
}

static void
look(struct trial *t)
{
	tell_arms(t);
	compare_blocks(t->run, t->proof, t->proof->looks + 1);
}

/* Both blocks of it; `whole`: and their latencies. */
static bool
counts(const struct trial *t, int64_t pair, bool whole)
{
	int valid = 0;

	for (size_t i = 0; i < t->proof->n_blocks; i++) {
		const struct run_block *b = &t->proof->blocks[i];
		valid += b->pair == pair && b->rate > 0 && strcmp(b->load, "rate") == 0 && !b->void_why &&
		    (!whole || !b->late_why);
	}
	return valid == 2;
}

/* Of one service: everything that is asked of it while it is so. */
static int
one_change(struct trial *t, int64_t pair, struct err *e)
{
	bool full = t->plan->saturation && pair < SATURATION_PAIRS;
	int code = 0;

	for (int i = 0; code == 0 && i < 2 && !stop_requested(); i++) {
		struct side *s = i == pair % 2 ? &t->a : &t->b;
		code = offer_block(t, s, pair, t->rate, e);
		if (code == 0 && full && !stop_requested())
			code = offer_block(t, s, pair, 0, e);
	}
	return code;
}

static int
one_pair(struct trial *t, int64_t pair, struct err *e)
{
	if (t->plan->change)
		return one_change(t, pair, e);
	int code = restart(t, pair, e);
	if (code == 0)
		code = offer_pair(t, pair, t->rate, e);
	if (code == 0 && t->plan->saturation && pair < SATURATION_PAIRS)
		code = offer_pair(t, pair, 0, e);
	return code;
}

/* Ctrl-C ends a start, too, which then fails, and the arm is gone: that is no fault of the arm, and
 * what was measured before counts all the same. */
static int
unless_stopped(int code, struct err *e)
{
	if (code == 0 || !stop_requested())
		return code;
	*e = (struct err){ 0 };
	return 0;
}

/* What of a pair does not count is made up for, up to half as many pairs again. Early looks are at what
 * counts at all: where latencies never do, CPU time may decide as soon. */
static int
run_pairs(struct trial *t, struct err *e)
{
	int64_t done = 0, whole = 0, most = t->proof->pairs_at_most;
	int code = 0;

	for (int64_t pair = 0; code == 0 && whole < most && pair < most + most / 2 && !stop_requested();
	     pair++) {
		code = one_pair(t, pair, e);
		if (code < 0 || stop_requested() || !counts(t, pair, false))
			continue;
		done++;
		whole += counts(t, pair, true);
		if (!is_early_look(t, done))
			continue;
		look(t);
		if (compare_is_decided(t->proof))
			return 0;
	}
	if (t->proof->n_blocks)
		code = unless_stopped(code, e);
	if (code == 0 && t->proof->n_blocks)
		look(t);
	return code;
}

/* ---- after them ---------------------------------------------------------------------------- */

static bool
has_changed(const struct run_proof *p)
{
	return p->verdict && (strcmp(p->verdict, "better") == 0 || strcmp(p->verdict, "worse") == 0);
}

static int
profile(struct trial *t, struct side *s, const char *name, struct run_arm *arm, struct err *e)
{
	const char *folder = run_printf(t->run, "%s/%s", t->run->folder, name);

	int64_t for_ns = PROFILE_BLOCKS * t->block_ns;

	arm->folder = run_str(t->run, name);
	return side_profile(s, t->rate, for_ns < PROFILE_MOST_NS ? for_ns : PROFILE_MOST_NS, folder, e);
}

/* Why is it so? Asked only where something changed; what is proven stays so where it cannot be
 * told. */
static void
explain(struct trial *t)
{
	struct run_proof *p = t->proof;
	struct err e = { 0 };

	if (!t->run->folder || !has_changed(p) || t->plan->aa || t->plan->change || stop_requested())
		return;
	int code = profile(t, &t->a, "a", &p->arms[0], &e);
	if (code == 0 && !stop_requested())
		code = profile(t, &t->b, "b", &p->arms[1], &e);
	if (code == 0 && !stop_requested())   /* half a profile would feign changes */
		compare_profiles(t->a.run, t->b.run, t->run, p);
	if (code == 0 || stop_requested())
		return;
	struct run_eye *eye = RUN_ADD(t->run, eye, t->run->eyes, t->run->n_eyes);
	eye->name = "profile of both arms";
	eye->means = run_printf(t->run, "what changed inside is not known: %s", e.text);
	eye->cure = run_str(t->run, e.hint[0] ? e.hint : "prony doctor");
}

/* It failed while the change was in place, and answers as soon as it is taken back. */
static bool
fails_with_change(struct trial *t)
{
	struct change *c = t->plan->change;
	struct err ignored = { 0 };

	return change_is_in_place(c) && !change_has_failed(c) && !stop_requested() &&
	    side_enter(&t->a, &ignored) == 0;
}

static bool
b_has_died(struct trial *t)
{
	char why[256];

	return t->proof->n_blocks && !arm_alive(t->b.arm, why, sizeof(why)) &&
	    arm_alive(t->a.arm, why, sizeof(why));
}

/* B that dies where A lives is worse, whatever its figures were. */
static int
judge_death(struct trial *t, int code, struct err *e)
{
	if (code == 0 || !t->b.arm || !(t->plan->change ? fails_with_change(t) : b_has_died(t)))
		return code;
	t->proof->looks = 0;         /* no figures decide here, so none may when the run is read again */
	t->proof->verdict = "worse";
	t->proof->why = run_str(t->run, e->text);
	*e = (struct err){ 0 };
	return 0;
}

/* Whatever failed because it was told to stop is no failure. */
static int
judge_interrupt(struct trial *t, int code, struct err *e)
{
	if (code == 0 || !stop_requested() || t->proof->verdict)
		return code;
	t->proof->verdict = "inconclusive";
	t->proof->why = run_printf(t->run, "Interrupted: %s", e->text);
	*e = (struct err){ 0 };
	return 0;
}

static void
conclude(struct trial *t)
{
	struct run_proof *p = t->proof;

	p->seconds = ns_to_s(now_ns() - t->begin_ns);
	t->run->self.generator_cpu = (side_generator_s(&t->a) + side_generator_s(&t->b)) / p->seconds;
	if (!p->verdict) {
		p->verdict = "inconclusive";
		p->why = "It was interrupted before there was a pair to compare.";
	}
	compare_answer(t->run, p);
	const struct run_stop *stop = t->a.stopped.what ? &t->a.stopped : &t->b.stopped;
	if (stop->what)
		t->run->safety_stop = *stop;
}

static void
release(struct trial *t)
{
	side_close(&t->a);
	side_close(&t->b);
}

static struct side
new_side(const char *name, const struct trial_plan *plan, const struct progress *progress,
    struct run *r, int64_t begin_ns)
{
	return (struct side){
		.name = name, .progress = progress, .record = plan->record, .trial = r, .began_ns = begin_ns,
		.change = plan->change, .with = name[0] == 'B', .settle_ns = SETTLE_NS,
	};
}

int
trial_run(const struct trial_plan *plan, const struct spec *spec, const struct progress *progress,
    struct run *r, struct err *e)
{
	int64_t begin_ns = now_ns();
	CLEANUP(release) struct trial t = {
		.plan = plan, .progress = progress, .run = r, .begin_ns = begin_ns,
		.a = new_side("A", plan, progress, r, begin_ns), .b = new_side("B", plan, progress, r, begin_ns),
		.proof = RUN_ADD(r, proof, r->proofs, r->n_proofs),
	};

	t.proof->alpha = ALPHA;
	t.proof->source = SOURCE_MEASURED;
	t.proof->pairs_at_most = plan->pairs_at_most;
	int code = prepare(&t, spec, e);
	if (code == 0)
		code = run_pairs(&t, e);
	if (code == 0)
		explain(&t);
	code = judge_death(&t, code, e);
	code = judge_interrupt(&t, code, e);
	if (code == 0)
		conclude(&t);
	return code;
}

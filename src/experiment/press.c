/* SPDX-License-Identifier: MIT */
#include "experiment/press.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "experiment/change.h"
#include "experiment/component.h"
#include "experiment/quota.h"
#include "stats/special.h"

#define LEFT           0.87               /* of what it could use: 13 % less */
#define BLOCK_NS       (800 * NS_PER_MS)
#define PAIRS          6                  /* even: what drifts counts for both */
#define PRESSED_MAX    3                  /* components */
#define CONNECTIONS_MAX 64

struct press {
	const struct press_how *how;
	struct run *run;
	struct run_press *row;
	int pids[TREE_MAX];
	size_t n_pids;
	struct change_text text;
	struct change *change;
	int64_t connections;
	struct quota_periods periods;     /* while it was in place */
	double without[PAIRS], with[PAIRS];               /* requests per second */
	double latency_without, latency_with;             /* sums of means */
};

static void
change_close_p(struct change **c)
{
	change_close(*c);
}

/* ---- load ---------------------------------------------------------------------------------- */

/* Little's law, of the measured load. */
static int64_t
connections_of(const struct press_how *how, const struct run *r)
{
	const struct run_phase *last = &r->evidence.phases[r->evidence.n_phases - 1];
	double at_once = last->throughput * last->service.mean;
	double most = fmin(CONNECTIONS_MAX, (double)how->spec->connections);

	return isfinite(at_once) ? (int64_t)fmax(1, fmin(most, ceil(at_once) + 1)) : 1;
}

/* Figures of a load that prony or a stop has spoilt are none. */
static int
offer(struct press *p, double *ret_throughput, double *ret_mean, struct err *e)
{
	CLEANUP(run_free_p) struct run *scratch = run_new();
	const struct load_step step = { .name = "press", .closed = p->connections, .for_ns = BLOCK_NS };
	struct run_phase *phase;

	int code = load_run(p->how->load, &step, false, scratch, &phase, e);
	if (code < 0)
		return code;
	if (phase->generator_limited || !phase->answered)
		p->row->why = phase->answered ? "the generator was the limit" : "nothing was answered";
	*ret_throughput = phase->throughput;
	*ret_mean = phase->service.mean;
	return 0;
}

/* ---- how much to take ---------------------------------------------------------------------- */

static int
look(struct press *p, double *ret_cores, struct err *e)
{
	struct component c;
	struct component_use use;
	double ignored;

	component_begin(&c, p->pids, p->n_pids);
	int code = offer(p, &ignored, &ignored, e);
	component_use(&c, &use);
	p->n_pids = 0;
	for (size_t i = 0; i < c.tree.n; i++)
		p->pids[p->n_pids++] = c.tree.members[i].pid;
	component_done(&c);
	*ret_cores = NAN;
	if (code < 0 || p->row->why)
		return code;
	p->row->cores = use.cores;
	p->row->reach = component_reach(&use, p->connections, &p->row->why);
	*ret_cores = LEFT * p->row->reach;
	return 0;
}

/* ---- blocks -------------------------------------------------------------------------------- */

static int
switch_to(struct press *p, bool with, struct err *e)
{
	struct quota_periods now;
	bool switched;

	if (!with && change_is_in_place(p->change) && quota_periods(&p->text, &now)) {
		p->periods.all += now.all;
		p->periods.stopped += now.stopped;
	}
	int code = change_want(p->change, with, &switched, e);
	if (code == 0 && with && switched && quota_periods(&p->text, &now)) {
		p->periods.all -= now.all;
		p->periods.stopped -= now.stopped;
	}
	return code;
}

/* Without, with, with, without ...: what drifts meanwhile counts for both. */
static int
measure_pairs(struct press *p, struct err *e)
{
	int code = 0;

	for (int i = 0; i < 2 * PAIRS && code == 0 && !p->row->why && !stop_requested(); i++) {
		bool with = i % 4 == 1 || i % 4 == 2;
		double mean = NAN;
		code = switch_to(p, with, e);
		if (code == 0)
			code = offer(p, with ? &p->with[i / 2] : &p->without[i / 2], &mean, e);
		*(with ? &p->latency_with : &p->latency_without) += mean;
	}
	if (stop_requested())
		p->row->why = "interrupted";
	return code;
}

static double
mean_of(const double *x)
{
	double sum = 0;

	for (int i = 0; i < PAIRS; i++)
		sum += x[i];
	return sum / PAIRS;
}

/* The interval is of the pairs' ratios, by Student's t. */
static void
conclude(const struct press *p)
{
	struct run_press *row = p->row;
	double log_ratio[PAIRS], squares = 0;

	for (int i = 0; i < PAIRS; i++)
		log_ratio[i] = log(p->with[i] / p->without[i]);
	double mean = mean_of(log_ratio);
	for (int i = 0; i < PAIRS; i++)
		squares += (log_ratio[i] - mean) * (log_ratio[i] - mean);
	double half = student_t_quantile(0.975, PAIRS - 1) * sqrt(squares / (PAIRS - 1) / PAIRS);
	row->drop = 1 - exp(mean);
	row->drop_low = 1 - exp(mean + half);
	row->drop_high = 1 - exp(mean - half);
	row->throughput = mean_of(p->without);
	row->pressed_throughput = mean_of(p->with);
	row->latency = p->latency_without / PAIRS;
	row->pressed_latency = p->latency_with / PAIRS;
	row->stopped = p->periods.all > 0 ? p->periods.stopped / p->periods.all : NAN;
}

/* ---- one component ------------------------------------------------------------------------- */

static void
tell(struct press *p, double cores)
{
	char line[256];

	p->text.what = run_printf(p->run, "%s gets %.2f of the %.2f cores that it could use", p->row->name, cores,
	    p->row->reach);
	snprintf(line, sizeof(line), "prony: press test: for %d s in all %.150s (process %d); 'prony undo' takes it "
	    "back if prony is killed", (int)(PAIRS * BLOCK_NS / NS_PER_S), p->text.what, p->pids[0]);
	p->how->announce(p->how->ctx, line);
}

/* Whatever happened, it is not in place afterwards; only that this fails counts as an error, or that
 * the service has gone. */
static int
apply_and_measure(struct press *p, struct err *e)
{
	CLEANUP(change_close_p) struct change *change = NULL;
	const char *id = run_printf(p->run, "%s/press-%zu", p->run->id, p->run->evidence.n_presses);
	struct err why = { 0 };

	int code = change_open(p->how->journal, id, &p->text, p->how->progress, &change, e);
	if (code < 0)
		return code;
	p->change = change;
	code = measure_pairs(p, e);
	int back = switch_to(p, false, &why);
	if (back < 0)
		*e = why;
	else if (code < 0 && change_has_failed(change)) {      /* it could not be applied: nothing is lost */
		p->row->why = run_str(p->run, e->text);
		code = 0;
	}
	return back < 0 ? back : code;
}

static void
cannot(struct press *p, const struct err *e)
{
	struct run_eye *eye = RUN_ADD(p->run, eye, p->run->eyes, p->run->n_eyes);

	p->row->why = run_str(p->run, e->text);
	eye->name = run_printf(p->run, "press test of %s", p->row->name);
	eye->means = run_printf(p->run, "its part in the answers' time is not confirmed by an experiment: %s",
	    e->text);
	eye->cure = run_str(p->run, e->hint);
}

static int
press_one(struct press *p, struct err *e)
{
	struct err why = { 0 };
	double cores;

	p->row->connections = p->connections;
	p->text = (struct change_text){ .step = "press" };
	if (quota_place("", p->pids, p->n_pids, 1, p->run->arena, &p->text, &why) < 0) {
		cannot(p, &why);
		return 0;
	}
	int code = look(p, &cores, e);
	if (code < 0 || isnan(cores))
		return code;
	if (quota_place("", p->pids, p->n_pids, cores, p->run->arena, &p->text, &why) < 0) {
		cannot(p, &why);               /* of what it has forked since */
		return 0;
	}
	p->row->taken = 1 - LEFT;
	p->row->seconds = ns_to_s(PAIRS * BLOCK_NS);
	tell(p, cores);
	code = apply_and_measure(p, e);
	if (code == 0 && !p->row->why)
		conclude(p);
	return code;
}

/* ---- all ----------------------------------------------------------------------------------- */

static int
press(const struct press_how *how, const char *kind, const char *name, const char *address,
    const int *pids, size_t n, struct run *r, struct err *e)
{
	struct press p = { .how = how, .run = r, .connections = connections_of(how, r) };

	p.row = RUN_ADD(r, press, r->evidence.presses, r->evidence.n_presses);
	p.row->kind = kind;
	p.row->name = name;
	p.row->address = address;
	for (size_t i = 0; i < n && i < TREE_MAX; i++)
		p.pids[p.n_pids++] = pids[i];
	return press_one(&p, e);
}

static int
press_service(const struct press_how *how, struct run *r, struct err *e)
{
	int pids[TREE_MAX];
	size_t n = 0;

	for (; n < r->system.n_processes && n < TREE_MAX; n++)
		pids[n] = (int)r->system.processes[n].pid;
	return n ? press(how, "service", r->system.processes[0].name, NULL, pids, n, r, e) : 0;
}

static bool
is_pressed(const struct run *r, size_t before, int64_t pid)
{
	for (size_t i = 0; i < before; i++)
		if (r->system.peers[i].pid == pid)
			return true;
	return false;
}

int
press_run(const struct press_how *how, struct run *r, struct err *e)
{
	if (!r->evidence.n_phases)
		return 0;
	int code = press_service(how, r, e);
	for (size_t i = 0; i < r->system.n_peers && code == 0 && !stop_requested(); i++) {
		const struct run_peer *peer = &r->system.peers[i];
		int pid = (int)peer->pid;
		if (pid && !is_pressed(r, i, pid) && r->evidence.n_presses < PRESSED_MAX)
			code = press(how, peer->kind, peer->process, peer->address, &pid, 1, r, e);
	}
	return code;
}

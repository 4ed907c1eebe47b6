/* SPDX-License-Identifier: MIT */
/* The main job, phase by phase.
 *
 * discover, probe, warm-up, baseline, knee search, traced measurement, database questions, with
 * --press the press test, conclusions. Each phase writes its part into the run, which is saved after
 * it; the conclusions are drawn by pure functions at the end. Nothing is written before the service
 * has answered, so that a mistyped URL leaves nothing behind. */
#include "cli/check.h"
#include "cli/weigh.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/stop.h"
#include "db/activity.h"
#include "db/db.h"
#include "diagnose/diagnose.h"
#include "experiment/change.h"
#include "experiment/press.h"
#include "load/load.h"
#include "load/repeats.h"
#include "model/scaling.h"
#include "net/url.h"
#include "observe/observe.h"
#include "plan/plan.h"
#include "report/report.h"
#include "run/run_store.h"
#include "trace/trace.h"

#define WARM_UP_NS        (1500 * NS_PER_MS)
#define BEHIND_NS         (400 * NS_PER_MS)
#define BASELINE_NS       (2 * NS_PER_S)
#define KNEE_BUDGET_NS    (20 * NS_PER_S)
#define WARM_UP_CLOSED    4
#define LESS_THAN_KNEE    0.85   /* near the limit, but steady */
#define KEPT_UP           0.95   /* of the offered rate */
#define GENERATOR_BUSY    0.35   /* of a core */
#define REQUESTS_FEW      100    /* to tell from where the slow ones lose their time */

struct check {
	struct invocation *in;
	struct spec *spec;
	struct run *run;
	struct load *load;
	struct observe *observe;
	struct trace *trace;
	struct journal *journal;       /* NULL: nothing will be changed */
	int64_t started_ns;
};

/* ---- phases -------------------------------------------------------------------------------- */

/* A service given as pid:N or unit:NAME is loaded at the root of the port it listens on. */
static int
urls_from_ports(struct check *c, struct err *e)
{
	if (c->spec->n_urls || c->spec->observe)
		return 0;
	for (size_t i = 0; i < c->run->system.n_processes; i++) {
		const struct run_process *p = &c->run->system.processes[i];
		if (!p->n_ports)
			continue;
		const char *url =
		    arena_printf(c->spec->arena, "http://127.0.0.1:%lld/", (long long)p->ports[0]);
		*ARENA_PUSH(c->spec->arena, c->spec->urls, c->spec->n_urls) = url;
		RUN_ADD_STR(c->run, c->run->system.targets, c->run->system.n_targets, url);
		RUN_ADD_STR(c->run, c->run->spec.urls, c->run->spec.n_urls, url);
		return 0;
	}
	err_set(e, ENOTCONN, "the service listens on no TCP port");
	err_hint(e, "name the URL to load, or watch its real traffic with --observe");
	return -ENOTCONN;
}

static int
closed_phase(struct check *c, const char *name, int64_t connections, int64_t for_ns,
    struct run_phase **ret, struct err *e)
{
	struct load_step step = { .name = name, .closed = connections, .for_ns = for_ns };
	return load_run(c->load, &step, false, c->run, ret, e);
}

/* Who is behind a proxy shows only while it passes requests on. What the user has named is looked at alone. */
static int
look_behind(struct check *c, struct err *e)
{
	bool named = c->spec->pid || c->spec->unit;
	struct observe_behind *behind = named ? NULL : observe_behind_start(c->run);
	struct run_phase *phase;
	int r = 0;

	if (!behind)
		return 0;
	progress_say(&c->in->progress, "discover", -1, "");
	if (c->load)
		r = closed_phase(c, "behind", WARM_UP_CLOSED, BEHIND_NS, &phase, e);
	else
		sleep_until_ns(now_ns() + BEHIND_NS);
	observe_behind_stop(behind, c->run);
	return r;
}

static int
discover(struct check *c, struct err *e)
{
	progress_say(&c->in->progress, "discover", -1, "");
	int r = observe_find(c->spec, c->run, e);
	if (r < 0 || (r = urls_from_ports(c, e)) < 0)
		return r;
	if (!c->spec->observe && (r = load_open(c->spec, &c->in->progress, &c->load, e)) == 0)
		r = load_probe(c->load, c->run, e);
	return r;
}

static int
attach(struct check *c, struct err *e)
{
	struct trace_options options = { .ceiling = c->spec->no_trace ? 3 : 0 };

	progress_say(&c->in->progress, "attach", -1, "");
	observe_refresh(c->run);   /* peers that it had none of before the probe */
	int r = trace_open(c->run, &options, &c->trace, e);
	if (r < 0)
		return r;
	r = observe_start(c->run, &c->observe, e);
	if (r == 0 && c->load)
		load_set_cpu_hook(c->load, observe_service_cores, c->observe);
	return r;
}

/* One request at a time: there is leisure to look at the answers. */
static int
baseline(struct check *c, struct err *e)
{
	struct repeats repeats = { 0 };
	struct run_phase *phase;
	struct load_step step = {
		.name = "baseline", .closed = 1, .for_ns = BASELINE_NS,
		.answer_every = 1, .answer = repeats_note, .answer_ctx = &repeats,
	};
	int code = load_run(c->load, &step, false, c->run, &phase, e);

	repeats_record(&repeats, c->run);
	return code;
}

static bool
latency_is_promised(const struct spec *s)
{
	for (size_t i = 0; i < s->n_targets; i++)
		if (target_is_latency(s->targets[i].metric))
			return true;
	return false;
}

/* Close to its own limit the generator would be what is measured. */
static bool
generator_is_busy(const struct run *r)
{
	double most = 0;

	for (size_t i = 0; i < r->evidence.n_phases; i++)
		if (r->evidence.phases[i].rate <= r->capacity.knee_rate)
			most = fmax(most, r->evidence.phases[i].generator_cpu);
	return most > GENERATOR_BUSY;
}

/* Where no rate was good enough: the highest that it kept up with all the same, else the lowest tried. */
static double
least_bad_rate(const struct run_capacity *c)
{
	double kept = 0, lowest = INFINITY;

	for (size_t i = 0; i < c->n_curve; i++) {
		const struct run_point *p = &c->curve[i];
		if (p->throughput >= KEPT_UP * p->rate)
			kept = fmax(kept, p->rate);
		lowest = fmin(lowest, p->rate);
	}
	return kept > 0 ? kept : lowest;
}

/* Requests a second when each waits for the one before. */
static double
one_at_a_time(const struct run *r)
{
	for (size_t i = 0; i < r->evidence.n_phases; i++)
		if (strcmp(r->evidence.phases[i].name, "baseline") == 0)
			return r->evidence.phases[i].throughput;
	return 0;
}

/* The load that promises are given for; 0: none is named. */
static double
promised_rate(const struct spec *s)
{
	double rate = 0;

	for (size_t i = 0; rate <= 0 && i < s->n_targets; i++)
		rate = fmax(rate, s->targets[i].at_rate);
	return rate;
}

/* The load that the traced measurement is made at: what was asked for, else the knee. There what
 * runs out shows; a little below, a quota or a throttled disk may still have credit. Less where the
 * generator is near its own limit, and where a latency was promised, because the knee is then where
 * the promise breaks; and where following requests costs much, by that besides. Of a promise for more
 * than the service can answer the search has tried what becomes; there all time passes in the queue before
 * the service, and what makes it slow shows a little below the most that it answers. And where a promise
 * breaks at next to no load, nearly as much as is answered one at a time, of which no queue can come. */
static double
traced_rate(const struct check *c)
{
	const struct run_capacity *found = &c->run->capacity;
	double promised = promised_rate(c->spec), dear = c->run->evidence.trace.dear;
	double knee = found->knee_rate > 0 || !found->n_curve ? found->knee_rate : least_bad_rate(found);
	bool beyond = found->n_curve && found->max_rate < KEPT_UP * promised;
	bool less = found->at_least || latency_is_promised(c->spec) || generator_is_busy(c->run) || dear > 0;

	if (c->spec->rate > 0)
		return c->spec->rate;
	if (promised > 0 && !beyond)
		return promised;
	double rate = (less ? LESS_THAN_KNEE : 1) * (beyond ? found->max_rate : knee) / (dear > 0 ? 1 + dear : 1);
	if (rate * ns_to_s(c->spec->for_ns) < REQUESTS_FEW)
		rate = fmax(rate, LESS_THAN_KNEE * one_at_a_time(c->run));
	return rate;
}

static int
approach(struct check *c, struct err *e)
{
	bool search = c->spec->rate <= 0;
	struct run_phase *phase;

	trace_leave_dear(c->trace);
	int r = closed_phase(c, "warm-up", WARM_UP_CLOSED, WARM_UP_NS, &phase, e);
	if (r == 0 && !stop_requested())
		r = baseline(c, e);
	if (r == 0 && !stop_requested() && search)
		r = weigh_tracing(c->load, c->trace, c->run, e);
	if (r == 0 && !stop_requested() && search)
		r = load_find_knee(c->load, KNEE_BUDGET_NS, c->run, e);
	return r < 0 ? r : run_save(c->run, e);
}

static int
offer(struct check *c, struct err *e)
{
	struct run_phase *phase;
	struct load_step step = { .name = "trace", .rate = traced_rate(c), .for_ns = c->spec->for_ns };
	return load_run(c->load, &step, true, c->run, &phase, e);
}

/* --observe: the traffic is real, so time alone is offered. */
static int
watch(struct check *c)
{
	int64_t begin = now_ns(), end = begin + c->spec->for_ns;

	for (int64_t now = begin; now < end && !stop_requested(); now = now_ns()) {
		progress_say(&c->in->progress, "observe", (double)(now - begin) / (double)(end - begin), "");
		sleep_until_ns(now + 200 * NS_PER_MS);
	}
	return 0;
}

static int
measure(struct check *c, struct err *e)
{
	if (stop_requested())
		return 0;
	int r = trace_start(c->trace, e);
	if (r < 0)
		return r;
	struct activity *activity = activity_start(c->run, c->spec->database);
	observe_mark_begin(c->observe);
	r = c->load ? offer(c, e) : watch(c);
	observe_mark_end(c->observe);
	activity_stop(activity, c->run);
	observe_refresh(c->run);
	struct err ignored = { 0 };
	progress_say(&c->in->progress, "analyse", -1, "");
	int traced = trace_stop(c->trace, c->run, r < 0 ? &ignored : e);
	return r < 0 ? r : traced;
}

/* ---- the press test, with --press only ------------------------------------------------------ */

static void
tell_recovered(void *ctx, const struct journal_entry *undone)
{
	cli_note(ctx, "prony: an earlier run was ended in its midst: %s of %s is taken back", undone->text.step,
	    undone->at);
}

/* Before any load: what cannot be written down is not done. */
static int
open_journal(struct check *c, struct err *e)
{
	if (!c->spec->press)
		return 0;
	int r = journal_open(true, &c->journal, e);
	return r < 0 ? r : change_undo_all(c->journal, false, &c->in->progress, tell_recovered, c->in, e);
}

/* Also with --quiet: nobody's service is changed without a word. */
static void
announce(void *ctx, const char *line)
{
	struct invocation *in = ctx;

	if (in->quiet)
		fprintf(stderr, "%s\n", line);
	else
		cli_note(in, "%s", line);
}

static int
press(struct check *c, struct err *e)
{
	if (!c->journal || !c->load || stop_requested())
		return 0;
	const struct press_how how = {
		.load = c->load, .spec = c->spec, .journal = c->journal, .progress = &c->in->progress,
		.announce = announce, .ctx = c->in,
	};
	struct err ignored = { 0 };
	journal_copy_to(c->journal, c->run->folder, &ignored);
	return press_run(&how, c->run, e);
}

/* Without a generator the spans that trace saw are the only count of requests. */
static void
observed_rate(struct run *r)
{
	double seconds = r->evidence.trace.seconds;
	if (r->spec.observe && seconds > 0)
		r->baseline.rate = r->baseline.throughput = (double)r->evidence.trace.requests / seconds;
}

/* ---- the job ------------------------------------------------------------------------------- */

static int
phases(struct check *c, struct err *e)
{
	int r = look_behind(c, e);
	if (r == 0)
		r = attach(c, e);
	if (r == 0 && c->load)
		r = approach(c, e);
	if (r == 0)
		r = measure(c, e);
	if (r == 0 && !stop_requested())
		db_explain(c->run, c->spec->database);
	return r < 0 ? r : press(c, e);
}

/* What went wrong in mid-run is often that the service died: say so rather than what prony saw of
 * it. */
static void
explain_death(struct check *c, struct err *e)
{
	char why[256];

	if (observe_alive(c->run, why, sizeof(why)))
		return;
	err_wrap(e, 0, "the service died while it was measured (%s)", why);
	e->hint[0] = '\0';
	err_hint(e, "look at the service's own log; start it again and measure with a lower --rate");
}

static int
conclude(struct check *c, struct err *e)
{
	struct run *r = c->run;

	observed_rate(r);
	if (c->load)
		r->self.generator_cpu = load_cpu_seconds(c->load) / ns_to_s(now_ns() - c->started_ns);
	cli_own_cost(r, c->started_ns);
	scaling(r);
	int code = run_save(r, e);
	if (code < 0)
		return code;
	diagnose(r);
	plan(r);
	code = run_seal(r, e);
	return code < 0 ? code : report_write(r, e);
}

static void
release(struct check *c)
{
	if (c->observe)
		observe_stop(c->observe, c->run);
	c->observe = NULL;
	trace_close(c->trace);
	journal_close(c->journal);
	load_close(c->load);
	run_free(c->run);
}

/* A run that could not be finished stays on disk, unsealed, with the reason in it. */
static int
give_up(struct check *c, struct err *e)
{
	struct err ignored = { 0 };

	if (c->run->folder) {
		c->run->verdict = VERDICT_ERROR;
		c->run->error = run_str(c->run, e->text);
		c->run->headline = c->run->error;
		run_save(c->run, &ignored);
	}
	return cli_fail(c->in, e);
}

/* What a service does is read from the HTTP that it is asked. */
static int
refuse_unreadable(const struct spec *s, struct err *e)
{
	struct url u;

	if (!s->n_urls || url_parse(s->urls[0], &u, e) < 0 || u.scheme == URL_HTTP ||
	    u.scheme == URL_HTTPS)
		return 0;
	err_usage(e, "check reads HTTP, not %s://", url_scheme_name(u.scheme));
	err_hint(e, "name the service's http:// or https:// port; prony load speaks %s",
	    url_scheme_name(u.scheme));
	return -EINVAL;
}

static int
run_check(struct check *c, struct err *e)
{
	int r = refuse_unreadable(c->spec, e);
	if (r < 0)
		return r;
	cli_record_question(c->spec, c->run);
	if ((r = open_journal(c, e)) < 0 || (r = discover(c, e)) < 0)
		return r;
	if ((r = run_create(c->run, c->spec->out, e)) < 0)
		return r;
	r = phases(c, e);
	if (r < 0)
		explain_death(c, e);
	if (c->observe)
		observe_stop(c->observe, c->run);
	c->observe = NULL;
	return r < 0 ? r : conclude(c, e);
}

int
check_service(struct invocation *in)
{
	struct err e = { 0 };
	struct check c = {
		.in = in, .spec = in->spec, .run = run_new(), .started_ns = now_ns(),
	};

	int r = run_check(&c, &e);
	int status = r < 0 ? give_up(&c, &e) : cli_print_run(in, c.run, cli_run_end(in, c.run));
	release(&c);
	return status;
}

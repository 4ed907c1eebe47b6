/* SPDX-License-Identifier: MIT */
/* prony load: one phase of load and what became of it, without looking inside the service. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/stop.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/find_max.h"
#include "cli/fleet_losses.h"
#include "cli/load_table.h"
#include "cli/output.h"
#include "diagnose/diagnose.h"
#include "fleet/fleet.h"
#include "load/asked.h"
#include "load/load.h"
#include "run/run_store.h"
#include "scenario/scenario.h"

#define ANSWERED_ALL 0.98   /* of what was offered: the service kept up */

/* ---- the job ------------------------------------------------------------------------------- */

static int
check_asked(const struct spec *s, struct err *e)
{
	if (!s->n_urls) {
		err_usage(e, "prony load: which URL?");
		err_hint(e, "name it, as in: prony load http://127.0.0.1:8080/ --rate 100/s");
		return -EINVAL;
	}
	const struct scenario *from = s->scenario;
	if (s->find_max)
		return find_max_check(s, e);
	if (s->rate > 0 || s->closed || s->n_stages || s->replay ||
	    (from && (from->n_stages || from->replay)))
		return 0;
	err_usage(e, "prony load: how much load?");
	err_hint(e, "say --rate 100/s, --stage '10/s..100/s for 30s', --closed --connections 10, or "
	            "--find-max 'p99<500ms'");
	return -EINVAL;
}

/* What this one phase says of the service's capacity: it answered that much; when that was all
 * that was offered, it may hold more. */
static void
note_capacity(const struct spec *s, const struct run_phase *p, struct run *r)
{
	r->capacity.knee_rate = p->throughput;
	r->capacity.max_rate = p->rate;
	r->capacity.at_least = s->closed || p->throughput >= ANSWERED_ALL * p->rate;
}

static void
judge(const struct spec *s, struct run *r, const struct run_phase *p)
{
	if (r->safety_stop.what) {
		diagnose(r);
		return;
	}
	if (p->generator_limited)
		r->verdict = VERDICT_GENERATOR_LIMITED;
	else if (r->n_targets)
		diagnose(r);
	else
		r->verdict = p->answered && !stop_requested() ? VERDICT_MET : VERDICT_INCONCLUSIVE;
	if (!p->generator_limited)
		fleet_losses_judge(s, r);
}

static int
offer(struct invocation *in, const struct schedule *schedule, struct run *r, struct load *l,
    struct err *e)
{
	const struct spec *s = in->spec;
	CLEANUP(fleet_leave_p) struct lead *lead = NULL;
	struct run_phase *p = NULL;
	struct load_step step = {
		.name = "baseline", .for_ns = s->for_ns,
		.closed = s->closed ? s->connections : 0,
	};

	if (!s->closed) {
		step.schedule = schedule;
		step.rate = schedule_peak_rate(schedule);
		step.for_ns = schedule_length_ns(schedule);
	}
	int code = s->via ? fleet_lead(l, s, false, &in->progress, &lead, e) : 0;
	if (code == 0)
		code = load_run(l, &step, true, r, &p, e);
	if (code < 0)
		return code;
	if (lead)
		fleet_record(lead, r);
	note_capacity(s, p, r);
	judge(s, r, p);
	if (r->folder && (code = run_seal(r, e)) < 0)
		return code;
	CLEANUP(buf_done) struct buf table = { 0 };
	load_table(&table, s, r, p);
	code = output_files(in, r, &table, e);
	return code < 0 ? code : output_print(in, r, &table, cli_run_end(in, r));
}

/* A worker's answer: its own share, for who looks after this host. */
static int
take_part(struct invocation *in)
{
	CLEANUP(run_free_p) struct run *r = run_new();
	CLEANUP(buf_done) struct buf out = { 0 };
	struct run_phase *p = NULL;
	struct err e = { 0 };

	if (fleet_join(in->spec, &in->progress, r, &p, &e) < 0)
		return cli_fail(in, &e);
	if (p)
		load_table_share(&out, p);
	return cli_print(in, &out, r->safety_stop.what ? cli_run_end(in, r)
	    : p && p->generator_limited ? STATUS_INCONCLUSIVE : STATUS_OK);
}

static int
run(struct invocation *in)
{
	CLEANUP(run_free_p) struct run *r = run_new();
	CLEANUP(asked_done) struct asked asked = { 0 };
	CLEANUP(load_close_p) struct load *l = NULL;
	struct err e = { 0 };

	int code = fleet_check(in->spec, &e);
	if (code == 0 && in->spec->join)
		return take_part(in);
	if (code == 0)
		code = check_asked(in->spec, &e);
	if (code == 0)
		code = load_open(in->spec, &in->progress, &l, &e);
	if (code == 0 && !in->spec->closed && !in->spec->find_max)
		code = asked_make(l, &asked, &e);
	if (code == 0)
		code = load_probe(l, r, &e);
	if (code == 0) {
		cli_record_question(in->spec, r);
		code = in->spec->out ? run_create(r, in->spec->out, &e) : 0;
	}
	if (code == 0)
		code = in->spec->find_max ? find_max(in, r, l, &e) : offer(in, &asked.schedule, r, l, &e);
	return code < 0 ? cli_fail(in, &e) : code;
}

static const char *const examples[] = {
	"prony load http://127.0.0.1:8080/ --rate 20k/s --for 10s", "offer a fixed rate",
	"prony load http://127.0.0.1:8080/a http://127.0.0.1:8080/b -r 500/s -t 'p99<50ms'",
	"two routes, held to a target",
	"prony load http://127.0.0.1:8080/ --stage '0..2k/s for 30s' --stage '2k/s for 60s'",
	"rise to a rate and hold it",
	"prony load http://127.0.0.1:8080/ -r 500/s -t 'p99<50ms' --write junit=load.xml",
	"a test of a pipeline",
	"prony load http://127.0.0.1:8080/ --find-max 'p99<500ms,errors<0.1%'",
	"the highest rate at which promises hold",
	"prony load http://127.0.0.1:8080/ --closed --connections 50", "ask as fast as answers come",
	"prony load --join redis://hub --allow-load web1", "be a worker of a fleet, on each host",
	"prony load http://web1/ -r 90k/s --via redis://hub --workers 3 --allow-load web1",
	"lead it: one load, offered by three hosts; searches and suites, too",
	NULL,
};

const struct command command_load = {
	.name = "load",
	.arguments = "URL...",
	.about = "offer requests to a service and tell what became of them",
	.details =
	    "Requests are sent at times that are fixed beforehand, whatever the service does, and latency "
	    "counts from those times: a service that stalls cannot hide it. With --closed each "
	    "connection waits for its answer instead.\n\n"
	    "When prony itself could not keep up the answer is generator-limited, exit status 3.\n\n"
	    "Where one host is not enough, start 'prony load --join URL' on each of several and then the load "
	    "itself with --via URL --workers N: they meet at a Redis or Valkey server (or cluster), share the "
	    "arrivals and start together. The plan that lies there meanwhile holds the scenario, its files, "
	    "headers and passwords. A worker that is lost is named, its share counts as unsent, and nothing is "
	    "concluded, exit status 3, unless --allow-lost says otherwise.",
	.examples = examples,
	.settings = SETTINGS_LOAD | SETTINGS_SHAPE | SETTINGS_CLOSED | SETTINGS_FIND | SETTINGS_OUTPUT |
	    SETTINGS_RUN | SETTINGS_FLEET,
	.words = WORDS_TARGETS,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/* prony suite, or prony load suite: the load tests a service should have seen, in a row. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/fleet_losses.h"
#include "cli/integrity.h"
#include "cli/load_table.h"
#include "diagnose/diagnose.h"
#include "fleet/fleet.h"
#include "load/load.h"
#include "model/scaling.h"
#include "run/run_store.h"

#define QUICK_PHASE_NS (3 * NS_PER_S)
#define QUICK_SOAK_NS  (6 * NS_PER_S)

/* ---- the table ----------------------------------------------------------------------------- */

static const struct run_recovery *
recovery_in(const struct run_suite *s, const char *phase)
{
	static const char prefix[] = "recovery-";

	for (size_t i = 0; i < s->n_recoveries; i++)
		if (strncmp(phase, prefix, strlen(prefix)) == 0 &&
		    strcmp(phase + strlen(prefix), s->recoveries[i].after) == 0)
			return &s->recoveries[i];
	return NULL;
}

static void
write_recovery(struct buf *out, const struct run_recovery *r)
{
	char time[24];

	if (isnan(r->seconds))
		buf_printf(out, "not itself again within %s", format_duration(time, r->bound));
	else
		buf_printf(out, "itself again after %s", format_duration(time, r->seconds));
}

static void
write_phase(struct buf *out, const struct run_suite *s, const struct run_suite_phase *p)
{
	static const char *const words[] = {
		[FAILURE_NONE] = "held", [FAILURE_QUEUE] = "a queue grows",
		[FAILURE_ERRORS] = "error answers", [FAILURE_TIMEOUTS] = "no answers in time",
		[FAILURE_REFUSED] = "connections refused or cut", [FAILURE_CRASH] = "crash",
		[FAILURE_GENERATOR] = "GENERATOR-LIMITED: tells nothing of the service",
	};
	char rate[24], answered[24], p50[24], p99[24], errors[24];
	const struct run_recovery *back = recovery_in(s, p->phase);

	buf_printf(out, "  %-15s %9s %9s %9s %9s %8s  ", p->phase, format_rate(rate, p->rate),
	    format_rate(answered, p->throughput), format_duration(p50, p->p50),
	    format_duration(p99, p->p99), format_percent(errors, p->error_rate));
	if (back)
		write_recovery(out, back);
	else
		buf_puts(out, words[p->failure]);
	if (!back && p->failure == FAILURE_NONE && p->missed_by)
		buf_printf(out, ", but not its %s", p->missed_by);
	buf_putc(out, '\n');
}

static void
write_drift(struct buf *out, const struct run_suite *s)
{
	char drift[24], low[24], high[24];

	if (!isfinite(s->drift))
		return;
	if (s->hint)
		buf_printf(out, "  drift      p99 grows by %s a minute (95 %%: %s to %s)\n             %s\n",
		    format_percent(drift, s->drift), format_percent(low, s->drift_low),
		    format_percent(high, s->drift_high), s->hint);
	else
		buf_puts(out, "  drift      none beyond chance in the soak\n");
}

static void
write_integrity(struct buf *out, const struct run_integrity *i)
{
	buf_printf(out, "  integrity  %s: %s (status %lld)%s%s\n", i->when, i->status ? "FAILED" : "whole",
	    (long long)i->status, i->said ? ": " : "", i->said ? i->said : "");
}

static void
write_table(struct buf *out, const struct spec *spec, const struct run *r)
{
	buf_printf(out, "%s%s\n  %-15s %9s %9s %9s %9s %8s\n", spec->urls[0],
	    spec->n_urls > 1 ? " ..." : "", "phase", "offered", "answered", "p50", "p99", "errors");
	for (size_t i = 0; i < r->suite.n_phases; i++)
		write_phase(out, &r->suite, &r->suite.phases[i]);
	load_table_workers(out, r);
	write_drift(out, &r->suite);
	for (size_t i = 0; i < r->suite.n_integrity; i++)
		write_integrity(out, &r->suite.integrity[i]);
	buf_printf(out, "  %s\n", r->headline);
	if (r->folder)
		buf_printf(out, "  report     %s/report.html\n", r->folder);
}

/* ---- the job ------------------------------------------------------------------------------- */

static int
check_asked(const struct spec *s, struct err *e)
{
	int code = 0;

	if (s->join) {
		code = err_usage(e, "prony suite: workers of all kinds of load begin with prony load --join");
		err_hint(e, "write prony load --join URL on their hosts, and here --via URL --workers N");
	} else if (!s->n_urls) {
		code = err_usage(e, "prony suite: which URL?");
		err_hint(e, "name it, as in: prony load suite http://127.0.0.1:8080/");
	} else if (s->closed) {
		code = err_usage(e, "prony suite: a closed loop offers no rate");
		err_hint(e, "leave out --closed");
	}
	return code;
}

static int64_t
shorter(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct load_suite
plan_of(const struct spec *s)
{
	return (struct load_suite){
		.normal = s->rate, .peak = s->peak_rate, .quick = s->quick,
		.phase_ns = s->quick ? shorter(s->for_ns, QUICK_PHASE_NS) : s->for_ns,
		.soak_ns = s->quick ? shorter(s->soak_ns, QUICK_SOAK_NS) : s->soak_ns,
	};
}

/* Data that are not whole before any load make no test. */
static int
check_before(const struct spec *s, struct run *r, struct err *e)
{
	if (!s->integrity)
		return 0;
	int code = integrity_check(s->integrity, "before", r, e);
	const struct run_integrity *found = r->suite.integrity;
	if (code < 0 || !found->status)
		return code;
	err_set(e, EINVAL, "the integrity check fails before any load, with status %lld%s%s",
	    (long long)found->status, found->said ? ": " : "", found->said ? found->said : "");
	err_hint(e, "make 'sh -c \"%.200s\"' succeed first", s->integrity);
	return -EINVAL;
}

static int
measure(struct invocation *in, struct run *r, struct load *l, struct err *e)
{
	const struct spec *s = in->spec;
	const struct load_suite plan = plan_of(s);
	CLEANUP(fleet_leave_p) struct lead *lead = NULL;

	int code = s->via ? fleet_lead(l, s, true, &in->progress, &lead, e) : 0;
	if (code == 0)
		code = load_suite(l, &plan, r, e);
	if (code == 0 && lead)
		fleet_record(lead, r);
	if (code == 0 && s->integrity && !stop_requested())
		code = integrity_check(s->integrity, "after", r, e);
	if (code < 0)
		return code;
	scaling(r);
	diagnose(r);
	fleet_losses_judge(s, r);
	code = run_seal(r, e);
	return code < 0 ? code : report_write(r, e);
}

static int
answer(struct invocation *in, const struct run *r)
{
	if (in->json)
		return cli_print_run(in, r, cli_run_end(in, r));
	CLEANUP(buf_done) struct buf text = { 0 };
	write_table(&text, in->spec, r);
	return cli_print(in, &text, cli_run_end(in, r));
}

static int
run(struct invocation *in)
{
	CLEANUP(run_free_p) struct run *r = run_new();
	CLEANUP(load_close_p) struct load *l = NULL;
	struct err e = { 0 };

	int code = check_asked(in->spec, &e);
	if (code == 0)
		code = fleet_check(in->spec, &e);
	if (code == 0)
		code = load_open(in->spec, &in->progress, &l, &e);
	if (code == 0)
		code = load_probe(l, r, &e);
	if (code == 0)
		code = check_before(in->spec, r, &e);
	if (code == 0) {
		cli_record_question(in->spec, r);
		code = run_create(r, in->spec->out, &e);
	}
	if (code == 0)
		code = measure(in, r, l, &e);
	return code < 0 ? cli_fail(in, &e) : answer(in, r);
}

static const char *const examples[] = {
	"prony load suite http://127.0.0.1:8080/ -t 'p99<500ms'", "about 80 seconds, against a target",
	"prony load suite http://127.0.0.1:8080/ --quick --integrity './check-orders.sh'",
	"half a minute, and are the data still whole?",
	"prony load suite http://web1/ --via redis://hub --workers 3 --allow-load web1",
	"offered by the workers that joined at hub: see prony help load",
	NULL,
};

const struct command command_suite = {
	.name = "suite",
	.within = "load",
	.arguments = "URL...",
	.about = "load a service with a normal load, a peak, a spike, to its breaking point, and for long",
	.details =
	    "In a row: latency without load, the knee, the normal load (--rate, else half of the knee), "
	    "the peak (--peak, else nine tenths), a spike of three peaks, stress that rises to the "
	    "breaking point, and a soak. Told are how the service gives way (a queue, errors, timeouts, refused "
	    "connections, a crash), how long it takes to be itself again after spike and stress, and "
	    "whether latency drifts. A service that dies is a result, not an error: do not aim this at "
	    "one that people use.\n\n"
	    "Exit status 0: every promise kept, and recovered; 1: a promise missed, not recovered, or "
	    "data not whole; 3: inconclusive, or the generator was the limit. 'prony load suite' is the "
	    "same command.",
	.examples = examples,
	.settings = SETTINGS_LOAD | SETTINGS_CLOSED | SETTINGS_SUITE | SETTINGS_RUN | SETTINGS_FLEET,
	.words = WORDS_TARGETS,
	.run = run,
};

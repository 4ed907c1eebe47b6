/* SPDX-License-Identifier: MIT */
/* prony load: one phase of load and what became of it, without looking inside the service. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/stop.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/output.h"
#include "diagnose/diagnose.h"
#include "load/asked.h"
#include "load/load.h"
#include "run/run_store.h"
#include "scenario/scenario.h"

#define ANSWERED_ALL 0.98   /* of what was offered: the service kept up */

static void
run_free_p(struct run **r)
{
	run_free(*r);
}

static void
load_close_p(struct load **l)
{
	load_close(*l);
}

/* ---- the table ----------------------------------------------------------------------------- */

static void
write_latency(struct buf *out, const char *name, const struct run_latency *l, const char *from)
{
	char text[24];
	const struct { const char *name; double value; } figures[] = {
		{ "mean", l->mean }, { "p50", l->p50 }, { "p95", l->p95 }, { "p99", l->p99 },
		{ "p99.9", l->p999 }, { "max", l->max },
	};

	buf_printf(out, "  %-11s", name);
	for (size_t i = 0; i < COUNT_OF(figures); i++)
		buf_printf(out, "%s %s%s", figures[i].name, format_duration(text, figures[i].value),
		    i + 1 < COUNT_OF(figures) ? "  " : "");
	buf_printf(out, "\n  %-11s%s%s\n", "", from,
	    l->censored ? "; some were never answered: the tail is at least this" : "");
}

static void
write_errors(struct buf *out, const struct run_phase *p)
{
	const struct { const char *name; int64_t count; } classes[] = {
		{ "no connection", p->error_connect }, { "TLS", p->error_tls },
		{ "reset", p->error_reset }, { "closed", p->error_closed },
		{ "broken protocol", p->error_protocol }, { "error answers", p->error_status },
		{ "not as expected", p->error_expect },
	};

	buf_printf(out, "  errors     %lld", (long long)p->errors);
	for (size_t i = 0; i < COUNT_OF(classes); i++)
		if (classes[i].count)
			buf_printf(out, "  %s %lld", classes[i].name, (long long)classes[i].count);
	if (p->first_error)
		buf_printf(out, "\n  %-11sfirst: %s", "", p->first_error);
	buf_printf(out, "\n  timeouts   %lld\n", (long long)p->timeouts);
}

/* Nothing may get lost on the way from the schedule to the figures. */
static void
write_identity(struct buf *out, const struct run_phase *p)
{
	bool holds = p->scheduled == p->sent + p->unsent &&
	    p->sent == p->answered + p->errors + p->timeouts + p->in_flight;

	buf_printf(out, "  books      %lld scheduled = %lld sent + %lld unsent\n", (long long)p->scheduled,
	    (long long)p->sent, (long long)p->unsent);
	buf_printf(out, "             %lld sent = %lld answered + %lld errors + %lld timeouts + "
	                "%lld in flight%s\n",
	    (long long)p->sent, (long long)p->answered, (long long)p->errors, (long long)p->timeouts,
	    (long long)p->in_flight, holds ? "" : ": THIS DOES NOT ADD UP");
}

static void
write_offer(struct buf *out, const struct spec *s, const struct run_phase *p)
{
	char length[24], rate[24];

	if (s->closed)
		buf_printf(out, "%s, closed loop, %lld connections\n", format_duration(length, p->seconds),
		    (long long)s->connections);
	else if (s->replay)
		buf_printf(out, "%s at %s on average, as in %s\n", format_duration(length, p->seconds),
		    format_rate(rate, p->rate), s->replay);
	else
		buf_printf(out, "%s at %s%s, %s arrivals, seed %llu\n", format_duration(length, p->seconds),
		    format_rate(rate, p->rate), s->rate > 0 ? "" : " on average",
		    s->poisson ? "poisson" : "constant", (unsigned long long)s->seed);
}

/* Where the time of a request goes, as far as it can be told from outside. */
static void
write_spans(struct buf *out, const struct run_phase *p)
{
	const struct { const char *name; const struct run_span *span; } spans[] = {
		{ "pool wait", &p->pool_wait }, { "connect", &p->connect }, { "greeting", &p->greeting },
		{ "first byte", &p->first_byte }, { "body", &p->body },
		{ "first token", &p->first_event }, { "each token", &p->token },
		{ "events", &p->between_events },
	};
	char p50[24], p99[24], max[24];

	for (size_t i = 0; i < COUNT_OF(spans); i++)
		if (spans[i].span->max > 0)
			buf_printf(out, "    %-11sp50 %s  p99 %s  max %s\n", spans[i].name,
			    format_duration(p50, spans[i].span->p50),
			    format_duration(p99, spans[i].span->p99),
			    format_duration(max, spans[i].span->max));
}

static void
write_generator(struct buf *out, const struct run_phase *p)
{
	char share[24], lag[24], lag_max[24], seen[24], tick[24];

	buf_printf(out, "  generator  %s of a core (%s), sent late by p99 %s, at most %s\n",
	    format_percent(share, p->generator_cpu), p->engine, format_duration(lag, p->lag_p99),
	    format_duration(lag_max, p->lag_max));
	buf_printf(out, "             saw answers p99 %s after the kernel had them%s%s\n",
	    format_duration(seen, p->seen.p99), p->tick > 0 ? "; paced in ticks of " : "",
	    p->tick > 0 ? format_duration(tick, p->tick) : "");
	if (p->generator_limited)
		buf_printf(out, "  GENERATOR-LIMITED: %s; these figures tell nothing about the service\n",
		    p->generator_why ? p->generator_why : "it could not keep up");
}

static void
write_table(struct buf *out, const struct spec *s, const struct run *r, const struct run_phase *p)
{
	char rate[24];

	buf_printf(out, "%s%s\n  ", r->spec.urls[0], s->n_urls > 1 ? " ..." : "");
	write_offer(out, s, p);
	buf_printf(out, "  answered   %lld, %s\n", (long long)p->answered,
	    format_rate(rate, p->throughput));
	write_errors(out, p);
	write_latency(out, "latency", &p->latency, s->closed ? "from sending to the last byte"
	    : "from the intended start to the last byte");
	if (!s->closed)
		write_latency(out, "service", &p->service, "from the real sending to the last byte");
	write_spans(out, p);
	write_generator(out, p);
	write_identity(out, p);
	if (r->n_targets && r->headline)
		buf_printf(out, "  %s\n", r->headline);
}

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
	if (s->rate > 0 || s->closed || s->n_stages || s->replay ||
	    (from && (from->n_stages || from->replay)))
		return 0;
	err_usage(e, "prony load: how much load?");
	err_hint(e, "say --rate 100/s, --stage '10/s..100/s for 30s', or --closed --connections 10");
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
judge(struct run *r, const struct run_phase *p)
{
	if (p->generator_limited)
		r->verdict = VERDICT_GENERATOR_LIMITED;
	else if (r->n_targets)
		diagnose(r);
	else
		r->verdict = p->answered && !stop_requested() ? VERDICT_MET : VERDICT_INCONCLUSIVE;
}

static int
offer(struct invocation *in, const struct schedule *schedule, struct run *r, struct load *l,
    struct err *e)
{
	const struct spec *s = in->spec;
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
	int code = load_run(l, &step, true, r, &p, e);
	if (code < 0)
		return code;
	note_capacity(s, p, r);
	judge(r, p);
	if (r->folder && (code = run_seal(r, e)) < 0)
		return code;
	CLEANUP(buf_done) struct buf table = { 0 };
	write_table(&table, s, r, p);
	code = output_files(in, r, &table, e);
	return code < 0 ? code : output_print(in, r, &table, cli_run_status(r));
}

static int
run(struct invocation *in)
{
	CLEANUP(run_free_p) struct run *r = run_new();
	CLEANUP(asked_done) struct asked asked = { 0 };
	CLEANUP(load_close_p) struct load *l = NULL;
	struct err e = { 0 };

	int code = check_asked(in->spec, &e);
	if (code == 0)
		code = load_open(in->spec, &in->progress, &l, &e);
	if (code == 0 && !in->spec->closed)
		code = asked_make(l, &asked, &e);
	if (code == 0)
		code = load_probe(l, r, &e);
	if (code == 0) {
		cli_record_question(in->spec, r);
		code = in->spec->out ? run_create(r, in->spec->out, &e) : 0;
	}
	if (code == 0)
		code = offer(in, &asked.schedule, r, l, &e);
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
	"prony load http://127.0.0.1:8080/ --closed --connections 50", "ask as fast as answers come",
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
	    "When prony itself could not keep up the answer is generator-limited, exit status 3.",
	.examples = examples,
	.settings = SETTINGS_LOAD | SETTINGS_SHAPE | SETTINGS_CLOSED | SETTINGS_OUTPUT | SETTINGS_RUN,
	.words = WORDS_TARGETS,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include "cli/find_max.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/fleet_losses.h"
#include "cli/load_table.h"
#include "diagnose/diagnose.h"
#include "fleet/fleet.h"
#include "load/load.h"
#include "model/scaling.h"
#include "run/run_store.h"

#define PRECISION     1.03
#define CONFIRMATIONS 2
#define STEPS_MOST    12    /* of full length: doublings are shorter */
#define OTHER_NS      (60 * NS_PER_S)

int
find_max_check(const struct spec *s, struct err *e)
{
	int code = 0;

	for (size_t i = 0; i < s->n_targets && code == 0; i++) {
		const struct target *t = &s->targets[i];
		bool of_request = target_is_latency(t->metric) || t->metric == TARGET_ERRORS ||
		    t->metric == TARGET_AVAILABILITY;
		if (of_request && t->at_rate <= 0)
			continue;
		code = err_usage(e, "--find-max cannot search for '%s'", t->text);
		err_hint(e, "promise latency, errors or availability at no rate of their own, as in "
		            "'p99<500ms,errors<0.1%%': the rate is the answer");
	}
	if (code == 0 && (s->rate > 0 || s->closed)) {
		code = err_usage(e, "--find-max finds the rate, %s gives one", s->closed ? "--closed"
		    : "--rate");
		err_hint(e, "leave out one of them");
	}
	return code;
}

/* ---- the table ----------------------------------------------------------------------------- */

static void
write_step(struct buf *out, const struct run_point *p)
{
	char rate[24], p50[24], p99[24], errors[24];

	buf_printf(out, "  %-10s %10s %10s %10s %9s  %s%s\n", p->phase, format_rate(rate, p->rate),
	    format_duration(p50, p->p50), format_duration(p99, p->p99),
	    format_percent(errors, p->error_rate), p->sustained ? "held" : "missed: ",
	    p->missed_by ? p->missed_by : "");
}

static void
write_table(struct buf *out, const struct spec *s, const struct run *r)
{
	const struct run_capacity *c = &r->capacity;

	buf_printf(out, "%s%s\n  %-10s %10s %10s %10s %9s\n", s->urls[0], s->n_urls > 1 ? " ..." : "",
	    "step", "rate", "p50", "p99", "errors");
	for (size_t i = 0; i < c->n_curve; i++)
		write_step(out, &c->curve[i]);
	load_table_workers(out, r);
	buf_printf(out, "  %s\n", r->headline);
}

/* ---- the job ------------------------------------------------------------------------------- */

int
find_max(struct invocation *in, struct run *r, struct load *l, struct err *e)
{
	const struct load_aim aim = {
		.name = "max", .precision = PRECISION, .confirmations = CONFIRMATIONS, .exact = true,
		.soak_ns = in->spec->for_ns, .well_ns = in->spec->for_ns,
		.budget_ns = OTHER_NS + STEPS_MOST * in->spec->for_ns,
	};

	CLEANUP(fleet_leave_p) struct lead *lead = NULL;

	int code = in->spec->via ? fleet_lead(l, in->spec, true, &in->progress, &lead, e) : 0;
	if (code == 0)
		code = load_find(l, &aim, r, e);
	if (code < 0)
		return code;
	if (lead)
		fleet_record(lead, r);
	scaling(r);
	diagnose(r);
	fleet_losses_judge(in->spec, r);
	if (r->folder && (code = run_seal(r, e)) < 0)
		return code;
	if (in->json)
		return cli_print_run(in, r, cli_run_end(in, r));
	CLEANUP(buf_done) struct buf text = { 0 };
	write_table(&text, in->spec, r);
	return cli_print(in, &text, cli_run_end(in, r));
}

/* SPDX-License-Identifier: MIT */
/* A worker: offers its share, tells twice a second what became of it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "fleet/crew.h"
#include "fleet/fleet.h"
#include "fleet/join_int.h"
#include "load/tally_codec.h"

#define TELL_NS   (500 * NS_PER_MS)

/* ---- meanwhile ------------------------------------------------------------------------------- */

static void
keep(void *ctx, const struct tally *t)
{
	struct join *j = ctx;
	struct tally *into = j->untold;
	int64_t second = t->slice == TALLY_DRAIN ? TALLY_DRAIN : t->slice / TALLY_PER_SECOND * TALLY_PER_SECOND;

	while (into && into->slice != second)
		into = into->next;
	if (!into) {
		into = tally_new(t->n_routes);
		into->slice = second;
		into->next = j->untold;
		j->untold = into;
	}
	tally_merge(into, t);
}

static int
tell_all(struct join *j)
{
	int code = 0;

	j->told_ns = now_ns();
	if (!j->untold)
		return join_tell(j, "beat", true, "", 0);
	while (j->untold && code == 0) {
		CLEANUP(buf_done) struct buf bytes = { 0 };
		struct tally *t = j->untold;
		tally_encode(t, &bytes);
		code = join_tell(j, "tally", !t->next, bytes.data, bytes.size);
		j->untold = t->next;
		tally_free(t);
	}
	return code;
}

static bool
go_on(void *ctx)
{
	struct join *j = ctx;
	int64_t now = now_ns();

	if (j->code == 0 && now - j->told_ns >= TELL_NS)
		j->code = tell_all(j);
	if (j->code == 0 && now - j->asked_ns >= FLEET_ASK_NS) {
		j->asked_ns = now;
		j->code = join_ask(j, true);
	}
	return j->code == 0 && !j->called_off;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int64_t
ns_of(double seconds)
{
	return seconds > 0 ? llround(seconds * 1e9) : 0;
}

static int
say_end(struct join *j, const struct run_phase *p, bool gone)
{
	CLEANUP(buf_done) struct buf bytes = { 0 };
	struct last_words w = {
		.scheduled = p->scheduled, .unsent = p->unsent, .sent = p->sent,
		.window_ns = ns_of(p->seconds), .tick_ns = ns_of(p->tick), .cpu = p->generator_cpu,
		.lag_p99 = p->lag_p99, .limited = p->generator_limited, .gone = gone,
	};

	snprintf(w.why, sizeof(w.why), "%s", p->generator_why ? p->generator_why : "");
	snprintf(w.first_error, sizeof(w.first_error), "%s", p->first_error ? p->first_error : "");
	snprintf(w.engine, sizeof(w.engine), "%s", p->engine ? p->engine : "");
	last_words_encode(&w, &bytes);
	return join_tell(j, "end", true, bytes.data, bytes.size);
}

/* This worker's part of what all offer. */
static struct load_step
step_of(struct join *j)
{
	const struct spec *s = j->spec;
	const struct order *o = &j->order;
	struct load_step step = {
		.name = o->name, .rate = o->rate, .for_ns = o->for_ns, .draw = o->draw, .fresh = o->fresh,
		.closed = o->closed ? load_part((uint32_t)o->closed, (uint32_t)j->parts, (uint32_t)j->part) : 0,
		.at_most = o->at_most ? load_part((uint32_t)o->at_most, (uint32_t)j->parts, (uint32_t)j->part) : 0,
	};

	if (!o->asked)
		return step;
	step = (struct load_step){ .name = "baseline", .for_ns = s->for_ns, .closed = s->closed ? s->connections : 0 };
	if (!s->closed) {
		step.schedule = &j->asked.schedule;
		step.rate = schedule_peak_rate(&j->asked.schedule);
		step.for_ns = schedule_length_ns(&j->asked.schedule);
	}
	return step;
}

/* A phase. A service that went away in one of several is the leader's to judge. */
static int
offer(struct join *j, struct run *r, struct run_phase **ret_phase)
{
	struct err mine = { 0 };
	const struct load_share share = {
		.number = (int64_t)j->part, .of = (int64_t)j->parts, .start_ns = j->start_ns, .ctx = j,
		.tell = keep, .go_on = go_on, .drain_ns = j->order.drain_ns, .behind_ns = j->order.behind_ns,
	};
	struct load_step step = step_of(j);

	step.share = &share;
	j->called_off = false;
	int code = load_run(j->load, &step, true, r, ret_phase, &mine);
	bool gone = code == -ECONNREFUSED && *ret_phase;
	if (j->code < 0)
		return j->code;
	int told = tell_all(j);
	if (told == 0)
		told = code < 0 && !gone ? join_fail(j, mine.text)
		    : stop_requested() && !j->called_off ? join_fail(j, "it was interrupted")
		    : say_end(j, *ret_phase, gone);
	if (gone && j->plan.many)
		return told;
	if (code < 0)
		*j->e = mine;
	return code < 0 ? code : told;
}

static void
join_done(struct join *j)
{
	asked_done(&j->asked);
	load_close(j->load);
	spec_free(j->spec);
	fleet_plan_done(&j->plan);
	for (struct tally *t = j->untold, *next; t; t = next) {
		next = t->next;
		tally_free(t);
	}
	link_close(j->link);
}

int
fleet_join(const struct spec *own, const struct progress *progress, struct run *r,
    struct run_phase **ret_phase, struct err *e)
{
	CLEANUP(join_done) struct join j = { .e = e };

	gethostname(j.host, sizeof(j.host) - 1);
	fleet_token(j.token);
	*ret_phase = NULL;
	int code = join_enlist(&j, own, progress);
	do {
		if (code == 0)
			code = join_await(&j);
		if (code == 0 && !j.over)
			code = offer(&j, r, ret_phase);
	} while (code == 0 && j.plan.many && !j.over && !stop_requested());
	return code;
}

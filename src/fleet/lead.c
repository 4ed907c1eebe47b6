/* SPDX-License-Identifier: MIT */
/* The leader meanwhile: merges what its workers send, looks after them, closes their books. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "fleet/fleet.h"
#include "fleet/lead_int.h"
#include "load/schedule.h"

#define READS_MAX 10               /* of LEAD_AT_ONCE, between two looks at everything else */

static void
stop(void *ctx)
{
	struct lead *d = ctx;

	if (d->stopped == d->phase || d->code < 0)
		return;
	d->stopped = d->phase;
	d->crew.cut = true;
	d->code = lead_say(d);
}

/* ---- what comes in --------------------------------------------------------------------------- */

static struct tally *
hear(struct lead *d, const redisReply *entry)
{
	const redisReply *bytes = entry_field(entry, "d");

	return crew_hear(&d->crew, strtoul(entry_text(entry, "w"), NULL, 10), entry_text(entry, "k"),
	    atoll(entry_text(entry, "u")), bytes ? bytes->str : "", bytes ? bytes->len : 0, now_ns());
}

/* Read entries are deleted: the server holds no more than what nobody has read yet. */
static int
forget(struct lead *d, const redisReply *entries)
{
	const char *words[LEAD_AT_ONCE + 2] = { "XDEL", d->keys.results };
	int n = 2;

	for (size_t i = 0; i < entries->elements && n < LEAD_AT_ONCE + 2; i++)
		if (reply_is_list(entries->element[i], 2) && reply_is_text(entries->element[i]->element[0]))
			words[n++] = entries->element[i]->element[0]->str;
	return n == 2 ? 0 : link_argv(d->link, NULL, d->e, n, words, NULL);
}

/* Adds to the list. True: there may be more. */
static bool
listen(struct lead *d, struct tally **list)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;
	const redisReply *entries;

	d->code = lead_read(d, d->keys.results, &r, &entries);
	if (d->code < 0 || !entries)
		return false;
	for (size_t i = 0; i < entries->elements; i++) {
		struct tally *t = lead_pass(d, entries->element[i]) ? hear(d, entries->element[i]) : NULL;
		if (!t)
			continue;
		t->next = *list;
		*list = t;
	}
	d->code = forget(d, entries);
	return entries->elements == LEAD_AT_ONCE;
}

static void
look_after(struct lead *d)
{
	const struct member *m;
	char line[160];

	while ((m = crew_sweep(&d->crew, now_ns()))) {
		snprintf(line, sizeof(line), "worker %s on %s is lost", m->name, m->host);
		progress_say(d->progress, "fleet", -1, line);
		d->renewed_ns = 0;
	}
	for (size_t i = 0; i < d->crew.n_members; i++)
		if (d->crew.members[i].state == MEMBER_FINISHED && d->crew.members[i].end.gone)
			stop(d);
	if (d->code == 0)
		d->code = lead_renew(d, false);
}

static struct tally *
take(void *ctx)
{
	struct lead *d = ctx;
	struct tally *list = NULL;

	if (d->over)
		return TAKE(d->closed);
	for (int i = 0; i < READS_MAX && d->code == 0 && listen(d, &list); i++)
		;
	if (d->code == 0)
		look_after(d);
	return list;
}

static int64_t
told(void *ctx)
{
	struct lead *d = ctx;
	return crew_told(&d->crew);
}

static bool
is_running(void *ctx)
{
	struct lead *d = ctx;
	return d->code == 0 && crew_is_running(&d->crew);
}

static void
finish(void *ctx, struct load_crew_end *ret)
{
	struct lead *d = ctx;

	d->over = true;
	d->closed = crew_close(&d->crew, ret);
}

/* ---- phases ---------------------------------------------------------------------------------- */

static struct order
order_for(const struct lead *d, const struct load_step *step, int64_t drain_ns, int64_t behind_ns)
{
	struct order o = {
		.asked = !d->many, .rate = step->rate, .for_ns = step->for_ns, .closed = step->closed,
		.at_most = step->at_most, .draw = step->draw, .fresh = step->fresh, .drain_ns = drain_ns,
		.behind_ns = behind_ns,
	};

	snprintf(o.name, sizeof(o.name), "%s", step->name);
	return o;
}

static int
nobody_left(struct lead *d)
{
	err_set(d->e, EIO, "all workers of the fleet are lost");
	err_hint(d->e, "look at their hosts, then start all of it again");
	return -EIO;
}

/* So few connections that not each has one are for the first of them. */
static int
begin_phase(void *ctx, const struct load_step *step, const struct schedule *schedule, int64_t drain_ns,
    int64_t behind_ns, struct load_crew *ret, struct err *e)
{
	struct lead *d = ctx;
	const struct order o = order_for(d, step, drain_ns, behind_ns);

	d->e = e;
	d->phase++;
	d->over = d->idle = false;
	d->crew.schedule = step->closed ? NULL : schedule;
	d->crew.for_ns = step->for_ns;
	if (!crew_begin(&d->crew, step->closed > 0 ? (size_t)step->closed : 0))
		return nobody_left(d);
	d->code = lead_say(d);
	if (d->code == 0)
		d->code = lead_start(d, &o);
	if (d->phase == 1)
		d->crew.first_ns = d->crew.start_ns;
	*ret = (struct load_crew){
		.start_ns = d->crew.start_ns, .ctx = d, .told = told, .take = take, .is_running = is_running,
		.stop = stop, .finish = finish,
	};
	return d->code;
}

/* What was to be offered in it was not. */
static void
blame_lost(const struct lead *d, struct run *r, struct run_phase *p)
{
	const struct member *m = crew_lost_now(&d->crew);

	if (!m || !d->many)
		return;
	p->generator_limited = true;
	p->generator_why = run_printf(r, "worker %s on %s was lost, and its share of this was not offered", m->name,
	    m->host);
	if (!d->spec->allow_lost)
		stop_request();
}

static int
end_phase(void *ctx, struct run *r, struct run_phase *p)
{
	struct lead *d = ctx;

	if (d->code < 0)
		return d->code;
	crew_judge(&d->crew, r, p);
	blame_lost(d, r, p);
	d->idle = true;
	return d->code = lead_say(d);
}

/* ---- the whole ------------------------------------------------------------------------------- */

void
fleet_leave(struct lead *d)
{
	struct err ignored;

	if (!d)
		return;
	load_set_elsewhere(d->load, NULL);
	d->e = &ignored;
	d->leaving = true;
	d->idle = false;
	if (d->link && d->code == 0 && d->id[0] && lead_say(d) == 0)
		link_do(d->link, NULL, &ignored, "DEL %s %s %s %s", d->keys.plan, d->keys.joined,
		    d->keys.start, d->keys.results);
	link_close(d->link);
	tally_free(d->closed);
	arena_free(d->crew.arena);
	free(d);
}

int
fleet_lead(struct load *l, const struct spec *s, bool many, const struct progress *progress,
    struct lead **ret, struct err *e)
{
	CLEANUP(fleet_leave_p) struct lead *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	*d = (struct lead){
		.load = l, .spec = s, .many = many, .progress = progress, .e = e, .crew.arena = arena_new(),
		.hooks = { .ctx = d, .workers = s->workers, .begin = begin_phase, .end = end_phase },
	};
	int code = lead_assemble(d);
	if (code < 0)
		return code;
	load_routes(l, &d->crew.n_routes, &d->crew.single);
	load_set_elsewhere(l, &d->hooks);
	*ret = TAKE(d);
	return 0;
}

void
fleet_record(const struct lead *d, struct run *r)
{
	crew_record(&d->crew, r);
}

/* SPDX-License-Identifier: MIT */
/* The leader meanwhile: merges what its workers send, looks after them, closes their books. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "fleet/fleet.h"
#include "fleet/lead_int.h"
#include "load/schedule.h"

#define READS_MAX 10               /* of LEAD_AT_ONCE, between two looks at everything else */

static void
stop(void *ctx)
{
	struct lead *d = ctx;

	if (d->stopping || d->code < 0)
		return;
	d->stopping = d->crew.cut = true;
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

/* ---- the whole ------------------------------------------------------------------------------- */

static void
lead_done(struct lead *d)
{
	struct err ignored;

	d->e = &ignored;
	d->stopping = true;
	if (d->link && d->code == 0 && d->id[0] && lead_say(d) == 0)
		link_do(d->link, NULL, &ignored, "DEL %s %s %s %s", d->keys.plan, d->keys.joined,
		    d->keys.start, d->keys.results);
	link_close(d->link);
	tally_free(d->closed);
	arena_free(d->crew.arena);
}

int
fleet_lead(struct load *l, const struct spec *s, const struct load_step *step,
    const struct progress *progress, struct run *r, struct run_phase **ret_phase, struct err *e)
{
	CLEANUP(lead_done) struct lead d = {
		.spec = s, .progress = progress, .e = e, .crew.arena = arena_new(),
		.crew.schedule = step->closed ? NULL : step->schedule, .crew.for_ns = step->for_ns,
	};

	int code = lead_assemble(&d);
	if (code < 0)
		return code;
	load_routes(l, &d.crew.n_routes, &d.crew.single);
	struct load_crew crew = {
		.start_ns = d.crew.start_ns, .ctx = &d, .take = take, .is_running = is_running, .stop = stop,
		.finish = finish,
	};
	struct load_step led = *step;
	led.crew = &crew;
	code = load_run(l, &led, true, r, ret_phase, e);
	if (d.code < 0)
		return d.code;
	if (code == 0)
		crew_record(&d.crew, r, *ret_phase);
	return code;
}

/* SPDX-License-Identifier: MIT */
/* The leader before the start: puts down the plan, calls for workers, waits until all are there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "fleet/fleet_plan.h"
#include "fleet/lead_int.h"

#define START_AHEAD_NS (2 * NS_PER_S)
#define NEXT_AHEAD_NS  (500 * NS_PER_MS)   /* of the phases that follow: who comes late begins late */
#define IDLE_MS        60000
#define RENEW_NS       (500 * NS_PER_MS)
#define POLL_NS        (50 * NS_PER_MS)

/* ---- streams --------------------------------------------------------------------------------- */

int
lead_read(struct lead *d, const char *key, redisReply **ret, const redisReply **ret_entries)
{
	*ret_entries = NULL;
	int code = link_do(d->link, ret, d->e, "XREAD COUNT " LEAD_AT_ONCE_TEXT " STREAMS %s %s", key, d->last);
	if (code < 0)
		return code;
	const redisReply *r = *ret;
	if (reply_is_list(r, 1) && reply_is_list(r->element[0], 2) &&
	    reply_is_list(r->element[0]->element[1], 1))
		*ret_entries = r->element[0]->element[1];
	return 0;
}

bool
lead_pass(struct lead *d, const redisReply *entry)
{
	if (!reply_is_list(entry, 2) || !reply_is_text(entry->element[0]) ||
	    entry->element[0]->len >= LEAD_ID_MAX)
		return false;
	memcpy(d->last, entry->element[0]->str, entry->element[0]->len + 1);
	return true;
}

/* ---- signs of life --------------------------------------------------------------------------- */

int
lead_say(struct lead *d)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	if (d->leaving)
		buf_puts(&text, "over,");
	else
		buf_printf(&text, "go:%zu,", d->stopped);
	for (size_t i = 0; i < d->crew.n_members; i++)
		if (d->crew.members[i].state == MEMBER_LOST)
			buf_printf(&text, "%zu,", i);
	d->renewed_ns = now_ns();
	return link_do(d->link, NULL, d->e, "SET %s %s PX %d", d->keys.lead, buf_text(&text),
	    d->idle ? IDLE_MS : FLEET_LEAD_MS);
}

int
lead_renew(struct lead *d, bool calling)
{
	if (now_ns() - d->renewed_ns < RENEW_NS)
		return 0;
	int code = lead_say(d);
	if (code == 0 && calling)
		code = link_do(d->link, NULL, d->e, "PEXPIRE %s %d", d->keys.call, FLEET_LEAD_MS);
	return code;
}

/* ---- the call -------------------------------------------------------------------------------- */

static int
put_plan(struct lead *d)
{
	CLEANUP(fleet_plan_done) struct fleet_plan plan = { 0 };
	const char *words[2 * PLAN_FILES_MAX + 5] = { "XADD", d->keys.plan, "*", "plan" };
	size_t sizes[2 * PLAN_FILES_MAX + 5] = { 4, strlen(d->keys.plan), 1, 4 };
	int n = 4;

	int code = fleet_plan_write(d->spec, d->many, &plan, d->e);
	if (code < 0)
		return code;
	words[n] = buf_text(&plan.json);
	sizes[n++] = plan.json.size;
	for (size_t i = 0; i < plan.n_files; i++) {
		words[n] = "file";
		sizes[n++] = 4;
		words[n] = buf_text(&plan.files[i]);
		sizes[n++] = plan.files[i].size;
	}
	code = link_argv(d->link, NULL, d->e, n, words, sizes);
	int64_t ttl = d->spec->join_timeout_ns / NS_PER_S + FLEET_TTL_S;
	return code < 0 ? code
	    : link_do(d->link, NULL, d->e, "EXPIRE %s %lld", d->keys.plan, (long long)ttl);
}

static int
call(struct lead *d)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;

	int code = lead_say(d);
	if (code == 0)
		code = link_do(d->link, &r, d->e, "SET %s %s NX PX %d", d->keys.call, d->id, FLEET_LEAD_MS);
	if (code < 0 || reply_is_text(r))
		return code;
	err_set(d->e, EBUSY, "another prony leads a fleet of this name at %s just now",
	    link_where(d->link));
	err_hint(d->e, "wait for its end, or name this one, leader and workers: "
	               "redis://HOST:PORT/0?fleet=NAME");
	return -EBUSY;
}

static bool
name_is_taken(const struct crew *c, const char *name)
{
	for (size_t i = 0; i + 1 < c->n_members; i++)
		if (strcmp(c->members[i].name, name) == 0)
			return true;
	return false;
}

/* What others may not print as it is. */
static void
copy_plain(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] && n + 1 < size; n++)
		out[n] = text[n] > ' ' && text[n] < 0x7f ? text[n] : '?';
	out[n] = '\0';
}

static int
admit(struct lead *d, const redisReply *entry)
{
	const char *why = entry_text(entry, "why");
	struct crew *c = &d->crew;
	struct member m = { .clock_error_ns = atoll(entry_text(entry, "clock")) };

	copy_plain(m.token, sizeof(m.token), entry_text(entry, "token"));
	copy_plain(m.name, sizeof(m.name), entry_text(entry, "name"));
	copy_plain(m.host, sizeof(m.host), entry_text(entry, "host"));
	if (why[0]) {
		err_set(d->e, ECANCELED, "worker %s on %s cannot take part: %.300s",
		    m.name[0] ? m.name : "?", m.host, why);
		err_hint(d->e, "%s", entry_text(entry, "next")[0] ? entry_text(entry, "next")
		    : "mend that and start all of it again");
		return -ECANCELED;
	}
	if (c->n_members == (size_t)d->spec->workers)
		return 0;
	*ARENA_PUSH(c->arena, c->members, c->n_members) = m;
	struct member *in = &c->members[c->n_members - 1];
	if (!in->name[0] || name_is_taken(c, in->name))
		snprintf(in->name, sizeof(in->name), "%.40s%s%zu", m.name, m.name[0] ? "-" : "w",
		    c->n_members);
	return 0;
}

static int
too_few(struct lead *d)
{
	long long came = (long long)d->crew.n_members, wanted = (long long)d->spec->workers;

	err_set(d->e, ETIMEDOUT, "%lld of %lld workers came to %s within %.3g s; nothing was started", came,
	    wanted, link_where(d->link), ns_to_s(d->spec->join_timeout_ns));
	err_hint(d->e, "start the others with 'prony load --join URL' first, or wait longer for them: "
	               "--join-timeout 60s");
	return -ETIMEDOUT;
}

static int
muster(struct lead *d)
{
	int64_t end = now_ns() + d->spec->join_timeout_ns;
	int code = 0;
	char line[80];

	snprintf(d->last, sizeof(d->last), "0");
	while (d->crew.n_members < (size_t)d->spec->workers) {
		CLEANUP(reply_free_p) redisReply *r = NULL;
		const redisReply *entries;
		code = lead_renew(d, true);
		if (code == 0)
			code = lead_read(d, d->keys.joined, &r, &entries);
		for (size_t i = 0; code == 0 && entries && i < entries->elements; i++)
			if (lead_pass(d, entries->element[i]))
				code = admit(d, entries->element[i]);
		if (code < 0)
			return code;
		snprintf(line, sizeof(line), "%zu of %lld workers are there", d->crew.n_members,
		    (long long)d->spec->workers);
		progress_say(d->progress, "fleet", (double)d->crew.n_members / (double)d->spec->workers, line);
		if (stop_requested())
			return err_set(d->e, ECANCELED, "interrupted while workers were awaited; nothing was "
			                                "started");
		if (now_ns() > end)
			return too_few(d);
		sleep_until_ns(now_ns() + (d->crew.n_members < (size_t)d->spec->workers ? POLL_NS : 0));
	}
	return 0;
}

/* The instant at which all begin, who is which number, who takes part and in what. */
int
lead_start(struct lead *d, const struct order *o)
{
	CLEANUP(buf_done) struct buf tokens = { 0 }, parts = { 0 }, order = { 0 };
	bool first = d->phase == 1;
	int64_t now = now_ns();

	d->crew.start_ns = now + (first ? START_AHEAD_NS : NEXT_AHEAD_NS);
	for (size_t i = 0; i < d->crew.n_members; i++) {
		struct member *m = &d->crew.members[i];
		buf_printf(&tokens, "%s ", m->token);
		if (m->part != CREW_NO_PART)
			buf_printf(&parts, "%zu ", i);
		m->heard_ns = now;
	}
	order_encode(o, &order);
	long long at = d->crew.start_ns + d->offset_ns;
	int code = link_do(d->link, NULL, d->e, "XADD %s * at %lld tokens %s parts %s phase %llu order %b", d->keys.start,
	    at, buf_text(&tokens), buf_text(&parts), (unsigned long long)d->phase, order.data, order.size);
	if (code == 0)
		code = link_do(d->link, NULL, d->e, "EXPIRE %s %d", d->keys.start, FLEET_TTL_S);
	if (code == 0 && first)
		code = link_do(d->link, NULL, d->e, "DEL %s %s", d->keys.call, d->keys.plan);
	return code;
}

int
lead_assemble(struct lead *d)
{
	struct meeting at;
	int64_t error_ns;

	int code = meeting_parse(d->spec->via, &at, d->e);
	at.ca_file = d->spec->ca;
	if (code == 0)
		code = link_open(&at, &d->link, d->e);
	if (code < 0)
		return code;
	fleet_token(d->id);
	d->keys = meeting_keys(&at, d->id);
	if ((code = put_plan(d)) < 0 || (code = call(d)) < 0)
		return code;
	code = muster(d);
	if (code == 0)
		code = link_clock(d->link, &d->offset_ns, &error_ns, d->e);
	snprintf(d->last, sizeof(d->last), "0");   /* of the results */
	if (code < 0) {
		struct err ignored;
		link_do(d->link, NULL, &ignored, "DEL %s", d->keys.call);
	}
	return code;
}

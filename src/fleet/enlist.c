/* SPDX-License-Identifier: MIT */
/* A worker before the start: finds its leader, gets ready, signs up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "fleet/join_int.h"
#include "load/load.h"

#define POLL_NS   (50 * NS_PER_MS)
#define LATE_NS   (2 * NS_PER_S)       /* behind the start of a later phase, and still of use */
#define SETTLE_NS (100 * NS_PER_MS)    /* until what a thread has handed over is here */

/* ---- the leader ------------------------------------------------------------------------------ */

static int
leader_gone(struct join *j)
{
	err_set(j->e, EIO, "the leader of the fleet went away");
	err_hint(j->e, "nothing more was offered; look at the leader, then start all of it again");
	return -EIO;
}

int
join_ask(struct join *j, bool numbered)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;
	char mine[24];

	int code = link_do(j->link, &r, j->e, "GET %s", j->keys.lead);
	if (code < 0)
		return code;
	if (!reply_is_text(r))
		return leader_gone(j);
	snprintf(mine, sizeof(mine), ",%zu,", j->number);
	j->over = strncmp(r->str, "over,", 5) == 0;
	j->called_off = j->over || (strncmp(r->str, "go:", 3) == 0 && j->phase && strtoul(r->str + 3, NULL, 10) >= j->phase);
	if (!numbered || !strstr(r->str, mine))
		return 0;
	err_set(j->e, EIO, "the leader has given this worker up: nothing was heard of it for 3 s");
	err_hint(j->e, "is this host, or the way to the Redis server, too busy?");
	return -EIO;
}

static int
interrupted(struct join *j)
{
	return err_set(j->e, ECANCELED, "interrupted before the start; nothing was offered");
}

/* The id of the run that calls for workers. */
static int
await_call(struct join *j, int64_t timeout_ns, char id[FLEET_TOKEN_MAX])
{
	struct fleet_keys keys = meeting_keys(&j->at, "");
	int64_t end = now_ns() + timeout_ns;

	for (;;) {
		CLEANUP(reply_free_p) redisReply *r = NULL;
		int code = link_do(j->link, &r, j->e, "GET %s", keys.call);
		if (code < 0)
			return code;
		if (reply_is_text(r) && r->len < FLEET_TOKEN_MAX) {
			memcpy(id, r->str, r->len + 1);
			return 0;
		}
		if (stop_requested())
			return interrupted(j);
		if (now_ns() > end)
			break;
		sleep_until_ns(now_ns() + POLL_NS);
	}
	err_set(j->e, ETIMEDOUT, "no leader called for workers at %s within %.3g s", link_where(j->link),
	    ns_to_s(timeout_ns));
	err_hint(j->e, "start 'prony load URL --rate ... --via URL --workers N', or wait longer for it: "
	               "--join-timeout 10m");
	return -ETIMEDOUT;
}

int
join_tell(struct join *j, const char *kind, bool complete, const void *bytes, size_t size)
{
	int64_t told = now_ns() - SETTLE_NS - j->start_ns;

	told = complete && told > 0 ? told / TALLY_SLICE_NS * TALLY_SLICE_NS : 0;
	int code = link_do(j->link, NULL, j->e, "XADD %s * w %llu k %s u %lld d %b", j->keys.results,
	    (unsigned long long)j->number, kind, (long long)told, bytes, size);
	return code < 0 ? code
	    : link_do(j->link, NULL, j->e, "EXPIRE %s %d", j->keys.results, FLEET_TTL_S);
}

int
join_fail(struct join *j, const char *why)
{
	struct err ignored;
	struct err *e = TAKE(j->e);

	j->e = &ignored;
	int code = join_tell(j, "fail", true, why, strlen(why));
	j->e = e;
	return code;
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* A plan is taken away when all are there. */
static int
refuse_late(struct join *j)
{
	err_set(j->e, EBUSY, "the fleet was complete without this worker");
	err_hint(j->e, "the leader's --workers says how many take part");
	return -EBUSY;
}

static int
get_plan(struct join *j)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;

	int code = link_do(j->link, &r, j->e, "XRANGE %s - + COUNT 1", j->keys.plan);
	if (code < 0)
		return code;
	const redisReply *json = reply_is_list(r, 1) ? entry_field(r->element[0], "plan") : NULL;
	if (!json)
		return refuse_late(j);
	buf_append(&j->plan.json, json->str, json->len);
	const redisReply *fields = r->element[0]->element[1];
	for (size_t i = 2; i + 1 < fields->elements && j->plan.n_files < PLAN_FILES_MAX; i += 2)
		if (reply_is_text(fields->element[i + 1]))
			buf_append(&j->plan.files[j->plan.n_files++], fields->element[i + 1]->str,
			    fields->element[i + 1]->len);
	return 0;
}

/* What is this host's own, and may not come from elsewhere. */
static void
keep_own(const struct spec *own, struct spec *s)
{
	s->allow_load = own->allow_load;
	s->threads = own->threads;
	s->engine = own->engine;
	s->ca = own->ca;
	s->stop_if = own->stop_if;
	s->n_stop_if = own->n_stop_if;
	s->no_guard = own->no_guard;
}

/* Nothing of the plan lies there while load is offered: who is killed leaves nothing behind. */
static void
remove_folder(const struct join *j)
{
	char path[sizeof(j->folder) + 32];

	for (size_t i = 0; i < j->plan.n_files; i++) {
		snprintf(path, sizeof(path), "%s/file-%zu", j->folder, i);
		unlink(path);
	}
	rmdir(j->folder);
}

static int
prepare(struct join *j, const struct spec *own, const struct progress *progress)
{
	int code = get_plan(j);

	snprintf(j->folder, sizeof(j->folder), "/tmp/prony-plan-XXXXXX");
	if (code < 0)
		return code;
	if (!mkdtemp(j->folder))
		return err_set(j->e, errno, "cannot make a folder in /tmp: %s", strerror(errno));
	j->spec = spec_new();
	code = fleet_plan_read(&j->plan, j->folder, j->spec, j->e);
	keep_own(own, j->spec);
	if (code == 0)
		code = spec_check(j->spec, j->e);
	if (code == 0)
		code = load_open(j->spec, progress, &j->load, j->e);
	if (code == 0 && !j->spec->closed && !j->plan.many)
		code = asked_make(j->load, &j->asked, j->e);
	remove_folder(j);
	return code < 0 ? code : load_reach(j->load, j->e);
}

/* ---- the start ------------------------------------------------------------------------------- */

static int
sign_up(struct join *j, const char *why, const char *next, struct err *e)
{
	int code = link_do(j->link, NULL, e,
	    "XADD %s * token %s name %s host %s clock %lld why %s next %s", j->keys.joined, j->token,
	    j->at.name, j->host, (long long)j->clock_error_ns, why, next);
	return code < 0 ? code : link_do(j->link, NULL, e, "EXPIRE %s %d", j->keys.joined, FLEET_TTL_S);
}

/* The place of our token among those of the fleet. */
static bool
find_number(const char *tokens, const char *token, size_t *ret)
{
	for (*ret = 0; *tokens; (*ret)++) {
		size_t n = strcspn(tokens, " ");
		if (n == strlen(token) && memcmp(tokens, token, n) == 0)
			return true;
		tokens += n + (tokens[n] == ' ');
	}
	return false;
}

/* The place of our number among those who take part, and how many they are. False: this phase is for others. */
static bool
find_part(struct join *j, const char *parts)
{
	bool found = false;
	char *end;

	for (j->parts = 0;; j->parts++, parts = end) {
		size_t number = strtoul(parts, &end, 10);
		if (end == parts)
			return found;
		if (number == j->number && !found) {
			j->part = j->parts;
			found = true;
		}
	}
}

static int
too_late(struct join *j)
{
	err_set(j->e, ETIME, "the common start had passed when it was heard of here");
	err_hint(j->e, "is this host, or the way to the Redis server, too busy?");
	join_fail(j, "it heard of the start too late");
	return -ETIME;
}

/* 1: it is for this worker, too. Who hears of a later phase late begins late, and says that it was the limit. */
static int
take_start(struct join *j, const redisReply *entry)
{
	const redisReply *order = entry_field(entry, "order");
	int64_t at = atoll(entry_text(entry, "at")), now = now_ns();
	bool first = !j->phase;

	if (!find_number(entry_text(entry, "tokens"), j->token, &j->number))
		return refuse_late(j);
	j->phase = strtoul(entry_text(entry, "phase"), NULL, 10);
	j->start_ns = at - j->offset_ns;
	if (!order || !order_decode(order->str, order->len, &j->order) || j->order.asked == j->plan.many || !j->phase) {
		join_fail(j, "it does not understand its order");
		err_set(j->e, EBADMSG, "what the leader orders makes no sense");
		err_hint(j->e, "does the same version of prony lead, and does nobody else write to these keys?");
		return -EBADMSG;
	}
	if (!find_part(j, entry_text(entry, "parts")))
		return 0;
	if (j->start_ns < now - (first ? 0 : LATE_NS) || j->start_ns > now + 60 * NS_PER_S)
		return too_late(j);
	return 1;
}

/* The next entry of the stream of starts, if there is one. 1: a phase of this worker. */
static int
look_for_start(struct join *j)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;
	int code = link_do(j->link, &r, j->e, "XREAD COUNT 1 STREAMS %s %s", j->keys.start, j->last);

	if (code < 0 || !reply_is_list(r, 1) || !reply_is_list(r->element[0], 2) ||
	    !reply_is_list(r->element[0]->element[1], 1))
		return code;
	const redisReply *entry = r->element[0]->element[1]->element[0];
	if (!reply_is_list(entry, 2) || !reply_is_text(entry->element[0]) || entry->element[0]->len >= sizeof(j->last))
		return 0;
	memcpy(j->last, entry->element[0]->str, entry->element[0]->len + 1);
	return take_start(j, entry);
}

int
join_await(struct join *j)
{
	for (;;) {
		int code = look_for_start(j);
		if (code != 0)
			return code < 0 ? code : 0;
		code = join_ask(j, j->phase > 0);
		if (code < 0)
			return code;
		if (stop_requested() && j->phase)
			join_fail(j, "it was interrupted");
		if (stop_requested())
			return interrupted(j);
		if (j->over && j->phase)
			return 0;
		if (j->over) {
			err_set(j->e, ECANCELED, "the leader called the load off before its start");
			err_hint(j->e, "the leader says why");
			return -ECANCELED;
		}
		sleep_until_ns(now_ns() + POLL_NS);
	}
}

/* What keeps this worker away is what its leader waits for: tell it. */
static int
enlist(struct join *j, const struct spec *own, const struct progress *progress)
{
	struct err ignored;

	int code = prepare(j, own, progress);
	if (code == 0)
		code = link_clock(j->link, &j->offset_ns, &j->clock_error_ns, j->e);
	if (code == 0)
		return sign_up(j, "", "", j->e);
	sign_up(j, j->e->text, j->e->hint, &ignored);
	return code;
}

int
join_enlist(struct join *j, const struct spec *own, const struct progress *progress)
{
	char id[FLEET_TOKEN_MAX];

	int code = meeting_parse(own->join, &j->at, j->e);
	j->at.ca_file = own->ca;
	if (code == 0)
		code = link_open(&j->at, &j->link, j->e);
	if (code == 0)
		code = await_call(j, own->join_timeout_ns, id);
	if (code < 0)
		return code;
	j->keys = meeting_keys(&j->at, id);
	snprintf(j->last, sizeof(j->last), "0");
	return enlist(j, own, progress);
}

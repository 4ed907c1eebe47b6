/* SPDX-License-Identifier: MIT */
/* A worker: waits for its leader, offers its share, tells twice a second what became of it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "fleet/crew.h"
#include "fleet/fleet.h"
#include "fleet/fleet_plan.h"
#include "fleet/link.h"
#include "load/asked.h"
#include "load/tally_codec.h"

#define POLL_NS   (50 * NS_PER_MS)
#define TELL_NS   (500 * NS_PER_MS)
#define SETTLE_NS (100 * NS_PER_MS)    /* until what a thread has handed over is here */

struct join {
	struct link *link;
	struct meeting at;
	struct fleet_keys keys;
	char token[FLEET_TOKEN_MAX], host[64], folder[64];
	struct fleet_plan plan;
	struct spec *spec;             /* of the plan */
	struct load *load;
	struct asked asked;
	int64_t offset_ns, clock_error_ns;
	size_t number;
	int64_t start_ns;
	struct tally *untold;          /* one a second */
	int64_t told_ns, asked_ns;     /* when, absolute */
	bool called_off;               /* by the leader */
	int code;                      /* of the link, or of the leader's death */
	struct err *e;
};

/* ---- the leader ---------------------------------------------------------------------------- */

static int
leader_gone(struct join *j)
{
	err_set(j->e, EIO, "the leader of the fleet went away");
	err_hint(j->e, "nothing more was offered; look at the leader, then start all of it again");
	return -EIO;
}

/* Does it live, and want this worker to go on? */
static int
ask_leader(struct join *j, bool numbered)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;
	char mine[24];

	int code = link_do(j->link, &r, j->e, "GET %s", j->keys.lead);
	if (code < 0)
		return code;
	if (!reply_is_text(r))
		return leader_gone(j);
	snprintf(mine, sizeof(mine), ",%zu,", j->number);
	j->called_off = strncmp(r->str, "stop", 4) == 0;
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

/* ---- the plan ------------------------------------------------------------------------------ */

static int
get_plan(struct join *j)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;

	int code = link_do(j->link, &r, j->e, "XRANGE %s - + COUNT 1", j->keys.plan);
	if (code < 0)
		return code;
	const redisReply *json = reply_is_list(r, 1) ? entry_field(r->element[0], "plan") : NULL;
	if (!json)
		return leader_gone(j);
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
}

static int
prepare(struct join *j, const struct spec *own, const struct progress *progress)
{
	int code = get_plan(j);

	snprintf(j->folder, sizeof(j->folder), "/tmp/prony-plan-XXXXXX");
	if (code < 0)
		return code;
	if (!mkdtemp(j->folder)) {
		j->folder[0] = '\0';
		return err_set(j->e, errno, "cannot make a folder in /tmp: %s", strerror(errno));
	}
	j->spec = spec_new();
	code = fleet_plan_read(&j->plan, j->folder, j->spec, j->e);
	keep_own(own, j->spec);
	if (code == 0)
		code = spec_check(j->spec, j->e);
	if (code == 0)
		code = load_open(j->spec, progress, &j->load, j->e);
	if (code == 0 && !j->spec->closed)
		code = asked_make(j->load, &j->asked, j->e);
	return code < 0 ? code : load_reach(j->load, j->e);
}

/* ---- the start ----------------------------------------------------------------------------- */

static int
sign_up(struct join *j, const char *why, const char *next, struct err *e)
{
	int code = link_do(j->link, NULL, e,
	    "XADD %s * token %s name %s host %s clock %lld why %s next %s", j->keys.joined, j->token,
	    j->at.name, j->host, (long long)j->clock_error_ns, why, next);
	return code < 0 ? code : link_do(j->link, NULL, e, "EXPIRE %s %d", j->keys.joined, FLEET_TTL_S);
}

/* A message to the leader. */
static int
tell_leader(struct join *j, const char *kind, const void *bytes, size_t size)
{
	int64_t told = now_ns() - SETTLE_NS - j->start_ns;

	told = told > 0 ? told / TALLY_SLICE_NS * TALLY_SLICE_NS : 0;
	int code = link_do(j->link, NULL, j->e, "XADD %s * w %llu k %s u %lld d %b", j->keys.results,
	    (unsigned long long)j->number, kind, (long long)told, bytes, size);
	return code < 0 ? code
	    : link_do(j->link, NULL, j->e, "EXPIRE %s %d", j->keys.results, FLEET_TTL_S);
}

static int
say_fail(struct join *j, const char *why)
{
	struct err ignored;
	struct err *e = TAKE(j->e);

	j->e = &ignored;
	int code = tell_leader(j, "fail", why, strlen(why));
	j->e = e;
	return code;
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

static int
take_start(struct join *j, const redisReply *entry)
{
	int64_t at = atoll(entry_text(entry, "at"));

	if (!find_number(entry_text(entry, "tokens"), j->token, &j->number)) {
		err_set(j->e, EBUSY, "the fleet was complete without this worker");
		err_hint(j->e, "the leader's --workers says how many take part");
		return -EBUSY;
	}
	j->start_ns = at - j->offset_ns;
	if (j->start_ns > now_ns() && j->start_ns < now_ns() + 60 * NS_PER_S)
		return 0;
	err_set(j->e, ETIME, "the common start had passed when it was heard of here");
	err_hint(j->e, "is this host, or the way to the Redis server, too busy?");
	say_fail(j, "it heard of the start too late");
	return -ETIME;
}

static int
await_start(struct join *j)
{
	for (;;) {
		CLEANUP(reply_free_p) redisReply *r = NULL;
		int code = link_do(j->link, &r, j->e, "XRANGE %s - + COUNT 1", j->keys.start);
		if (code == 0 && reply_is_list(r, 1))
			return take_start(j, r->element[0]);
		if (code == 0)
			code = ask_leader(j, false);
		if (code < 0)
			return code;
		if (stop_requested())
			return interrupted(j);
		if (j->called_off) {
			err_set(j->e, ECANCELED, "the leader called the load off before its start");
			err_hint(j->e, "the leader says why");
			return -ECANCELED;
		}
		sleep_until_ns(now_ns() + POLL_NS);
	}
}

/* ---- meanwhile ----------------------------------------------------------------------------- */

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
		return tell_leader(j, "beat", "", 0);
	while (j->untold && code == 0) {
		CLEANUP(buf_done) struct buf bytes = { 0 };
		struct tally *t = j->untold;
		tally_encode(t, &bytes);
		code = tell_leader(j, "tally", bytes.data, bytes.size);
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
		j->code = ask_leader(j, true);
	}
	return j->code == 0 && !j->called_off;
}

/* ---- the end ------------------------------------------------------------------------------- */

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
	return tell_leader(j, "end", bytes.data, bytes.size);
}

static int
offer(struct join *j, struct run *r, struct run_phase **ret_phase)
{
	const struct spec *s = j->spec;
	struct err mine = { 0 };
	const struct load_share share = {
		.number = (int64_t)j->number, .of = s->workers, .start_ns = j->start_ns, .ctx = j,
		.tell = keep, .go_on = go_on,
	};
	struct load_step step = {
		.name = "baseline", .for_ns = s->for_ns, .closed = s->closed ? s->connections : 0,
		.share = &share,
	};

	if (!s->closed) {
		step.schedule = &j->asked.schedule;
		step.rate = schedule_peak_rate(&j->asked.schedule);
		step.for_ns = schedule_length_ns(&j->asked.schedule);
	}
	int code = load_run(j->load, &step, true, r, ret_phase, &mine);
	bool gone = code == -ECONNREFUSED && *ret_phase;
	if (j->code < 0)
		return j->code;
	int told = tell_all(j);
	if (told == 0)
		told = code < 0 && !gone ? say_fail(j, mine.text)
		    : stop_requested() && !j->called_off ? say_fail(j, "it was interrupted")
		    : say_end(j, *ret_phase, gone);
	if (code < 0)
		*j->e = mine;
	return code < 0 ? code : told;
}

static void
join_done(struct join *j)
{
	char path[sizeof(j->folder) + 32];

	asked_done(&j->asked);
	load_close(j->load);
	spec_free(j->spec);
	for (size_t i = 0; j->folder[0] && i < j->plan.n_files; i++) {
		snprintf(path, sizeof(path), "%s/file-%zu", j->folder, i);
		unlink(path);
	}
	if (j->folder[0])
		rmdir(j->folder);
	fleet_plan_done(&j->plan);
	for (struct tally *t = j->untold, *next; t; t = next) {
		next = t->next;
		tally_free(t);
	}
	link_close(j->link);
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
fleet_join(const struct spec *own, const struct progress *progress, struct run *r,
    struct run_phase **ret_phase, struct err *e)
{
	CLEANUP(join_done) struct join j = { .e = e };
	char id[FLEET_TOKEN_MAX];

	gethostname(j.host, sizeof(j.host) - 1);
	fleet_token(j.token);
	int code = meeting_parse(own->join, &j.at, e);
	if (code == 0)
		code = link_open(&j.at, &j.link, e);
	if (code == 0)
		code = await_call(&j, own->join_timeout_ns, id);
	if (code < 0)
		return code;
	j.keys = meeting_keys(&j.at, id);
	code = enlist(&j, own, progress);
	if (code == 0)
		code = await_start(&j);
	return code < 0 ? code : offer(&j, r, ret_phase);
}

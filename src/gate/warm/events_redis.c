/* SPDX-License-Identifier: MIT */
/* Updates from a stream of Redis or Valkey: XADD STREAM * key /products/5 tag product:5.
 *
 * Fields of an entry are `key` (a path or a URL), `tag` and `all`, any number of them. Entries are read on from the last
 * one (XREAD), so that a lost connection loses none. What was trimmed away in between cannot be had any more: that is
 * so when the last entry that was read is gone, for a stream loses its oldest entries first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/redis_talk.h"
#include "gate/warm/events_int.h"
#include "net/url.h"

#define PATIENCE_NS (6 * NS_PER_S)
#define BLOCK_MS    "5000"   /* shorter than that */
#define ID_MAX      EVENTS_PLACE_MAX

static void
reply_done(redisReply **r)
{
	if (*r)
		freeReplyObject(*r);
}

static void
redis_done(struct redis_talk **t)
{
	redis_talk_close(*t);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* One command; *ret stays NULL: the gate ends. An error reply is an error. */
static int
ask(struct redis_talk *t, int n, const char **words, redisReply **ret, struct err *e)
{
	char *command;
	int size = redisFormatCommandArgv(&command, n, words, NULL);

	if (size < 0)
		return err_set(e, ENOMEM, "out of memory");
	int code = redis_talk_ask(t, command, (size_t)size, ret);
	redisFreeCommand(command);
	if (code == -ECANCELED)
		return 0;
	if (code < 0) {
		err_set(e, -code, "%s", redis_talk_why(t, code));
		err_hint(e, "%s", redis_talk_next(t));
	} else if ((*ret)->type == REDIS_REPLY_ERROR) {
		code = err_set(e, EPROTO, "%.200s", (*ret)->str);
	}
	return code;
}

static int
say(struct redis_talk *t, int n, const char **words, struct err *e)
{
	CLEANUP(reply_done) redisReply *r = NULL;
	return ask(t, n, words, &r, e);
}

static int
log_in(struct redis_talk *t, const struct url *at, struct err *e)
{
	const char *given = getenv("REDISCLI_AUTH"), *password = at->password[0] || !given ? at->password : given;
	const char *auth[] = { "AUTH", at->user[0] ? at->user : password, password };
	const char *select[] = { "SELECT", at->path + 1 };
	int code = 0;

	if (password[0])
		code = say(t, at->user[0] ? 3 : 2, auth, e);
	if (code == 0 && at->path[1])
		code = say(t, 2, select, e);
	return code;
}

/* What was said first, or not said, to somebody who is connected. */
static void
hint_greeting(const struct url *at, int code, struct err *e)
{
	if (strncmp(e->text, "NOAUTH", 6) == 0 || strncmp(e->text, "WRONGPASS", 9) == 0)
		err_hint(e, "user and password stand in the URL, or the password in REDISCLI_AUTH");
	else if (strncmp(e->text, "NOPERM", 6) == 0)
		err_hint(e, "what is needed: ACL SETUSER NAME ~STREAM +xread +xrange +xinfo +select");
	else if (code != -EPROTO && !e->hint[0] && !url_is_secure(at))
		err_hint(e, "if it speaks TLS there, write rediss://");
}

static struct tls_config
tls_of(const struct gate_redis_tls *t, const char *host)
{
	return (struct tls_config){ .host = t->server_name ? t->server_name : host, .verify = t->verify,
		.ca_file = t->ca_file, .certificate_file = t->certificate_file, .key_file = t->key_file };
}

/* `at` lives as long as the connection; its password does not. */
static int
connect_to(struct source *s, struct url *at, struct redis_talk **ret, struct err *e)
{
	const struct gate_redis_events *c = &s->hand.gate->config->warming.redis;
	struct err why = { 0 };

	int code = url_parse(c->url, at, e);
	if (code < 0)
		return code;
	const struct tls_config tls = tls_of(&c->tls, at->host);
	const struct talk_to to = { .host = at->host, .port = (uint16_t)at->port, .tls = c->tls.on ? &tls : NULL,
		.patience_ns = PATIENCE_NS, .until_ns = INT64_MAX, .stop = s->end };
	code = redis_talk_open(&to, ret, &why);
	if (code == 0) {
		code = log_in(*ret, at, e);
	} else if (code != -ECANCELED) {
		err_set(e, -code, "%s:%d: %s", at->host, at->port, why.text);
		err_hint(e, "%s", why.hint);
	}
	explicit_bzero(at->password, sizeof(at->password));
	return code == -ECANCELED ? 0 : code;
}

/* What of its files can be read now. */
static int
check(const struct gate_config *config, struct err *e)
{
	const struct gate_redis_tls *t = &config->warming.redis.tls;
	const struct tls_config tls = tls_of(t, "");
	struct tls_context *context = NULL;

	int code = t->on ? tls_context_open(&tls, &context, e) : 0;
	tls_context_close(context);
	return code < 0 ? err_wrap(e, code, "%s:%d:%d: redis.tls", config->file, t->place.line, t->place.column) : 0;
}

/* ---- where the stream is --------------------------------------------------------------------- */

static const char *
stream_of(const struct source *s)
{
	return s->hand.gate->config->warming.redis.stream;
}

static bool
is_text(const redisReply *r)
{
	return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
}

/* The id of the newest entry that there ever was; "0-0" when there is no such stream. */
static int
find_newest(struct source *s, struct redis_talk *c, char id[ID_MAX], struct err *e)
{
	CLEANUP(reply_done) redisReply *r = NULL;
	const char *words[] = { "XINFO", "STREAM", stream_of(s) };

	snprintf(id, ID_MAX, "0-0");
	int code = ask(c, 3, words, &r, e);
	if (code < 0 && r && strstr(r->str, "no such key"))
		return 0;
	for (size_t i = 0; code == 0 && r && r->type == REDIS_REPLY_ARRAY && i + 1 < r->elements; i += 2)
		if (is_text(r->element[i]) && strcmp(r->element[i]->str, "last-generated-id") == 0 &&
		    is_text(r->element[i + 1]))
			snprintf(id, ID_MAX, "%s", r->element[i + 1]->str);
	return code;
}

static void
id_parts(const char *id, unsigned long long parts[2])
{
	char *rest;

	parts[0] = strtoull(id, &rest, 10);
	parts[1] = *rest == '-' ? strtoull(rest + 1, NULL, 10) : 0;
}

static bool
is_before(const char *a, const char *b)
{
	unsigned long long x[2], y[2];

	id_parts(a, x);
	id_parts(b, y);
	return x[0] < y[0] || (x[0] == y[0] && x[1] < y[1]);
}

/* Is the entry still there that was read last? Then nothing behind it is missing. */
static int
is_whole(struct source *s, struct redis_talk *c, const char *id, bool *ret, struct err *e)
{
	CLEANUP(reply_done) redisReply *r = NULL;
	const char *words[] = { "XRANGE", stream_of(s), id, id };

	*ret = true;
	if (strcmp(id, "0-0") == 0)
		return 0;
	int code = ask(c, 4, words, &r, e);
	*ret = code < 0 || !r || (r->type == REDIS_REPLY_ARRAY && r->elements);
	return code;
}

/* What the place is of: another stream, another place. Not of user and password, which may become others. */
static uint64_t
stream_id(const struct source *s)
{
	const struct gate_redis_events *r = &s->hand.gate->config->warming.redis;
	const char *at = strrchr(r->url, '@');

	at = at ? at + 1 : strstr(r->url, "://") + 3;
	return XXH3_64bits_withSeed(at, strlen(at), XXH3_64bits(r->stream, strlen(r->stream)));
}

static void
keep_place(struct source *s, const char *id)
{
	snprintf(s->place, sizeof(s->place), "%s", id);
	event_places_keep(s->places, stream_id(s), id);
}

/* Where to read on after a new connection. */
static int
find_place(struct source *s, struct redis_talk *c, struct err *e)
{
	char newest[ID_MAX];
	bool whole = true;

	int code = find_newest(s, c, newest, e);
	if (code < 0 || source_is_ending(s))
		return code;
	/* the gate before this one may have come somewhere */
	if (!s->place[0] && !event_places_of_stream(s->places, stream_id(s), s->place)) {
		keep_place(s, newest);
		source_first_heard(s);
		return 0;
	}
	bool fewer = is_before(newest, s->place);
	if (!fewer && is_before(s->place, newest))
		code = is_whole(s, c, s->place, &whole, e);
	if (code == 0 && (fewer || !whole)) {
		event_gap(&s->hand, fewer ? "the stream of updates in Redis has begun anew"
		                          : "updates were trimmed from the stream in Redis before they were read");
		keep_place(s, newest);
	}
	return code;
}

/* ---- entries --------------------------------------------------------------------------------- */

static void
take_field(struct event_hand *h, const redisReply *name, const redisReply *value)
{
	char tag[1100];

	if (!is_text(name) || !is_text(value))
		return;
	if (strcmp(name->str, "all") == 0)
		event_name(h, (struct text){ "all", 3 });
	else if (strcmp(name->str, "key") == 0)
		event_name(h, (struct text){ value->str, value->len });
	else if (strcmp(name->str, "tag") == 0)
		event_name(h, (struct text){ tag, (size_t)snprintf(tag, sizeof(tag), "tag:%.1050s", value->str) });
}

static void
take_entry(struct source *s, const redisReply *entry)
{
	struct event_hand *h = &s->hand;

	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || !is_text(entry->element[0]))
		return;
	const redisReply *fields = entry->element[1];
	for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2)
		take_field(h, fields->element[i], fields->element[i + 1]);
	metrics_add(h->metrics, METRIC_EVENTS, h->source, 1);
	int64_t told_ns = (int64_t)strtoll(entry->element[0]->str, NULL, 10) * NS_PER_MS;
	event_apply(h);
	keep_place(s, entry->element[0]->str);
	if (told_ns > 0)
		metrics_observe(h->metrics, METRIC_EVENT_LAG, h->source, wall_ns() - told_ns);
}

/* A stream, its name first: [[name, [[id, [field, value ...]] ...]]]. */
static const redisReply *
entries_of(const redisReply *r)
{
	const redisReply *stream = r && r->type == REDIS_REPLY_ARRAY && r->elements ? r->element[0] : NULL;

	if (!stream || stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 ||
	    stream->element[1]->type != REDIS_REPLY_ARRAY)
		return NULL;
	return stream->element[1];
}

static int
read_entries(struct source *s, struct redis_talk *c, struct err *e)
{
	CLEANUP(reply_done) redisReply *r = NULL;
	const char *words[] = { "XREAD", "COUNT", "256", "BLOCK", BLOCK_MS, "STREAMS", stream_of(s), s->place };
	bool whole = true;
	char before[ID_MAX];

	int code = ask(c, 8, words, &r, e);
	const redisReply *entries = code < 0 ? NULL : entries_of(r);
	if (!entries)
		return code;
	snprintf(before, sizeof(before), "%s", s->place);
	for (size_t i = 0; i < entries->elements; i++)
		take_entry(s, entries->element[i]);
	code = is_whole(s, c, before, &whole, e);
	if (code == 0 && !whole)
		event_gap(&s->hand, "updates were trimmed from the stream in Redis before they were read");
	return code;
}

static int
attend(struct source *s, struct err *e)
{
	CLEANUP(redis_done) struct redis_talk *c = NULL;
	struct url at;

	int code = connect_to(s, &at, &c, e);
	if (code == 0 && !source_is_ending(s))
		code = find_place(s, c, e);
	if (code < 0 && c)
		hint_greeting(&at, code, e);
	if (code == 0 && !source_is_ending(s))
		source_up(s);
	while (code == 0 && !source_is_ending(s))
		code = read_entries(s, c, e);
	return code;
}

static bool
is_wanted(const struct gate_warming *w)
{
	return w->redis.url;
}

const struct source_kind source_redis = {
	.source = SOURCE_REDIS, .name = "the stream of updates in Redis", .waits = true, .is_wanted = is_wanted,
	.check = check, .attend = attend,
};

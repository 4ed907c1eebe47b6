/* SPDX-License-Identifier: MIT */
#include "fleet/link.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/redis_talk.h"

#define REDIRECTS_MAX 5
#define ROUND_TRIPS   9
#define MICROSECOND   NS_PER_US

struct link {
	struct meeting at;           /* host and port of the node in use */
	char where[sizeof(((struct meeting *)0)->host) + 16];
	struct redis_talk *talk;     /* NULL: lost */
	bool greeted;                /* it has answered as a Redis server does */
};

static void
hang_up(struct link *l)
{
	redis_talk_close(l->talk);
	l->talk = NULL;
}

static int
refused(const struct link *l, const char *reply, struct err *e)
{
	err_set(e, EPROTO, "the Redis server at %s refuses: %.200s", l->where, reply);
	if (strncmp(reply, "NOAUTH", 6) == 0 || strncmp(reply, "WRONGPASS", 9) == 0)
		err_hint(e, "give the password in the URL, %s://:PASSWORD@HOST, or in REDISCLI_AUTH",
		    l->at.tls ? "rediss" : "redis");
	else
		err_hint(e, "can 'redis-cli %s-h %s -p %d' write there?", l->at.tls ? "--tls " : "",
		    l->at.host, l->at.port);
	return -EPROTO;
}

static int
lost(struct link *l, const char *why, struct err *e)
{
	const char *next = l->talk ? redis_talk_next(l->talk) : "";

	err_set(e, EIO, "the Redis server at %s went away: %s", l->where, why);
	if (l->greeted || *next)
		err_hint(e, "%s", *next ? next : "nothing more was offered; look at that server, then start all of it "
		                                 "again");
	else
		err_hint(e, l->at.tls ? "if it wants clients to show a certificate, name one: "
		                        "?certificate=FILE&key=FILE" : "if it speaks TLS there, write rediss://");
	hang_up(l);
	return -EIO;
}

/* Send one formatted command, take its reply. */
static int
exchange(struct link *l, const char *command, size_t size, redisReply **ret, struct err *e)
{
	if (!l->talk)
		return lost(l, "the connection is closed", e);
	int code = redis_talk_ask(l->talk, command, size, ret);
	if (code < 0)
		return lost(l, code == -ETIMEDOUT ? "no answer within 1 s" : redis_talk_why(l->talk, code), e);
	l->greeted = true;
	return 0;
}

static int
greet(struct link *l, struct err *e, int n, const char **words)
{
	CLEANUP(reply_free_p) redisReply *r = NULL;
	char *command;

	int size = redisFormatCommandArgv(&command, n, words, NULL);
	if (size < 0)
		abort();
	int code = exchange(l, command, (size_t)size, &r, e);
	redisFreeCommand(command);
	return code < 0 ? code : r->type == REDIS_REPLY_ERROR ? refused(l, r->str, e) : 0;
}

static int
log_in(struct link *l, struct err *e)
{
	char db[16];
	int code = 0;

	if (l->at.password[0])
		code = l->at.user[0]
		    ? greet(l, e, 3, (const char *[]){ "AUTH", l->at.user, l->at.password })
		    : greet(l, e, 2, (const char *[]){ "AUTH", l->at.password });
	snprintf(db, sizeof(db), "%d", l->at.db);
	if (code == 0 && l->at.db)
		code = greet(l, e, 2, (const char *[]){ "SELECT", db });
	return code;
}

static const char *
given(const char *text)
{
	return text[0] ? text : NULL;
}

static int
not_reached(const struct link *l, const struct err *why, struct err *e)
{
	err_set(e, ECONNREFUSED, "cannot reach the Redis server at %s: %s", l->where, why->text);
	if (why->hint[0])
		err_hint(e, "%s", why->hint);
	else
		err_hint(e, "is it running, and may this host connect to it? redis-cli %s-h %s -p %d ping",
		    l->at.tls ? "--tls " : "", l->at.host, l->at.port);
	return -ECONNREFUSED;
}

static int
dial(struct link *l, struct err *e)
{
	const struct meeting *at = &l->at;
	const struct tls_config tls = {
		.host = at->server_name[0] ? at->server_name : at->host, .verify = true, .ca_file = at->ca_file,
		.certificate_file = given(at->certificate_file), .key_file = given(at->key_file),
	};
	const struct talk_to to = {
		.host = at->host, .port = (uint16_t)at->port, .tls = at->tls ? &tls : NULL,
		.patience_ns = LINK_TIMEOUT_NS, .until_ns = INT64_MAX, .stop = -1,
	};
	struct err why = { 0 };

	snprintf(l->where, sizeof(l->where), strchr(at->host, ':') ? "[%s]:%d" : "%s:%d", at->host, at->port);
	hang_up(l);
	if (redis_talk_open(&to, &l->talk, &why) < 0)
		return not_reached(l, &why, e);
	return log_in(l, e);
}

int
link_open(const struct meeting *at, struct link **ret, struct err *e)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	l->at = *at;
	int code = dial(l, e);
	if (code < 0) {
		link_close(l);
		return code;
	}
	*ret = l;
	return 0;
}

void
link_close(struct link *l)
{
	if (!l)
		return;
	hang_up(l);
	explicit_bzero(&l->at, sizeof(l->at));
	free(l);
}

const char *
link_where(const struct link *l)
{
	return l->where;
}

/* "MOVED 3999 10.0.0.5:6381" or "ASK 3999 ..."; a missing host is the one that said it. */
static bool
names_node(const char *reply, struct meeting *at, bool *ret_asking)
{
	*ret_asking = strncmp(reply, "ASK ", 4) == 0;
	if (!*ret_asking && strncmp(reply, "MOVED ", 6) != 0)
		return false;
	const char *node = strrchr(reply, ' ') + 1, *colon = strrchr(node, ':');
	if (!colon || (size_t)(colon - node) >= sizeof(at->host))
		return false;
	int port = atoi(colon + 1);
	if (port < 1 || port > 65535)
		return false;
	if (colon > node)
		snprintf(at->host, sizeof(at->host), "%.*s", (int)(colon - node), node);
	at->port = port;
	return true;
}

/* Until a node answers that has the keys. */
static int
run_command(struct link *l, const char *command, size_t size, redisReply **ret, struct err *e)
{
	bool asking = false;

	for (int tries = 0;; tries++) {
		CLEANUP(reply_free_p) redisReply *r = NULL;
		int code = asking ? greet(l, e, 1, (const char *[]){ "ASKING" }) : 0;
		if (code == 0)
			code = exchange(l, command, size, &r, e);
		if (code < 0)
			return code;
		if (r->type != REDIS_REPLY_ERROR) {
			if (ret)
				*ret = TAKE(r);
			return 0;
		}
		if (tries == REDIRECTS_MAX || !names_node(r->str, &l->at, &asking))
			return refused(l, r->str, e);
		if ((code = dial(l, e)) < 0)
			return code;
	}
}

int
link_do(struct link *l, redisReply **ret, struct err *e, const char *fmt, ...)
{
	char *command;
	va_list ap;

	va_start(ap, fmt);
	int size = redisvFormatCommand(&command, fmt, ap);
	va_end(ap);
	if (size < 0)
		abort();
	int code = run_command(l, command, (size_t)size, ret, e);
	redisFreeCommand(command);
	return code;
}

int
link_argv(struct link *l, redisReply **ret, struct err *e, int n, const char **words,
    const size_t *sizes)
{
	char *command;

	int size = redisFormatCommandArgv(&command, n, words, sizes);
	if (size < 0)
		abort();
	int code = run_command(l, command, (size_t)size, ret, e);
	redisFreeCommand(command);
	return code;
}

/* TIME: seconds and microseconds, as texts. */
static bool
instant_of(const redisReply *r, int64_t *ret)
{
	if (!reply_is_list(r, 2) || !reply_is_text(r->element[0]) || !reply_is_text(r->element[1]))
		return false;
	long long s = atoll(r->element[0]->str), us = atoll(r->element[1]->str);
	*ret = s * NS_PER_S + us * MICROSECOND;
	return s > 0 && s < INT64_MAX / NS_PER_S - 1 && us >= 0 && us < 1000000;
}

int
link_clock(struct link *l, int64_t *ret_offset_ns, int64_t *ret_error_ns, struct err *e)
{
	*ret_error_ns = INT64_MAX;
	for (int i = 0; i < ROUND_TRIPS; i++) {
		CLEANUP(reply_free_p) redisReply *r = NULL;
		int64_t there, before = now_ns();
		int code = link_do(l, &r, e, "TIME");
		int64_t after = now_ns(), half = (after - before) / 2;
		if (code < 0)
			return code;
		if (!instant_of(r, &there))
			return refused(l, "its TIME is none", e);
		if (half + MICROSECOND >= *ret_error_ns)
			continue;
		*ret_error_ns = half + MICROSECOND;
		*ret_offset_ns = there + MICROSECOND / 2 - (before + half);
	}
	return 0;
}

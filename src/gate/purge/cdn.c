/* SPDX-License-Identifier: MIT */
#include "gate/purge/cdn.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "gate/purge/cdn_driver.h"
#include "gate/purge/http_call.h"

#define CALL_NS      (30 * NS_PER_S)
#define WAIT_MIN_NS  (500 * NS_PER_MS)    /* after the first failure; doubles */
#define WAIT_MAX_NS  (60 * NS_PER_S)      /* but for what it asks for itself: */
#define RETRY_MAX_NS (3600 * NS_PER_S)
#define REFUSALS_MAX 5                    /* of one purge, then it is passed over */
#define TOKEN_MAX    ((size_t)16 << 10)

struct cdn {
	const struct gate_cdn *c;
	const struct cdn_driver *driver;
	struct purge_log *log;
	struct purge_reader reader;
	int news, end;               /* eventfds */
	pthread_t thread;
	bool started;
	struct cdn_batch batch;      /* the thread's, as what follows */
	uint64_t upto;               /* the batch is all that is to be carried on up to this number */
	size_t most;                 /* purges of a batch: fewer after one that was refused */
	pthread_mutex_t lock;        /* of what is told */
	uint64_t carried, refused;
	int64_t failing_since_ns;    /* wall; 0: it is not */
	int64_t retry_ns;            /* not to be asked before, as it wants; 0: at any time */
	struct err error;
};

struct cdns {
	size_t n;
	struct cdn *at;
};

/* ---- one batch ------------------------------------------------------------------------------- */

static int
read_token(const struct gate_cdn *c, struct buf *token, struct err *e)
{
	const char *word = c->token_env ? getenv(c->token_env) : NULL;

	token->cap_bytes = TOKEN_MAX;
	if (c->token_env && !word)
		return err_set(e, ENOENT, "the environment has no %s", c->token_env);
	if (word)
		buf_puts(token, word);
	else if (c->token_file && file_read(c->token_file, TOKEN_MAX, token, e) < 0)
		return -e->code;
	while (token->size && strchr(" \t\r\n", token->data[token->size - 1]))
		token->data[--token->size] = '\0';
	return 0;
}

/* Not the hour's fault: the same would be answered again. */
static bool
is_refusal(const struct cdn_driver *d, int status, const struct buf *why)
{
	static const int others[] = { 401, 403, 408, 425, 429 };
	bool refused = status >= 400 && status < 500 && (d->missing_is_done || (status != 404 && status != 410));

	for (size_t i = 0; i < COUNT_OF(others); i++)
		refused &= status != others[i];
	for (const char *const *word = d->for_now; refused && word && *word; word++)
		refused = !strstr(buf_text(why), *word);
	return refused;
}

/* 0 it is done; -errno: not yet, or not ever: *ret_refused. *ret_retry_ns: for how long it does not want to be asked. */
static int
ask(struct cdn *k, bool *ret_refused, int64_t *ret_retry_ns, struct err *e)
{
	CLEANUP(buf_done) struct buf token = { 0 };
	CLEANUP(http_answer_done) struct http_answer answer = { 0 };
	CLEANUP(cdn_request_done) struct cdn_request r = { 0 };
	struct cdn_ask by = { .c = k->c, .batch = &k->batch, .wall_ns = wall_ns() };
	struct url url;

	*ret_retry_ns = 0;
	int code = read_token(k->c, &token, e);
	if (k->c->token_env || k->c->token_file)
		by.secret = (struct text){ buf_text(&token), token.size };
	if (code == 0)
		code = k->driver->write(&by, &r, e);
	*ret_refused = code == -ENOTSUP;
	if (code == 0)
		code = url_parse(buf_text(&r.to), &url, e);
	if (code == 0)
		code = http_call(&url, r.method, r.rest.data, r.rest.size, k->c->ca_file, CALL_NS, k->end, &answer, e);
	int status = answer.status;
	if (code < 0 || (status >= 200 && status < 300) ||
	    (k->driver->missing_is_done && (status == 404 || status == 410)))
		return code;   /* what is not there need not be purged */
	*ret_refused = is_refusal(k->driver, status, &answer.body);
	*ret_retry_ns = answer.retry_ns < RETRY_MAX_NS ? answer.retry_ns : RETRY_MAX_NS;
	return err_set(e, EREMOTEIO, "it answered %d", status);
}

static void
note(struct cdn *k, const struct err *e, int64_t retry_ns)
{
	pthread_mutex_lock(&k->lock);
	k->retry_ns = retry_ns ? now_ns() + retry_ns : 0;
	if (e && !k->failing_since_ns)
		k->failing_since_ns = wall_ns();
	if (!e)
		k->failing_since_ns = 0;
	k->error = e ? *e : (struct err){ 0 };
	k->carried += e ? 0 : k->batch.n;
	pthread_mutex_unlock(&k->lock);
}

/* False: the end has come. */
static bool
rest(const struct cdn *k, int fd, int64_t ns)
{
	struct pollfd p[] = { { .fd = k->end, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	poll(p, fd < 0 ? 1 : 2, ns < 0 ? -1 : (int)(ns / NS_PER_MS) + 1);
	return !p[0].revents;
}

/* As long as it wants. False: the end has come. */
static bool
rest_for_it(struct cdn *k, int64_t least_ns)
{
	pthread_mutex_lock(&k->lock);
	int64_t left_ns = k->retry_ns ? k->retry_ns - now_ns() : 0;
	pthread_mutex_unlock(&k->lock);
	return rest(k, -1, left_ns > least_ns ? left_ns : least_ns);
}

enum carried { CARRIED, TOO_MUCH, STOPPED };

/* Until it is done or refused for good. TOO_MUCH: it is too large, or something in it is refused. STOPPED: the end has
 * come. */
static enum carried
carry(struct cdn *k)
{
	int64_t wait_ns = WAIT_MIN_NS, retry_ns;

	for (int refusals = 0;;) {
		struct err e = { 0 };
		bool refused;
		int code = ask(k, &refused, &retry_ns, &e);
		note(k, code < 0 ? &e : NULL, retry_ns);
		if (code == 0)
			return CARRIED;
		if (refused && k->batch.n_items == 1 && ++refusals == REFUSALS_MAX) {
			pthread_mutex_lock(&k->lock);
			k->refused += k->batch.n;
			pthread_mutex_unlock(&k->lock);
			return CARRIED;
		}
		if (!rest_for_it(k, wait_ns))
			return STOPPED;
		if (refused && k->batch.n_items > 1)
			return TOO_MUCH;
		wait_ns = wait_ns * 2 < WAIT_MAX_NS ? wait_ns * 2 : WAIT_MAX_NS;
	}
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* False: there is nothing. */
static bool
gather(struct cdn *k, struct buf *text)
{
	struct purge_entry e;
	int code;

	cdn_batch_clear(&k->batch);
	k->upto = k->reader.done;
	while ((code = purge_log_next(k->log, k->upto, &e, text)) != 0) {
		if (code < 0) {   /* some are lost */
			e.purge = (struct purge){ .what = PURGE_ALL };
			e.wall_ns = wall_ns();
		}
		if (!e.purge.from_fleet && !cdn_batch_add(&k->batch, k->driver, k->c, &e, k->most))
			break;
		k->upto = e.number;
	}
	return k->upto > k->reader.done;
}

static void *
run(void *ctx)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct cdn *k = ctx;
	eventfd_t news;

	if (!rest_for_it(k, 0))   /* the one before was asked to wait */
		return NULL;
	do {
		while (gather(k, &text)) {
			enum carried how = k->batch.n ? carry(k) : CARRIED;
			if (how == STOPPED)
				return NULL;
			if (how == CARRIED)
				purge_log_done(k->log, &k->reader, k->upto);
			k->most = how == CARRIED ? 2 * k->most : k->batch.n / 2;
			if (k->most > k->driver->items_max)
				k->most = k->driver->items_max;
		}
		if (!rest(k, k->news, -1))
			return NULL;
		eventfd_read(k->news, &news);
	} while (true);
}

static void
wake(void *ctx)
{
	eventfd_write(((struct cdn *)ctx)->news, 1);
}

static int64_t
retry_of(const struct cdns *k, const char *name)
{
	for (size_t i = 0; k && i < k->n; i++)
		if (strcmp(k->at[i].c->name, name) == 0)
			return k->at[i].retry_ns;
	return 0;
}

static int
begin(struct cdn *k, const struct gate_cdn *c, struct purge_log *log, const struct cdns *others, struct err *e)
{
	sigset_t all, before;

	*k = (struct cdn){ .c = c, .log = log, .reader = { .name = c->name, .wake = wake, .ctx = k },
		.retry_ns = retry_of(others, c->name) };
	k->driver = cdn_driver_of(c);
	k->most = k->driver->items_max;
	pthread_mutex_init(&k->lock, NULL);
	k->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->news < 0 || k->end < 0)
		return err_set(e, errno, "cannot carry purges on: %s", strerror(errno));
	if (purge_log_subscribe(log, &k->reader) < 0)
		return err_set(e, ENOSPC, "the purge log has too many readers");
	sigfillset(&all);   /* signals are for the main thread */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int failed = pthread_create(&k->thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	k->started = !failed;
	return failed ? err_set(e, failed, "cannot carry purges on: %s", strerror(failed)) : 0;
}

static int
open_all(const struct gate_config *c, struct purge_log *log, const struct cdns *others, struct cdns **ret, struct err *e)
{
	int code = 0;

	struct cdns *k = calloc(1, sizeof(*k));
	if (!k || !(k->at = calloc(c->n_cdns, sizeof(*k->at))))
		abort();
	for (; k->n < c->n_cdns && code == 0; k->n++)
		code = begin(&k->at[k->n], &c->cdns[k->n], log, others, e);
	if (code < 0)
		cdns_close(k);
	else
		*ret = k;
	return code;
}

static void
stop(struct cdn *k)
{
	if (k->end >= 0)
		eventfd_write(k->end, 1);
	if (k->started)
		pthread_join(k->thread, NULL);
	k->started = false;
}

static void
end(struct cdn *k)
{
	stop(k);
	purge_log_leave(k->log, &k->reader);
	if (k->news >= 0)
		close(k->news);
	if (k->end >= 0)
		close(k->end);
	buf_done(&k->batch.items);
	pthread_mutex_destroy(&k->lock);
}

int
cdns_open(const struct gate_config *c, struct purge_log *log, struct cdns *others, struct cdns **ret, struct err *e)
{
	*ret = NULL;
	for (size_t i = 0; others && i < others->n; i++)
		stop(&others->at[i]);
	int code = c->n_cdns ? open_all(c, log, others, ret, e) : 0;
	cdns_close(others);
	return code;
}

void
cdns_close(struct cdns *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n; i++)
		end(&k->at[i]);
	free(k->at);
	free(k);
}

json_t *
cdns_json(struct cdns *k)
{
	json_t *list = json_array();

	for (size_t i = 0; k && i < k->n; i++) {
		struct cdn *d = &k->at[i];
		uint64_t latest = purge_log_latest(d->log), done = purge_log_done_by(d->log, &d->reader);
		pthread_mutex_lock(&d->lock);
		json_t *j = json_pack("{s:s, s:I, s:I, s:I}", "name", d->c->name, "backlog",
		    (json_int_t)(latest - done), "carried_on", (json_int_t)d->carried, "refused",
		    (json_int_t)d->refused);
		if (d->failing_since_ns) {
			char since[21];
			wall_format(d->failing_since_ns, since);
			json_object_set_new(j, "failing_since", json_string(since));
			json_object_set_new(j, "error", json_string(d->error.text));
		}
		if (d->retry_ns > now_ns()) {
			char at[21];
			wall_format(wall_ns() + d->retry_ns - now_ns(), at);
			json_object_set_new(j, "retry_at", json_string(at));
		}
		pthread_mutex_unlock(&d->lock);
		json_array_append_new(list, j);
	}
	return list;
}

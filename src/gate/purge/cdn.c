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
#include "gate/purge/cdn_request.h"
#include "gate/purge/http_call.h"

#define CALL_NS      (30 * NS_PER_S)
#define WAIT_MIN_NS  (500 * NS_PER_MS)    /* after the first failure; doubles */
#define WAIT_MAX_NS  (60 * NS_PER_S)
#define REFUSALS_MAX 5                    /* of one purge, then it is passed over */
#define TOKEN_MAX    ((size_t)16 << 10)

struct cdn {
	const struct gate_cdn *c;
	struct purge_log *log;
	struct purge_reader reader;
	int news, end;               /* eventfds */
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;        /* of what is told */
	uint64_t carried, refused;
	int64_t failing_since_ns;    /* wall; 0: it is not */
	struct err error;
};

struct cdns {
	size_t n;
	struct cdn *at;
};

/* ---- one purge ------------------------------------------------------------------------------- */

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

/* 0 it is done; -errno: not yet; *ret_status: what was answered, 0: nothing. */
static int
ask(struct cdn *k, const struct purge *p, int *ret_status, struct err *e)
{
	CLEANUP(buf_done) struct buf token = { 0 };
	CLEANUP(buf_done) struct buf target = { 0 };
	CLEANUP(buf_done) struct buf rest = { 0 };
	const struct gate_cdn_call *call = cdn_call_for(k->c, p->what);
	struct url url;

	*ret_status = 0;
	if (!call) {
		*ret_status = 400;
		return err_set(e, ENOTSUP, "it cannot be asked for this: there is no %s", purge_what_name(p->what));
	}
	int code = read_token(k->c, &token, e);
	if (code == 0 && cdn_request_write(k->c, call, p, buf_text(&token), &target, &rest) < 0)
		code = err_set(e, EINVAL, "the token has more than one line");
	if (code == 0)
		code = url_parse(buf_text(&target), &url, e);
	if (code == 0)
		code = http_call(&url, call->method, rest.data, rest.size, k->c->ca_file, CALL_NS, k->end, ret_status, e);
	if (code < 0 || (*ret_status >= 200 && *ret_status < 300) || *ret_status == 404 || *ret_status == 410)
		return code;   /* what is not there need not be purged */
	return err_set(e, EREMOTEIO, "it answered %d", *ret_status);
}

/* Not the hour's fault: the same would be answered again. */
static bool
is_refusal(int status)
{
	return status >= 400 && status < 500 && status != 401 && status != 403 && status != 408 && status != 425 &&
	    status != 429;
}

static void
note(struct cdn *k, const struct err *e)
{
	pthread_mutex_lock(&k->lock);
	if (e && !k->failing_since_ns)
		k->failing_since_ns = wall_ns();
	if (!e)
		k->failing_since_ns = 0;
	k->error = e ? *e : (struct err){ 0 };
	k->carried += !e;
	pthread_mutex_unlock(&k->lock);
}

/* False: the end has come. */
static bool
rest(const struct cdn *k, int fd, int64_t ns)
{
	struct pollfd p[] = { { .fd = k->end, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	poll(p, fd < 0 ? 1 : 2, ns < 0 ? -1 : (int)(ns / NS_PER_MS));
	return !p[0].revents;
}

/* Until it is done or refused for good; false: the end has come. */
static bool
carry(struct cdn *k, const struct purge *p)
{
	int64_t wait_ns = WAIT_MIN_NS;

	for (int refusals = 0;;) {
		struct err e = { 0 };
		int status, code = ask(k, p, &status, &e);
		note(k, code < 0 ? &e : NULL);
		if (code == 0)
			return true;
		if (is_refusal(status) && ++refusals == REFUSALS_MAX) {
			pthread_mutex_lock(&k->lock);
			k->refused++;
			pthread_mutex_unlock(&k->lock);
			return true;
		}
		if (!rest(k, -1, wait_ns))
			return false;
		wait_ns = wait_ns * 2 < WAIT_MAX_NS ? wait_ns * 2 : WAIT_MAX_NS;
	}
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void *
run(void *ctx)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct cdn *k = ctx;
	struct purge_entry e;
	eventfd_t news;

	do {
		int code;
		while ((code = purge_log_next(k->log, k->reader.done, &e, &text)) != 0) {
			struct purge all = { .what = PURGE_ALL };
			bool ours = code < 0 || !e.purge.from_fleet;
			if (ours && !carry(k, code < 0 ? &all : &e.purge))
				return NULL;
			purge_log_done(k->log, &k->reader, e.number);
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

static int
begin(struct cdn *k, const struct gate_cdn *c, struct purge_log *log, struct err *e)
{
	sigset_t all, before;

	*k = (struct cdn){ .c = c, .log = log, .reader = { .name = c->name, .wake = wake, .ctx = k } };
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

int
cdns_open(const struct gate_config *c, struct purge_log *log, struct cdns **ret, struct err *e)
{
	int code = 0;

	*ret = NULL;
	if (!c->n_cdns)
		return 0;
	struct cdns *k = calloc(1, sizeof(*k));
	if (!k || !(k->at = calloc(c->n_cdns, sizeof(*k->at))))
		abort();
	for (; k->n < c->n_cdns && code == 0; k->n++)
		code = begin(&k->at[k->n], &c->cdns[k->n], log, e);
	if (code < 0)
		cdns_close(k);
	else
		*ret = k;
	return code;
}

static void
end(struct cdn *k)
{
	if (k->end >= 0)
		eventfd_write(k->end, 1);
	if (k->started)
		pthread_join(k->thread, NULL);
	purge_log_leave(k->log, &k->reader);
	if (k->news >= 0)
		close(k->news);
	if (k->end >= 0)
		close(k->end);
	pthread_mutex_destroy(&k->lock);
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
		pthread_mutex_unlock(&d->lock);
		json_array_append_new(list, j);
	}
	return list;
}

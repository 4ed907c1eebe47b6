/* SPDX-License-Identifier: MIT */
/* What is popular: kept over a restart, read from logs, fetched before it is asked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "gate/notice.h"
#include "gate/warm/warm_int.h"
#include "gate/warm/warm_logs.h"

#define HALF_LIFE_NS (24 * 3600 * NS_PER_S)   /* what was asked for yesterday at this time counts half */
#define COUNTERS_EACH 4                       /* for each item that is to be found */
#define FULL_SHARE   0.9                      /* of the cache: beyond, what comes would drive out what is there */

static void
read_state(struct warm *warm)
{
	CLEANUP(buf_done) struct buf text = { .cap_bytes = WARM_TEXT_MAX };
	const char *path = warm->config->state;
	struct err e = { 0 };

	int code = file_read(path, WARM_TEXT_MAX, &text, &e);
	if (code == 0)
		code = popular_read(warm->popular, path, (struct text){ text.data, text.size }, &e);
	if (code < 0 && code != -ENOENT)
		notice_post(warm->gate->notices, "what was popular is not known: %s", e.text);
}

int
warm_popular_open(struct warm *warm, struct text learned, struct err *e)
{
	const struct gate_warming *c = warm->config;
	struct err unread = { 0 };

	if (!c->learn_popular && !c->warm_related && !c->state)
		return 0;
	warm->popular = popular_new((size_t)c->popular * COUNTERS_EACH, HALF_LIFE_NS);
	if (!warm->popular)
		return err_set(e, ENOMEM, "out of memory");
	if (learned.size && popular_read(warm->popular, "what the gate before has learned", learned, &unread) == 0)
		return 0;
	if (c->state)
		read_state(warm);
	return 0;
}

void
warm_learned(struct warm *warm, struct buf *ret)
{
	if (!warm || !warm->popular)
		return;
	ret->cap_bytes = WARM_TEXT_MAX;
	pthread_mutex_lock(&warm->popular_lock);
	popular_write(warm->popular, wall_ns(), ret);
	pthread_mutex_unlock(&warm->popular_lock);
}

void
warm_popular_save(struct warm *warm)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct err e = { 0 };

	warm_learned(warm, &text);
	if (file_write(warm->config->state, text.data, text.size, &e) < 0)
		notice_post(warm->gate->notices, "what is popular is not kept: %s", e.text);
}

/* The most popular items, as texts of our own. */
struct ranked {
	struct popular_item *items;
	struct buf texts;
	size_t n;
};

static void
ranked_done(struct ranked *r)
{
	buf_done(&r->texts);
	free(r->items);
}

/* With the lock, where `p` is shared. */
static void
rank(struct popular *p, size_t most, struct ranked *ret)
{
	size_t at = 0;

	ret->items = calloc(most, sizeof(*ret->items));
	ret->n = ret->items ? popular_top(p, most, wall_ns(), ret->items) : 0;
	for (size_t i = 0; i < ret->n; i++)
		buf_append(&ret->texts, ret->items[i].text.at, ret->items[i].text.size);
	for (size_t i = 0; i < ret->n; at += ret->items[i++].text.size)
		ret->items[i].text.at = ret->texts.data + at;
}

static void
rank_learned(struct warm *warm, size_t most, struct ranked *ret)
{
	if (!warm->popular)
		return;
	pthread_mutex_lock(&warm->popular_lock);
	rank(warm->popular, most, ret);
	pthread_mutex_unlock(&warm->popular_lock);
}

/* What was learned and what the logs say, as one. */
static void
rank_all(struct warm *warm, struct ranked *ret)
{
	size_t most = (size_t)warm->config->popular;
	CLEANUP(ranked_done) struct ranked learned = { 0 };

	if (!warm->config->n_logs) {
		rank_learned(warm, most, ret);
		return;
	}
	struct popular *both = popular_new(most * COUNTERS_EACH, HALF_LIFE_NS);
	if (!both)
		return;
	warm_read_logs(warm->gate, both);
	rank_learned(warm, most * COUNTERS_EACH, &learned);
	for (size_t i = 0; i < learned.n; i++)
		popular_add(both, learned.items[i].text, learned.items[i].requests, wall_ns());
	rank(both, most, ret);
	popular_free(both);
}

void
warm_preload(struct warm *warm)
{
	CLEANUP(ranked_done) struct ranked r = { 0 };

	rank_all(warm, &r);
	for (size_t i = 0; i < r.n; i++)
		if (!warm_ask(warm, WARM_POPULAR, r.items[i].text))
			break;
}

bool
warm_has_room(const struct warm *warm, const struct warm_job *job)
{
	struct store_counts n;

	if (job->why != WARM_POPULAR)
		return true;
	store_count(warm->gate->store, &n);
	return (double)n.used_bytes <= FULL_SHARE * (double)n.limit_bytes;
}

void
warm_popular_texts(struct warm *warm, struct buf *ret)
{
	CLEANUP(ranked_done) struct ranked r = { 0 };

	rank_learned(warm, (size_t)warm->config->popular * COUNTERS_EACH, &r);
	for (size_t i = 0; i < r.n; i++) {
		buf_append(ret, r.items[i].text.at, r.items[i].text.size);
		buf_putc(ret, '\0');
	}
}

/* SPDX-License-Identifier: MIT */
/* What workers do for warming. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/random.h"
#include "gate/desk/desk.h"
#include "gate/origin/room.h"
#include "gate/warm/early.h"
#include "gate/warm/warm_int.h"

#define NOTE_BITS   27                  /* a window of 134 ms, in which ... */
#define NOTE_ALL    128                 /* ... so many are counted, and then one in ... */
#define NOTE_EACH   16
#define HELD        256                 /* keys that failed lately, as far as there is room */
#define HOLD_NS     (1 * NS_PER_S)
#define HOT_HITS    2                   /* since it came, of 3 that the store counts */

struct warm_side {
	_Atomic(struct warm_job *) given;   /* latest first */
	uint64_t draws;
	int64_t window;
	uint32_t noted;
	struct { uint64_t key; int64_t until_ns; } held[HELD];
	struct buf raw;
};

struct warm_side *
warm_side_new(void)
{
	return calloc(1, sizeof(struct warm_side));
}

static void
drop_jobs(struct warm_job *job)
{
	while (job) {
		struct warm_job *next = job->next;
		free(job);
		job = next;
	}
}

void
warm_side_free(struct warm_side *side)
{
	if (!side)
		return;
	drop_jobs(atomic_load(&side->given));
	buf_done(&side->raw);
	free(side);
}

static uint64_t
draw(struct gate_worker *w)
{
	return random_at(w->index, w->warm->draws++);
}

static void
count_skip(struct gate_worker *w, enum warm_skip skip)
{
	metrics_add(w->metrics, METRIC_WARM_SKIPPED, (size_t)skip - 1, 1);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

/* How many requests this one stands for; 0: it is not counted. */
static double
weight(struct gate_worker *w)
{
	struct warm_side *side = w->warm;
	int64_t window = w->now_ns >> NOTE_BITS;

	if (side->window != window) {
		side->window = window;
		side->noted = 0;
	}
	if (side->noted++ < NOTE_ALL)
		return 1;
	return draw(w) % NOTE_EACH ? 0 : NOTE_EACH;
}

/* The name of each line of `vary`, with what the request says there. False: that belongs to somebody. */
static bool
put_fields(struct buf *out, struct text vary, const struct http_fields *fields)
{
	while (vary.size) {
		const char *end = memchr(vary.at, '\n', vary.size), *colon = memchr(vary.at, ':', vary.size);
		if (!end || !colon)
			return false;
		struct text name = { vary.at, (size_t)(colon - vary.at) };
		if (text_is(name, "cookie") || text_is(name, "authorization"))
			return false;
		for (const struct http_field *f = fields->at; f < fields->at + fields->n; f++)
			if (f->name.size == name.size && strncasecmp(f->name.at, name.at, name.size) == 0)
				buf_printf(out, "\n%.*s: %.*s", (int)name.size, name.at, (int)f->value.size, f->value.at);
		vary.size -= (size_t)(end + 1 - vary.at);
		vary.at = end + 1;
	}
	return true;
}

void
warm_note(struct inquiry *q, const struct store_object *o)
{
	struct gate_worker *w = q->w;
	struct warm *warm = w->gate->warm;
	struct text item = q->key.uri, vary = store_vary(o);

	if (!warm || !warm->popular || q->request.method != CACHE_GET)
		return;
	double requests = weight(w);
	if (requests <= 0)
		return;
	if (vary.size) {
		struct buf *b = &w->warm->raw;
		buf_clear(b);
		buf_append(b, item.at, item.size);
		if (!put_fields(b, vary, &q->r->fields))
			return;
		item = (struct text){ b->data, b->size };
	}
	if (pthread_mutex_trylock(&warm->popular_lock))
		return;   /* one fewer */
	popular_add(warm->popular, item, requests, gate_wall_ns(w));
	pthread_mutex_unlock(&warm->popular_lock);
}

/* ---- may it be fetched ----------------------------------------------------------------------- */

static enum warm_skip
look_at_upstream(const struct gate_worker *w, size_t upstream)
{
	const struct group *g = &w->groups[upstream];
	bool room = false;

	if (g->breaker.state == BREAKER_OPEN && w->now_ns < g->breaker.until_ns)
		return WARM_SKIP_BREAKER;
	if (room_is_full(w, upstream))
		return WARM_SKIP_BUSY;
	for (size_t i = 0; i < w->config->upstreams[upstream].n_servers; i++) {
		if (g->servers[i]->waiting.n)
			return WARM_SKIP_BUSY;
		room |= g->servers[i]->idle || g->servers[i]->n_open < g->servers[i]->max_open;
	}
	return room ? WARM_GO : WARM_SKIP_BUSY;
}

static uint64_t
key_of(struct text uri)
{
	return XXH3_64bits(uri.at, uri.size);
}

bool
warm_may_refresh(const struct inquiry *q)
{
	struct gate_worker *w = q->w;
	uint64_t key = key_of(q->key.uri);
	enum warm_skip skip = look_at_upstream(w, q->route->upstream);

	if (w->warm->held[key % HELD].key == key && w->now_ns < w->warm->held[key % HELD].until_ns)
		skip = WARM_SKIP_FAILED;
	if (skip)
		count_skip(w, skip);
	return !skip;
}

bool
warm_is_early(struct inquiry *q, const struct store_object *o, const struct cache_terms *t)
{
	struct gate_worker *w = q->w;

	if (!w->config->warming.ttl_refresh || store_hits(o) < HOT_HITS)
		return false;
	return early_is_due(&(struct early){
	    .left_ns = cache_fresh_until_ns(t) - gate_wall_ns(w), .lifetime_ns = t->lifetime_s * NS_PER_S,
	    .cost_ns = t->cost_us * NS_PER_US, .beta = w->config->warming.beta,
	    .window = random_unit(random_at((uint64_t)t->received_ns, 0)), .draw = random_unit(draw(w)) });
}

void
warm_over(struct errand *x)
{
	struct gate_worker *w = x->w;
	bool good = x->attempt.asked && x->attempt.outcome == OUTCOME_GOOD;

	if (good) {
		metrics_add(w->metrics, METRIC_WARMED, (size_t)x->warm - 1, 1);
	} else {
		count_skip(w, WARM_SKIP_FAILED);
		w->warm->held[x->warm_key % HELD].key = x->warm_key;
		w->warm->held[x->warm_key % HELD].until_ns = w->now_ns + HOLD_NS;
	}
	if (x->warm >= WARM_POPULAR)
		warm_ended(w->gate->warm);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

void
warm_side_give(struct gate_worker *w, struct warm_job *job)
{
	job->next = atomic_load(&w->warm->given);
	while (!atomic_compare_exchange_weak(&w->warm->given, &job->next, job))
		continue;
	w->ops->wake(w->engine);
}

/* A request as a client without qualities would write it. False: it is none. */
static bool
write_request(struct text item, struct buf *out)
{
	const char *line = memchr(item.at, '\n', item.size);
	struct text url = { item.at, line ? (size_t)(line - item.at) : item.size };
	const char *host = memmem(url.at, url.size, "://", 3);
	const char *path = host ? memchr(host + 3, '/', (size_t)(url.at + url.size - host - 3)) : NULL;

	if (!path)
		return false;
	host += 3;
	buf_clear(out);
	buf_printf(out, "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: " GATE_NAME "\r\n",
	    (int)(url.at + url.size - path), path, (int)(path - host), host);
	for (const char *p = line ? line + 1 : url.at + url.size; p < item.at + item.size; p++)
		*p == '\n' ? buf_puts(out, "\r\n") : buf_putc(out, *p);
	buf_puts(out, line ? "\r\n\r\n" : "\r\n");
	return true;
}

static enum warm_skip
begin_job(struct gate_worker *w, const struct warm_job *job)
{
	struct buf *raw = &w->warm->raw;
	bool secure = job->size > 5 && memcmp(job->item, "https", 5) == 0;
	struct inquiry q = { 0 };
	size_t used;

	if (w->draining || !write_request((struct text){ job->item, job->size }, raw) ||
	    http1_request_parse(&w->request, raw->data, raw->size, &used) != HTTP1_DONE || used != raw->size)
		return WARM_SKIP_UNCACHED;
	if (inquiry_read(w, secure, &w->request, &q) || !q.route || !q.route->cache.enabled)
		return WARM_SKIP_UNCACHED;
	enum warm_skip skip = look_at_upstream(w, q.route->upstream);
	return skip ? skip : desk_warm(&q, secure, (struct text){ raw->data, raw->size }, job->why);
}

static void
do_job(struct gate_worker *w, struct warm_job *job)
{
	struct warm *warm = w->gate->warm;
	enum warm_skip skip = begin_job(w, job);

	if (skip == WARM_SKIP_BUSY && job->tries++ < WARM_TRIES_MAX) {
		warm_give_back(warm, job);
		return;
	}
	if (skip) {
		count_skip(w, skip);
		warm_ended(warm);
	}
	free(job);
}

void
warm_turn(struct gate_worker *w)
{
	struct warm_job *job = NULL;

	if (atomic_load_explicit(&w->warm->given, memory_order_relaxed))
		job = atomic_exchange(&w->warm->given, NULL);
	while (job) {
		struct warm_job *next = job->next;
		do_job(w, job);
		job = next;
	}
}

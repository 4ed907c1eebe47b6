/* SPDX-License-Identifier: MIT */
#include "gate/admin/visit.h"

#include "base/clock.h"
#include "gate/admin/access_log.h"
#include "gate/front/client.h"

void
visit_first_byte(struct client *c)
{
	c->visit.heard = true;
	c->visit.begun_ns = c->w->now_ns;
}

static struct text
field_of(const struct http1_request *r, const char *name)
{
	const struct http_field *f = http_field_next(&r->fields, name, NULL);
	return f ? f->value : (struct text){ 0 };
}

static void
keep_words(struct visit *v, const struct http1_request *r)
{
	const struct text words[VISIT_WORDS] = {
		[VISIT_METHOD] = r->method, [VISIT_TARGET] = r->target, [VISIT_HOST] = r->host,
		[VISIT_REFERER] = field_of(r, "Referer"), [VISIT_AGENT] = field_of(r, "User-Agent"),
	};

	v->old = r->old;
	for (int i = 0; i < VISIT_WORDS; i++) {
		buf_append(&v->words, words[i].at, words[i].size);
		v->sizes[i] = words[i].size;
	}
}

void
visit_begin(struct client *c, const struct http1_request *r)
{
	struct visit *v = &c->visit;
	struct buf words = v->words;
	int64_t begun_ns = v->heard ? v->begun_ns : c->w->now_ns;

	buf_clear(&words);
	*v = (struct visit){ .open = true, .begun_ns = begun_ns, .words = words };
	if (r && c->w->feed)
		keep_words(v, r);
}

void
visit_answer(struct client *c, int status, size_t head_bytes)
{
	c->visit.status = status;
	c->visit.head_bytes += (int64_t)head_bytes;
}

void
visit_refuse(struct client *c, enum metric_reason reason)
{
	if (c->visit.refused)
		return;
	c->visit.refused = true;
	c->visit.reason = reason;
}

void
visit_cache(struct client *c, enum metric_cache did)
{
	c->visit.cached = true;
	c->visit.did = did;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What each level of the cache had, of a request that was allowed to ask it. The second level counts its own. */
static void
count_levels(const struct client *c, int64_t took_ns)
{
	struct metrics *m = c->w->metrics;
	const struct visit *v = &c->visit;
	bool in_memory = v->did == CACHE_DID_HIT || v->did == CACHE_DID_STALE;
	enum metric_level level = in_memory ? CACHE_LEVEL_L1
	    : v->did == CACHE_DID_L2 ? CACHE_LEVEL_L2 : CACHE_LEVEL_ORIGIN;

	if (!v->cached || v->did == CACHE_DID_PASS)
		return;
	metrics_add(m, METRIC_LEVEL, series_level(CACHE_LEVEL_L1, in_memory), 1);
	if (level == CACHE_LEVEL_ORIGIN)
		metrics_add(m, METRIC_LEVEL, series_level(level, v->status < 500), 1);
	metrics_observe(m, METRIC_LEVEL_DURATION, level, took_ns);
}

static void
count(const struct client *c, int64_t took_ns)
{
	struct metrics *m = c->w->metrics;
	const struct visit *v = &c->visit;

	if (v->cached)
		metrics_add(m, METRIC_CACHE, series_cache(m, v->route, v->did), 1);
	if (v->refused)
		metrics_add(m, METRIC_REFUSED, v->reason, 1);
	if (!v->status)
		return;
	count_levels(c, took_ns);
	metrics_add(m, METRIC_REQUESTS, series_code(m, v->route, v->status), 1);
	metrics_observe(m, METRIC_DURATION, series_route(m, v->route), took_ns);
}

static void
log_line(struct client *c, int64_t took_ns)
{
	struct gate_worker *w = c->w;
	struct visit *v = &c->visit;
	const struct server *s = v->server;
	struct text words[VISIT_WORDS];
	const char *at = buf_text(&v->words);

	for (int i = 0; i < VISIT_WORDS; at += v->sizes[i++])
		words[i] = (struct text){ at, v->sizes[i] };
	access_feed_add(w->feed, &(struct access_line){
		.wall_ns = gate_wall_ns(w), .client = client_peer(c), .method = words[VISIT_METHOD],
		.target = words[VISIT_TARGET], .host = words[VISIT_HOST], .referer = words[VISIT_REFERER],
		.agent = words[VISIT_AGENT], .protocol = text_of(v->old ? "HTTP/1.0" : c->ops->protocol),
		.status = v->status, .body_bytes = v->sent_bytes - v->head_bytes, .duration_ns = took_ns,
		.upstream = s ? text_of(s->upstream->servers[s->index].address.text) : (struct text){ 0 },
		.upstream_ns = s ? v->upstream_ns : -1,
		.cache = v->cached ? text_of(metric_cache_name(v->did)) : (struct text){ 0 },
	});
	metrics_add(w->metrics, METRIC_LOG_DROPPED, 0, (int64_t)access_feed_dropped(w->feed));
}

void
visit_end(struct client *c)
{
	struct visit *v = &c->visit;
	int64_t took_ns = c->w->now_ns - v->begun_ns;

	if (!v->open)
		return;
	v->open = false;
	count(c, took_ns);
	if (c->w->feed)
		log_line(c, took_ns);
}

/* SPDX-License-Identifier: MIT */
/* Parts of answers in the store (RFC 9111, sections 3.3 and 3.4): a 206 is kept as it is, joined with a part that
 * is there already, or makes it whole. One object has one stretch of bytes. */
#include "cache/conditional.h"
#include "cache/head.h"
#include "cache/range.h"
#include "gate/desk/flight.h"
#include "gate/origin/fill.h"

/* Bytes of the part that is here, into what is being filled. */
static bool
copy_part(struct errand *x, int64_t at, int64_t bytes)
{
	struct store_cursor cursor = { 0 };
	struct iovec v;

	if (bytes)
		store_seek(x->w->store, x->part, &cursor, (uint64_t)at);
	while (bytes > 0) {
		if (!store_read(x->w->store, x->part, &cursor, &v, 1, (uint64_t)bytes) ||
		    store_append(x->w->store, x->fill, v.iov_base, v.iov_len) < 0)
			return false;
		bytes -= (int64_t)v.iov_len;
	}
	return true;
}

bool
fill_part_tail(struct errand *x)
{
	return !x->tail_bytes || copy_part(x, x->tail_at, x->tail_bytes);
}

/* The part that was sent, with what is here already. */
static void
join(const struct errand *x, const struct cache_terms *sent, const char *head, struct cache_join *ret)
{
	const struct cache_terms *here = x->part ? store_terms(x->part) : NULL;

	if (here && cache_range_join(here, cache_etag(here, store_head(x->part).at), sent, cache_etag(sent, head), ret))
		return;
	*ret = (struct cache_join){ .terms = *sent };
	if (sent->held == sent->full_bytes) {
		ret->terms.flags &= (uint16_t)~TERMS_PARTIAL;
		ret->terms.status = 200;
	}
}

/* Does the client get what it asks from the joined bytes, beginning with those that are there? */
static bool
serves(const struct inquiry *q, const struct cache_join *j, const char *head)
{
	struct cache_ranges ranges;
	enum cache_answer_kind kind = cache_answer_kind(&q->request, &q->r->fields, &j->terms,
	    cache_etag(&j->terms, head), &ranges);

	if (kind != CACHE_ANSWER_PARTS)
		return kind != CACHE_ANSWER_MISSING;
	return ranges.n == 1 && ranges.at[0].first - j->terms.first <= j->old_before;
}

static enum fill_verdict
store_joined(struct errand *x, struct inquiry *q, const struct http1_response *r, const struct cache_join *j,
    struct text head)
{
	enum fill_verdict v = fill_store(x, q, r, &j->terms, head);

	if (v != FILL_STORED)
		return v;
	if (!copy_part(x, 0, j->old_before))
		return FILL_RELAY;
	x->tail_at = j->old_after_at;
	x->tail_bytes = j->old_after;
	flight_progress(x->w, x->flight);
	fill_serve(x, q, store_fill_object(x->fill), &j->terms, false);
	return FILL_STORED;
}

enum fill_verdict
fill_part_head(struct errand *x, struct inquiry *q, const struct http1_response *r, struct cache_terms *t,
    enum cache_refusal why)
{
	struct buf *b = &x->w->head;
	bool rest = x->part && !x->late;   /* that was asked for by us, the client wants more */
	struct cache_join j;

	if (why == CACHE_STORE && (r->status != 206 || r->framing != HTTP1_LENGTH || r->length != t->held))
		why = CACHE_NOT_RANGE;
	if (why == CACHE_STORE) {
		buf_clear(b);
		cache_head_write(&r->fields, q->policy, t, b);
		join(x, t, b->data, &j);
	}
	if (why == CACHE_STORE && serves(q, &j, b->data) &&
	    store_joined(x, q, r, &j, (struct text){ b->data, b->size }) == FILL_STORED)
		return FILL_STORED;
	if (rest)
		return fill_ask_anew(x, q);
	fill_refuse(x, why == CACHE_STORE ? CACHE_NOT_RANGE : why);
	return x->client ? FILL_RELAY : FILL_OVER;
}

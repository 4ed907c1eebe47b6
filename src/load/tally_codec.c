/* SPDX-License-Identifier: MIT */
#include "load/tally_codec.h"

#include <assert.h>

#include "stats/histogram_codec.h"

#define COUNT_MOST ((uint64_t)1 << 48)

/* Whoever gives a tally a new member has to send it, too. */
static_assert(sizeof(struct tally) == 8 * sizeof(int64_t) + SPANS * sizeof(struct histogram),
    "a member of struct tally is not encoded");
static_assert(sizeof(struct tally_route) == (OUTCOMES + 1) * sizeof(int64_t) +
    TALLY_STATUSES * sizeof(uint32_t) + 96 + sizeof(struct histogram),
    "a member of struct tally_route is not encoded");

static void
encode_route(const struct tally_route *r, struct buf *out)
{
	uint64_t seen = 0;

	for (int o = 0; o < OUTCOMES; o++)
		code_put(out, (uint64_t)r->outcome[o]);
	code_put(out, (uint64_t)r->body_bytes);
	code_put_text(out, r->content_type);
	code_put_text(out, r->content_encoding);
	for (int s = 0; s < TALLY_STATUSES; s++)
		seen += r->status[s] > 0;
	code_put(out, seen);
	for (int s = 0; s < TALLY_STATUSES; s++)
		if (r->status[s]) {
			code_put(out, (uint64_t)s);
			code_put(out, r->status[s]);
		}
	histogram_encode(&r->latency, out);
}

void
tally_encode(const struct tally *t, struct buf *out)
{
	code_put(out, t->slice == TALLY_DRAIN ? 0 : (uint64_t)t->slice + 1);
	code_put(out, (uint64_t)t->scheduled);
	code_put(out, (uint64_t)t->sent);
	code_put(out, (uint64_t)t->censored);
	code_put(out, (uint64_t)t->tokens);
	code_put(out, (uint64_t)t->tokens_estimated);
	for (int i = 0; i < SPANS; i++)
		histogram_encode(&t->spans[i], out);
	code_put(out, t->n_routes);
	for (size_t i = 0; i < t->n_routes; i++)
		encode_route(&t->routes[i], out);
}

static int64_t
get_count(struct code_reader *r)
{
	return (int64_t)code_get_most(r, COUNT_MOST);
}

static void
decode_route(struct code_reader *r, struct tally_route *to)
{
	for (int o = 0; o < OUTCOMES; o++)
		to->outcome[o] = get_count(r);
	to->body_bytes = get_count(r);
	code_get_text(r, to->content_type, sizeof(to->content_type));
	code_get_text(r, to->content_encoding, sizeof(to->content_encoding));
	uint64_t seen = code_get_most(r, TALLY_STATUSES);
	for (uint64_t i = 0; i < seen && !r->bad; i++) {
		uint64_t status = code_get_most(r, TALLY_STATUSES - 1);
		to->status[status] = (uint32_t)code_get_most(r, UINT32_MAX);
	}
	histogram_decode(r, &to->latency);
}

struct tally *
tally_decode(const void *bytes, size_t size, size_t n_routes)
{
	struct code_reader r = { .at = bytes, .end = (const unsigned char *)bytes + size };
	struct tally *t = tally_new(n_routes);

	uint64_t slice = code_get_most(&r, INT64_MAX);
	t->slice = slice ? (int64_t)slice - 1 : TALLY_DRAIN;
	t->scheduled = get_count(&r);
	t->sent = get_count(&r);
	t->censored = get_count(&r);
	t->tokens = get_count(&r);
	t->tokens_estimated = get_count(&r);
	for (int i = 0; i < SPANS; i++)
		histogram_decode(&r, &t->spans[i]);
	r.bad = code_get(&r) != n_routes || r.bad;
	for (size_t i = 0; i < n_routes && !r.bad; i++)
		decode_route(&r, &t->routes[i]);
	if (!r.bad && r.at == r.end)
		return t;
	tally_free(t);
	return NULL;
}

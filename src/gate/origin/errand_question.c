/* SPDX-License-Identifier: MIT */
/* The request as the server gets it: its head written anew from what was understood, its body in the
 * framing that was understood. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cache/conditional.h"
#include "cache/head.h"
#include "gate/front/body_out.h"
#include "gate/front/client.h"
#include "gate/origin/errand.h"
#include "gate/origin/upstream.h"

static void
put(struct buf *b, struct text t)
{
	buf_append(b, t.at, t.size);
}

static void
put_field(struct buf *b, const char *name, struct text value)
{
	buf_puts(b, name);
	buf_append(b, ": ", 2);
	put(b, value);
	buf_append(b, "\r\n", 2);
}

static void
put_line(struct buf *b, struct text name, struct text value)
{
	put(b, name);
	buf_append(b, ": ", 2);
	put(b, value);
	buf_append(b, "\r\n", 2);
}

/* Written by us, or with a line of ours behind. */
static bool
is_ours(struct text name)
{
	return text_is(name, "Host") || text_is(name, "Content-Length") || text_is(name, "Expect") ||
	    text_is(name, "X-Forwarded-For") || text_is(name, "X-Forwarded-Proto") ||
	    text_is(name, "X-Forwarded-Host");
}

/* A fetch that nobody asked for: RFC 7239, section 6.3, lets such a one have a name of its own. */
void
question_put_nobody(struct buf *b, struct text host, bool secure)
{
	put_field(b, "X-Forwarded-Host", host);
	put_field(b, "X-Forwarded-Proto", (struct text){ "https", secure ? 5 : 4 });
	buf_puts(b, "Forwarded: for=_" GATE_NAME ";host=\"");
	put(b, host);
	buf_puts(b, secure ? "\";proto=https\r\n" : "\";proto=http\r\n");
}

/* Who asked before us is kept, and the client is added: what stands last is what we have seen
 * ourselves (RFC 7239 for the standard form of it). */
static void
put_forwarded(struct buf *b, const struct http1_request *r, struct client *c)
{
	struct text peer = client_peer(c);
	bool six = memchr(peer.at, ':', peer.size);

	buf_puts(b, "X-Forwarded-For: ");
	for (const struct http_field *f = http_field_next(&r->fields, "X-Forwarded-For", NULL); f;
	    f = http_field_next(&r->fields, "X-Forwarded-For", f)) {
		put(b, f->value);
		buf_append(b, ", ", 2);
	}
	put(b, peer);
	buf_puts(b, c->front->tls ? "\r\nX-Forwarded-Proto: https\r\n" : "\r\nX-Forwarded-Proto: http\r\n");
	put_field(b, "X-Forwarded-Host", r->host);
	buf_puts(b, six ? "Forwarded: for=\"[" : "Forwarded: for=");
	put(b, peer);
	buf_puts(b, six ? "]\";host=\"" : ";host=\"");
	put(b, r->host);
	buf_puts(b, c->front->tls ? "\";proto=https\r\n" : "\";proto=http\r\n");
}

static void
put_framing(struct errand *x, const struct http1_request *r)
{
	struct buf *b = &x->head;
	const struct http_field *upgrade = http_field_next(&r->fields, "Upgrade", NULL);

	if (x->question_chunked)
		buf_puts(b, "Transfer-Encoding: chunked\r\n");
	else if (r->length >= 0)
		buf_printf(b, "Content-Length: %lld\r\n", (long long)r->length);
	if (r->expects_continue && r->framing != HTTP1_NO_BODY)
		buf_puts(b, "Expect: 100-continue\r\n");
	if (r->upgrades) {
		buf_puts(b, "Connection: upgrade\r\n");
		put_field(b, "Upgrade", upgrade->value);
	}
}

/* The cache asks for itself: for many, or whether what is stored still holds. A HEAD is asked as it came, its
 * answer tells that too (RFC 9111, section 4.3.5). */
static bool
is_of_cache(const struct errand *x)
{
	return x->fill || (x->stale && !x->is_head);
}

/* What asks whether what is stored still holds. */
static void
put_conditions(struct errand *x)
{
	struct cache_condition k;
	const struct cache_terms *t = x->stale && !x->is_head ? store_terms(x->stale) : NULL;

	if (!t)
		return;
	cache_condition_write(t, cache_etag(t, store_head(x->stale).at), &k);
	for (uint32_t i = 0; i < k.n; i++)
		put_line(&x->head, k.at[i].name, k.at[i].value);
}

/* A part is here and the whole is wanted: what is missing of it, if it is still the same (RFC 9111, section 3.4). */
static void
put_missing(struct errand *x)
{
	char range[CACHE_RANGE_FIELD_MAX];
	struct cache_range gap;
	const struct cache_terms *t = x->part && x->fill ? store_terms(x->part) : NULL;

	if (!t || !cache_range_missing(t, NULL, &gap))
		return;
	size_t n = cache_range_field_write(&gap, t, range);
	put_field(&x->head, "Range", (struct text){ range, n });
	put_field(&x->head, "If-Range", cache_etag(t, store_head(x->part).at));
}

/* For HTTP/1.0, which may name no host. */
static struct text
address_of(const struct gate_route *route, const struct gate_config *config)
{
	return text_of(config->upstreams[route->upstream].servers[0].address.text);
}

void
question_write(struct errand *x, const struct inquiry *q, struct client *c)
{
	const struct http1_request *r = q->r;
	struct buf *b = &x->head;

	put(b, r->method);
	buf_putc(b, ' ');
	put(b, q->key.target);
	buf_puts(b, " HTTP/1.1\r\n");
	put_field(b, "Host", r->host.size ? r->host : address_of(x->route, x->w->config));
	for (const struct http_field *f = r->fields.at; f < r->fields.at + r->fields.n; f++) {
		if (is_ours(f->name) || http1_is_hop_field(&r->fields, f->name) ||
		    (is_of_cache(x) && cache_field_is_clients(f->name)))
			continue;
		put_line(b, f->name, f->value);
	}
	put_conditions(x);
	put_missing(x);
	put_framing(x, r);
	if (c)
		put_forwarded(b, r, c);
	else
		question_put_nobody(b, r->host, x->secure);
	buf_printf(b, "Via: %s " GATE_NAME "\r\n\r\n", r->old ? "1.0" : c ? c->ops->protocol + strlen("HTTP/") : "1.1");
}

/* ---- the body -------------------------------------------------------------------------------- */

static bool
send_out(struct errand *x, struct body_out *o)
{
	bool ok = !o->n || errand_to_up(x, o->pieces, o->n);

	body_out_clear(o);
	return ok;
}

static void
end_question(struct errand *x)
{
	x->question_ended = true;
	if (x->client && !x->client->unsent)
		client_await_body(x->client, false);
}

/* Bytes after the body's end are the next request's: they are not used. */
size_t
question_body(struct errand *x, const char *bytes, size_t size)
{
	struct body_out o = { .chunked = x->question_chunked };
	enum http1_verdict v = HTTP1_MORE;
	size_t used = 0, n;

	x->repeatable = false;
	while (v == HTTP1_MORE && used < size) {
		struct text data;
		v = http1_body_feed(&x->question, bytes + used, size - used, &n, &data);
		used += n;
		body_out_data(&o, data);
		if (v == HTTP1_DONE)
			body_out_end(&o);
		if (v == HTTP1_BAD || (body_out_is_full(&o) && !send_out(x, &o)))
			break;
	}
	if (v == HTTP1_BAD || x->question.bytes > x->w->config->limits.body_bytes) {
		bool bad = v == HTTP1_BAD;
		errand_fail(x, bad ? 400 : 413, bad ? x->question.why : "the body is too large");
		return size;
	}
	if (v == HTTP1_DONE)
		end_question(x);
	else if (x->client && !x->client->unsent)
		client_await_body(x->client, true);
	if (x->state != ERRAND_OVER)
		send_out(x, &o);
	return used;
}

void
question_over(struct errand *x)
{
	struct body_out o = { .chunked = x->question_chunked };

	x->repeatable = false;
	body_out_end(&o);
	end_question(x);
	send_out(x, &o);
}

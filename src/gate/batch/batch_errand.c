/* SPDX-License-Identifier: MIT */
/* The call of a batch: a client of its own asks for it, and shares out what comes. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/batch/batch_int.h"
#include "gate/batch/batch_split.h"
#include "gate/front/client.h"
#include "gate/origin/errand.h"
#include "gate/origin/fill.h"
#include "gate/origin/upstream.h"
#include "gate/retry_after.h"


static struct batch *
batch_of(struct client *c)
{
	return (struct batch *)(void *)((char *)c - offsetof(struct batch, asker));
}

static uint32_t *
under_way(struct batch *b)
{
	return &b->of->under_way[b->route - b->of->w->config->routes];
}

/* ---- sharing out ----------------------------------------------------------------------------- */

/* The next one who waits for a key; it is in no batch any more. */
static struct errand *
take_errand(struct batch *b, size_t i)
{
	struct batch_seat *seat = batch_set_take(&b->set, i);

	if (!seat)
		return NULL;
	struct errand *x = (struct errand *)(void *)((char *)seat - offsetof(struct errand, seat));
	x->state = ERRAND_ASKING;
	if (x->client) {
		x->client->visit.server = b->asker.visit.server;
		x->client->visit.upstream_ns = b->asker.visit.upstream_ns;
	}
	return x;
}

/* What clients do meanwhile may begin batches, and end errands of this one: it is in no list, and each
 * errand is taken just before it hears. */
static void
end(struct batch *b)
{
	batch_unlink(b);
	if (b->set.closed)
		--*under_way(b);
}

static void
refuse(struct errand *x, int status, const char *why)
{
	if (x->client && status < 500)
		visit_refuse(x->client, REFUSED_UPSTREAM);
	errand_fail(x, status, why);
}

static void
fail(struct batch *b, int status, const char *why, int64_t retry_ns)
{
	struct errand *x;

	metrics_add(b->of->w->metrics, METRIC_BATCHES_FAILED, series_route(b->of->w->metrics, b->route), 1);
	for (size_t i = 0; i < b->set.n; i++)
		while ((x = take_errand(b, i))) {
			x->retry_ns = retry_ns;
			refuse(x, status, why);
		}
}

void
batch_fail(struct batch *b, int status, const char *why)
{
	struct errand *x = b->asker.x;

	if (x)
		errand_left(x);
	end(b);
	fail(b, status, why, 0);
	batch_bury(b);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* About the bytes of the whole answer, or for one client. */
static bool
is_of_whole(struct text name)
{
	static const char *const of_whole[] = {
		"ETag", "Last-Modified", "Content-Length", "Content-Encoding", "Content-Range", "Content-Location",
		"Content-Disposition", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges",
		"Location", "Link", "Set-Cookie",
	};

	for (size_t i = 0; i < COUNT_OF(of_whole); i++)
		if (text_is(name, of_whole[i]))
			return true;
	return false;
}

/* The head of an item's answer; the last line of the whole's is the gate's own. */
static void
head_of_item(const struct http1_response *whole, struct http1_response *ret)
{
	const struct http_fields *fields = &whole->fields;

	ret->status = 200;
	ret->reason = (struct text){ "OK", 2 };
	ret->keep_alive = true;
	ret->framing = HTTP1_LENGTH;
	ret->fields = (struct http_fields){ ret->all, 0 };
	for (const struct http_field *f = fields->at; f + 1 < fields->at + fields->n; f++)
		if (!is_of_whole(f->name) && !http1_is_hop_field(fields, f->name))
			ret->all[ret->fields.n++] = *f;
}

/* What is stored of it is worth nothing then. */
static void
tell_missing(struct errand *x)
{
	struct inquiry q;

	if (x->stale && x->raw.size) {
		inquiry_repeat(x->w, x->secure, &x->raw, &q);
		store_purge_key(x->w->store, q.key.uri, STORE_PURGE_HARD);
	}
	refuse(x, 404, "the answer to the batch has no such item");
}

static void
give(struct errand *x, struct http1_response *item, struct text value, bool kept)
{
	if (!value.at) {
		tell_missing(x);
		return;
	}
	if (!kept) {
		x->late = false;
		fill_abort(x, 0);
	}
	item->length = (int64_t)value.size;
	answer_whole(x, item, value);
}

static void
share(struct batch *b, const struct http1_response *whole)
{
	CLEANUP(free_p) struct text *values = calloc(b->set.n, sizeof(*values));
	struct text answer = { buf_text(&b->answer), b->answer.size };
	bool kept = !http_field_next(&whole->fields, "Set-Cookie", NULL);
	struct http1_response item;
	struct errand *x;

	if (!values) {
		fail(b, 503, "out of memory", 0);
		return;
	}
	enum batch_fit fit = batch_split(b->route->batch, &b->set.by_key, b->set.n, answer, values);
	if (fit != BATCH_FITS) {
		fail(b, 502, batch_fit_text(fit), 0);
		return;
	}
	head_of_item(whole, &item);
	for (size_t i = 0; i < b->set.n; i++)
		while ((x = take_errand(b, i)))
			give(x, &item, values[i], kept);
}

/* Each needs a challenge of its own (RFC 9110, section 15.5.2). */
static void
ask_each(struct batch *b)
{
	struct errand *x;

	for (size_t i = 0; i < b->set.n; i++)
		while ((x = take_errand(b, i)))
			upstream_ask(x);
}

/* What may be said of each request is said of each, all else is between the gate and the server. */
static int
status_for_each(int status)
{
	return status == 403 || status == 429 || (status >= 500 && status < 600) ? status : 502;
}

static void
on_answered(struct client *c)
{
	struct batch *b = batch_of(c);
	struct http1_response whole;
	size_t used;

	end(b);
	enum http1_verdict v = http1_response_parse(&whole, false, b->head.data, b->head.size, &used);
	if (v != HTTP1_DONE)
		fail(b, 502, "the head of the answer to the batch is too large", 0);
	else if (whole.status == 200)
		share(b, &whole);
	else if (whole.status == 401)
		ask_each(b);
	else
		fail(b, status_for_each(whole.status), "the server could not answer the batch",
		    retry_after_ns(&whole.fields, wall_ns()));
	batch_bury(b);
}

/* ---- as a client ----------------------------------------------------------------------------- */

static bool
on_send(struct client *c, const struct engine_piece *pieces, uint32_t n, bool head)
{
	struct batch *b = batch_of(c);
	size_t before = b->answer.size;

	for (uint32_t i = 0; i < n; i++)
		buf_append(head && i == 0 ? &b->head : &b->answer, pieces[i].bytes, pieces[i].size);
	b->of->held_bytes += b->answer.size - before;
	if (!b->answer.truncated && b->of->held_bytes <= BATCHES_HELD_MAX)
		return true;
	c->gone = true;
	if (b->answer.truncated)
		batch_fail(b, 502, "the answer to the batch is too large");
	else
		batch_fail(b, 503, "answers to batches take too much memory");
	return false;
}

static void
on_abort(struct client *c)
{
	batch_fail(batch_of(c), 502, "the server broke off in its answer to the batch");
}

/* It takes all at once and sends nothing behind its question. */
static void
ignore(struct client *c)
{
}

static void
ignore_flag(struct client *c, bool flag)
{
}

static const struct client_ops asker_ops = {
	.protocol = "HTTP/1.1", .send = on_send, .hold = ignore_flag, .go_on = ignore, .await_body = ignore_flag,
	.finish = ignore, .answered = on_answered, .abort = on_abort,
};

/* ---- asking ---------------------------------------------------------------------------------- */

static void
count(struct batch *b, enum batch_close why)
{
	struct metrics *m = b->of->w->metrics;
	size_t route = series_route(m, b->route);

	metrics_add(m, METRIC_BATCHES, series_batch(m, b->route, why), 1);
	metrics_add(m, METRIC_BATCH_ITEMS, route, (int64_t)b->set.n);
	metrics_add(m, METRIC_BATCH_REQUESTS, route, (int64_t)batch_set_count_seats(&b->set));
}

static void
write_question(struct batch *b, const struct text *keys, struct buf *out)
{
	const struct gate_batch *plan = b->route->batch;
	CLEANUP(buf_done) struct buf body = { 0 };
	struct text host = { b->common.data + 1, b->host_size };
	size_t fields = 1 + b->host_size;

	batch_body_write(plan, keys, b->set.n, &body);
	buf_puts(out, body.size ? "POST " : "GET ");
	batch_target_write(plan, keys, b->set.n, out);
	buf_puts(out, " HTTP/1.1\r\n");
	buf_printf(out, "Host: %.*s\r\n", (int)host.size, host.at);
	buf_append(out, b->common.data + fields, b->common.size - fields);
	if (!batch_carries(plan, "Accept"))
		buf_puts(out, "Accept: application/json\r\n");
	if (body.size)
		buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.size);
	question_put_nobody(out, host, b->common.data[0] == '1');
	buf_puts(out, "Via: 1.1 " GATE_NAME "\r\n\r\n");
	buf_append(out, body.data, body.size);
}

void
batch_ask(struct batch *b, enum batch_close why)
{
	struct batches *bs = b->of;
	struct buf question = { 0 };

	size_t n = batch_set_close(&b->set);
	CLEANUP(free_p) struct text *keys = n ? calloc(n, sizeof(*keys)) : NULL;
	batch_unlink(b);
	if (!n) {
		batch_bury(b);
		return;
	}
	batch_link(b, &bs->asked);
	++*under_way(b);
	count(b, why);
	b->asker = (struct client){ .w = bs->w, .ops = &asker_ops, .keep_alive = true,
		.visit = { .begun_ns = bs->w->now_ns } };
	if (!keys) {
		batch_fail(b, 503, "out of memory");
		return;
	}
	for (size_t i = 0; i < n; i++)
		keys[i] = batch_set_key(&b->set, i);
	write_question(b, keys, &question);
	errand_own(&b->asker, b->route, &question);
}

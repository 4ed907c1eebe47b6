/* SPDX-License-Identifier: MIT */
#include "gate/front/client.h"

#include "gate/desk/desk.h"
#include "gate/desk/lookup.h"
#include "gate/desk/serving.h"
#include "gate/front/refusal.h"
#include "gate/origin/errand.h"

/* ---- beginning and end ----------------------------------------------------------------------- */

void
client_init(struct client *c, struct front *f, const struct client_ops *ops)
{
	*c = (struct client){ .w = f->w, .front = f, .ops = ops };
}

void
client_begin(struct client *c, const struct http1_request *r, struct text raw)
{
	visit_begin(c, r);
	c->is_head = text_is(r->method, "HEAD");
	if (r->framing == HTTP1_LENGTH && r->length > c->w->config->limits.body_bytes)
		client_refuse(c, 413, "the body is too large", true);
	else
		desk_take(c, r, raw);
}

void
client_left(struct client *c)
{
	struct errand *x = c->x;

	visit_end(c);
	c->gone = true;
	c->x = NULL;
	if (c->await)
		desk_left(c->await);
	if (c->serving)
		serving_left(c->serving);
	if (c->lookup)
		lookup_left(c->lookup);
	buf_done(&c->visit.words);
	if (x)
		errand_left(x);
}

void
client_ready(struct client *c)
{
	if (c->x)
		errand_client_ready(c->x);
	else if (c->serving)
		serving_go_on(c->serving);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
note_size(struct client *c, const struct engine_piece *pieces, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		c->visit.sent_bytes += (int64_t)pieces[i].size;
}

bool
client_answer(struct client *c, const struct engine_piece *pieces, uint32_t n)
{
	note_size(c, pieces, n);
	return c->ops->send(c, pieces, n, true);
}

bool
client_send(struct client *c, const struct engine_piece *pieces, uint32_t n)
{
	note_size(c, pieces, n);
	return c->ops->send(c, pieces, n, false);
}

static enum metric_reason
reason_of(int status)
{
	return status == 404 ? REFUSED_NO_ROUTE : status == 429 ? REFUSED_RATE : status < 500 ? REFUSED_BAD_REQUEST
	    : status == 503 ? REFUSED_RESOURCES : status == 504 ? REFUSED_TIMEOUT : REFUSED_UPSTREAM;
}

void
client_refuse(struct client *c, int status, const char *why, bool last)
{
	struct gate_worker *w = c->w;
	struct buf *b = &w->head;

	last = last || !c->keep_alive || w->draining;
	if (!c->visit.open)
		visit_begin(c, NULL);
	visit_refuse(c, reason_of(status));
	refusal_write(b, status, why, c->retry_ns, last);
	c->retry_ns = 0;
	c->keep_alive = !last;
	size_t head = refusal_head_size(b);
	struct engine_piece p[] = { { b->data, head, false }, { b->data + head, b->size - head, false } };
	visit_answer(c, status, head);
	if (client_answer(c, p, c->is_head ? 1 : 2))
		client_answered(c);
}

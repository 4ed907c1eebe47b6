/* SPDX-License-Identifier: MIT */
/* Collecting: who may share a call with whom. */
#include "gate/batch/batch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gate/batch/batch_int.h"
#include "gate/origin/errand.h"

/* ---- a batch --------------------------------------------------------------------------------- */

void
batch_link(struct batch *b, struct batch **list)
{
	b->next = *list;
	b->link = list;
	if (b->next)
		b->next->link = &b->next;
	*list = b;
}

void
batch_unlink(struct batch *b)
{
	*b->link = b->next;
	if (b->next)
		b->next->link = b->link;
}

void
batch_bury(struct batch *b)
{
	b->of->n--;
	b->of->held_bytes -= b->answer.size;
	batch_set_done(&b->set);
	buf_done(&b->common);
	buf_done(&b->head);
	buf_done(&b->answer);
	buf_done(&b->asker.visit.words);
	gate_worker_bury(b->of->w, &b->asker.grave);
}

static struct batch *
batch_new(struct batches *bs, const struct gate_route *route, size_t host_size)
{
	struct batch *b = bs->n < BATCHES_MAX ? calloc(1, sizeof(*b)) : NULL;

	if (!b || batch_set_init(&b->set, route->batch, bs->w->now_ns) < 0) {
		free(b);
		return NULL;
	}
	b->of = bs;
	b->route = route;
	b->host_size = host_size;
	b->head.cap_bytes = GATE_RESPONSE_HEAD_MAX * 2;
	b->answer.cap_bytes = (size_t)route->batch->answer_bytes;
	buf_append(&b->common, bs->scratch.data, bs->scratch.size);
	bs->n++;
	batch_link(b, &bs->collecting);
	return b;
}

/* ---- who may share --------------------------------------------------------------------------- */

bool
batch_carries(const struct gate_batch *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_fields; i++)
		if (strcasecmp(plan->fields[i], name) == 0)
			return true;
	return false;
}

/* What the answer is for one client alone by, or what has to be looked at before there is one. */
static bool
is_for_itself(const struct http1_request *r, const struct gate_batch *plan)
{
	static const char *const own[] = { "Authorization", "Cookie", "If-Match", "If-Unmodified-Since" };

	if (!text_is(r->method, "GET") || r->framing != HTTP1_NO_BODY || r->upgrades || !r->host.size)
		return true;
	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (http_field_next(&r->fields, own[i], NULL) && !batch_carries(plan, own[i]))
			return true;
	return false;
}

/* A byte for the scheme, the host, and the lines of fields as the call will carry them: where this is the same, so is
 * what the server is told. */
static void
write_common(struct buf *out, const struct http1_request *r, const struct gate_batch *plan, bool secure)
{
	buf_clear(out);
	buf_putc(out, secure ? '1' : '0');
	buf_append(out, r->host.at, r->host.size);
	for (size_t i = 0; i < plan->n_fields; i++)
		for (const struct http_field *f = NULL; (f = http_field_next(&r->fields, plan->fields[i], f));) {
			if (http1_is_hop_field(&r->fields, f->name))
				continue;
			buf_puts(out, plan->fields[i]);
			buf_puts(out, ": ");
			buf_append(out, f->value.at, f->value.size);
			buf_puts(out, "\r\n");
		}
}

static bool
shares(const struct batch *b, const struct gate_route *route, const struct buf *common, size_t host_size)
{
	return b->route == route && b->host_size == host_size && b->common.size == common->size &&
	    memcmp(b->common.data, common->data, common->size) == 0;
}

bool
batch_join(struct errand *x, const struct inquiry *q)
{
	struct batches *bs = x->w->batches;
	const struct gate_batch *plan = x->route->batch;
	size_t host_size = q->r->host.size;
	char bytes[BATCH_KEY_MAX];
	struct text key;

	if (q->key.ambiguous || is_for_itself(q->r, plan) || !batch_key(plan, q->key.target, bytes, &key))
		return false;
	write_common(&bs->scratch, q->r, plan, x->secure);
	struct batch *b = bs->collecting;
	while (b && !(shares(b, x->route, &bs->scratch, host_size) && batch_set_add(&b->set, key, &x->seat)))
		b = b->next;
	if (!b) {
		b = batch_new(bs, x->route, host_size);
		if (!b || !batch_set_add(&b->set, key, &x->seat))
			return false;
	}
	x->state = ERRAND_BATCHED;
	return true;
}

/* ---- of a worker ----------------------------------------------------------------------------- */

int
batches_open(struct gate_worker *w)
{
	const struct gate_config *c = w->config;
	bool any = false;

	for (size_t i = 0; i < c->n_routes; i++)
		any |= c->routes[i].batch != NULL;
	if (!any)
		return 0;
	w->batches = calloc(1, sizeof(*w->batches) + c->n_routes * sizeof(w->batches->under_way[0]));
	if (!w->batches)
		return -ENOMEM;
	w->batches->w = w;
	return 0;
}

/* What nobody waits for is not asked; who still waits waits for the store alone. */
void
batches_close(struct gate_worker *w)
{
	struct batches *bs = w->batches;

	while (bs && bs->collecting)
		batch_fail(bs->collecting, 503, "the gate ends");
	while (bs && bs->asked)
		batch_fail(bs->asked, 503, "the gate ends");
	if (bs)
		buf_done(&bs->scratch);
	free(bs);
	w->batches = NULL;
}

static enum batch_close
look(const struct batches *bs, const struct batch *b)
{
	return batch_set_look(&b->set, bs->under_way[b->route - bs->w->config->routes], bs->w->now_ns);
}

void
batches_turn(struct gate_worker *w)
{
	struct batch *b = w->batches ? w->batches->collecting : NULL;

	while (b) {
		struct batch *next = b->next;
		enum batch_close why = look(w->batches, b);
		if (why != BATCH_OPEN)
			batch_ask(b, why);
		b = next;
	}
}

int64_t
batches_next_ns(const struct gate_worker *w)
{
	int64_t next = INT64_MAX;

	for (const struct batch *b = w->batches ? w->batches->collecting : NULL; b; b = b->next) {
		int64_t until = look(w->batches, b) == BATCH_OPEN ? batch_set_until_ns(&b->set) : 0;
		next = until < next ? until : next;
	}
	return next;
}

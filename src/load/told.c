/* SPDX-License-Identifier: MIT */
#include "load/told.h"

#include <stdlib.h>

#include "load/program.h"

#define POOL_MIN 16

static struct digest *
take(struct worker *w)
{
	return w->n_digests ? w->digests[--w->n_digests] : digest_new();
}

static void
give(struct worker *w, struct digest *d)
{
	if (w->n_digests == w->digests_allocated) {
		w->digests_allocated = w->digests_allocated ? 2 * w->digests_allocated : POOL_MIN;
		w->digests = realloc(w->digests, w->digests_allocated * sizeof(struct digest *));
		if (!w->digests)
			abort();
	}
	w->digests[w->n_digests++] = d;
}

void
told_begin(struct worker *w, struct exchange *x)
{
	const struct told *a = w->task->told;

	x->digest = NULL;
	if (!a || x->index % a->every)
		return;
	x->digest = take(w);
	x->step = x->session == NO_SESSION ? 0 : w->sessions.all[x->session].step;
	digest_start(x->digest);
}

static void
feed_capture(struct digest *d, const struct capture *c)
{
	if (c && c->body.size)
		digest_feed(d, NULL, c->body.data, c->body.size);
}

void
told_end(struct worker *w, uint32_t slot, const struct reply *reply, bool failed)
{
	struct exchange *x = &w->slots[slot];
	struct told *a = w->task->told;
	struct load_answer said = {
		.index = x->index, .step = x->step, .route = w->program->routes[x->route].name,
		.failed = failed,
	};

	if (!x->digest)
		return;
	if (reply && w->program->protocol->keeps)
		feed_capture(x->digest, w->captures[slot]);
	struct digest_result sum = digest_end(x->digest);
	if (reply) {
		said.status = reply->status;
		said.body_bytes = w->program->protocol->keeps ? reply->body_bytes : sum.bytes;
		said.body_hash = sum.hash;
		said.encoding = sum.encoded ? reply->content_encoding : NULL;
	}
	pthread_mutex_lock(&a->lock);
	a->tell(a->ctx, &said);
	pthread_mutex_unlock(&a->lock);
	told_forget(w, x);
}

void
told_forget(struct worker *w, struct exchange *x)
{
	if (x->digest)
		give(w, x->digest);
	x->digest = NULL;
}

void
told_close(struct worker *w)
{
	while (w->n_digests)
		digest_free(w->digests[--w->n_digests]);
	free(w->digests);
}

/* SPDX-License-Identifier: MIT */
/* What the sampled copies of the cache hear of. */
#include "cache/store_int.h"

static void
learn(struct store *s, uint64_t hash, uint64_t bytes, double value)
{
	if (store_shadow_ask(&s->shadow, hash, bytes, value))
		s->policy.tuning = *store_shadow_tuning(&s->shadow);
}

void
store_learn_new(struct store *s, struct store_object *o)
{
	store_lock(&s->policy_lock);
	store_policy_add(&s->policy, store_offset(s, &o->node), (double)o->value);
	learn(s, o->node.hash, o->node.bytes, (double)o->value);
	store_unlock(&s->policy_lock);
}

void
store_learn_hit(struct store_worker *w, const struct store_object *o, uint64_t hash)
{
	if (store_shadow_samples(&w->store->shadow, hash) && w->n_lessons < STORE_LESSONS)
		w->lessons[w->n_lessons++] =
		    (struct store_lesson){ hash, o->node.bytes, (double)o->value };
}

void
store_learn_hits(struct store_worker *w)
{
	struct store *s = w->store;

	if (!w->n_lessons || !store_try_lock(&s->policy_lock))
		return;
	for (uint32_t i = 0; i < w->n_lessons; i++)
		learn(s, w->lessons[i].hash, w->lessons[i].bytes, w->lessons[i].value);
	w->n_lessons = 0;
	store_unlock(&s->policy_lock);
}

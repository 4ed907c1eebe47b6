/* SPDX-License-Identifier: MIT */
/* A form is an object that is in no index: a body, and nothing that is said of it. The body that it is a form of
 * has the reference to it that an index would have. */
#include "cache/store_int.h"

static struct store_body *
body_of(const struct store *s, const struct store_object *o)
{
	return store_at(s, o->body);
}

static uint64_t
bytes_of(const struct store *s, const struct store_object *o)
{
	return atomic_load_explicit(&body_of(s, o)->bytes, memory_order_relaxed);
}

const struct store_object *
store_form(const struct store_worker *w, const struct store_object *o, unsigned which)
{
	uint64_t at = atomic_load_explicit(&body_of(w->store, o)->forms[which], memory_order_acquire);

	return at ? store_object_at(w->store, at) : NULL;
}

bool
store_form_is_final(const struct store_object *form)
{
	return store_has_flag(form, STORE_FINAL);
}

unsigned
store_form_note(const struct store_object *form)
{
	store_node_touch(&((struct store_object *)form)->node);
	return store_hits(form);
}

/* ---- made --------------------------------------------------------------------------------------- */

struct store_object *
store_form_begin(struct store_worker *w, int64_t expected)
{
	struct store *s = w->store;
	struct store_record record = { .key = { "", 0 }, .state = STORE_FOUND, .expires_ns = INT64_MAX };

	record.body = store_body_make(w, expected);
	uint64_t at = record.body ? store_object_make(w, &record) : 0;
	if (!at) {
		if (record.body)
			store_body_unref(s, record.body);
		return NULL;
	}
	atomic_fetch_or(&store_object_at(s, at)->flags, STORE_FORM);
	atomic_fetch_sub_explicit(&s->map->objects, 1, memory_order_relaxed);
	return store_object_at(s, at);
}

int
store_form_append(struct store_worker *w, struct store_object *form, const void *bytes, size_t size)
{
	return store_body_append(w, form->body, -1, bytes, size);
}

/* With the lock: what is counted for the body, and for the object if it is in the queues. */
static void
recount(struct store_worker *w, struct store_object *o, int64_t units)
{
	struct store *s = w->store;

	atomic_fetch_add_explicit(&body_of(s, o)->units, (uint64_t)units, memory_order_relaxed);
	if (store_has_flag(o, STORE_DEAD) || store_state_of(o) != STORE_FOUND)
		return;
	store_lock(&s->policy_lock);
	store_policy_grow(&s->policy, store_offset(s, &o->node), units * STORE_UNIT);
	store_unlock(&s->policy_lock);
}

/* With the lock. The first one stays, but for a final one that is shorter. */
static bool
put(struct store_worker *w, struct store_object *o, unsigned which, struct store_object *form, bool final)
{
	struct store *s = w->store;
	_Atomic uint64_t *place = &body_of(s, o)->forms[which];
	uint64_t at = atomic_load(place);
	struct store_object *old = at ? store_object_at(s, at) : NULL;

	if (old && final)
		atomic_fetch_or(&old->flags, STORE_FINAL);
	if (old && !(final && bytes_of(s, form) < bytes_of(s, old)))
		return false;
	store_hold(form);
	atomic_store_explicit(place, store_offset(s, form), memory_order_release);
	recount(w, o, (int64_t)(form->node.bytes - (old ? old->node.bytes : 0)) / STORE_UNIT);
	if (old)
		store_limbo_add(s, &old->dead);
	return true;
}

bool
store_form_put(struct store_worker *w, const struct store_object *of, unsigned which, struct store_object *form,
    bool final)
{
	struct store *s = w->store;
	struct store_object *o = (struct store_object *)of;

	store_body_end(s, form->body, STORE_WHOLE);
	form->node.bytes += atomic_load_explicit(&body_of(s, form)->units, memory_order_relaxed) * STORE_UNIT;
	if (final)
		atomic_fetch_or(&form->flags, STORE_FINAL);
	store_shard_lock(s, o->hash);
	bool kept = put(w, o, which, form, final);
	store_shard_unlock(s, o->hash);
	return kept;
}

void
store_form_drop(struct store_worker *w, struct store_object *form)
{
	store_body_end(w->store, form->body, STORE_BROKEN);
	store_release(w, form);
}

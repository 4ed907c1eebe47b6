/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_keep.h"

#include "gate/level2/l2_int.h"
#include "gate/level2/l2_outbox.h"

/* ---- what is worth it ------------------------------------------------------------------------ */

/* For how long it will be of use; 0: not worth writing. What is never fresh needs the origin each time. */
static int64_t
useful_ns(const struct l2 *l, const struct inquiry *q, const struct cache_terms *t)
{
	int64_t now = gate_wall_ns(l->w);
	int64_t until = cache_useful_until_ns(t, q->policy), fresh = cache_fresh_until_ns(t);

	if (fresh <= now || (t->flags & (TERMS_PARTIAL | TERMS_OUTDATED | TERMS_STALE)))
		return 0;
	return until - now < l->c->ttl_ns ? until - now : l->c->ttl_ns;
}

/* The body in one piece. */
static bool
read_body(struct l2 *l, const struct store_object *o)
{
	struct store_cursor cursor = { 0 };
	struct iovec v[8];
	uint64_t bytes;
	size_t n;

	buf_clear(&l->plain);
	if (store_body(l->w->store, o, &bytes) != STORE_WHOLE || bytes > (uint64_t)l->c->value_bytes)
		return false;
	while ((n = store_read(l->w->store, o, &cursor, v, 8, bytes)))
		for (size_t i = 0; i < n; i++)
			buf_append(&l->plain, v[i].iov_base, v[i].iov_len);
	return l->plain.size == bytes;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
write_value(struct l2 *l, const struct l2_key *key, const struct l2_value *v, int64_t ttl_ns)
{
	buf_clear(&l->value);
	l2_value_write(l->packer, v, &l->value);
	if (!l->value.truncated)
		l2_set(l, key, (struct text){ l->value.data, l->value.size }, ttl_ns);
}

void
l2_keep(struct gate_worker *w, const struct inquiry *q, const struct store_object *o, uint64_t known)
{
	struct l2 *l = w->l2;
	const struct cache_terms *t = store_terms(o);
	struct l2_key key;
	int64_t ttl_ns = l ? useful_ns(l, q, t) : 0;
	uint64_t bytes;

	if (ttl_ns < NS_PER_MS || !known)
		return;
	struct l2_value v = { .known = known, .terms = *t, .key = q->key.uri, .vary = store_vary(o),
		.head = store_head(o) };
	l2_key_write(l, v.key, v.vary, &key);
	store_body(w->store, o, &bytes);
	if (!l2_takes(l, &key, bytes)) {
		metrics_add(w->metrics, METRIC_L2_DROPPED, 0, 1);
		return;
	}
	if (!read_body(l, o))
		return;
	v.body = (struct text){ buf_text(&l->plain), l->plain.size };
	write_value(l, &key, &v, ttl_ns);
	if (!v.vary.size)
		return;
	v.varies = true;    /* and under the key alone, what tells its variants apart */
	v.head = v.body = (struct text){ 0 };
	v.terms.etag_size = 0;
	l2_key_write(l, v.key, (struct text){ 0 }, &key);
	write_value(l, &key, &v, ttl_ns);
}

uint64_t
l2_known(const struct gate_worker *w)
{
	return w->gate->l2_purges ? l2_purges_known(w->gate->l2_purges) : 0;
}

void
l2_forget(struct gate_worker *w, struct text uri)
{
	if (w->l2)
		l2_outbox_add(w->gate->l2_outbox, &(struct purge){ .what = PURGE_URL, .text = uri }, false);
}

/* SPDX-License-Identifier: MIT */
#include "gate/compress/making.h"

#include <stdlib.h>

#define STEP_BYTES ((uint64_t)256 << 10)   /* of the object, before others get their turn */

_Static_assert(CODINGS - CODING_GZIP == STORE_FORMS, "each coding has its place");

static unsigned
place_of(enum coding coding)
{
	return coding - CODING_GZIP;
}

const struct store_object *
form_find(const struct gate_worker *w, const struct store_object *o, enum coding coding)
{
	return store_form(w->store, o, place_of(coding));
}

bool
form_put(struct gate_worker *w, const struct store_object *o, enum coding coding,
    struct store_object *form, bool final)
{
	return store_form_put(w->store, o, place_of(coding), form, final);
}

/* ---- who makes it ---------------------------------------------------------------------------- */

static struct making **
list_of(struct gate_worker *w, const struct store_object *o)
{
	return &w->makings[(uintptr_t)o / 128 % MAKING_SLOTS];
}

static void
leave_list(struct making *m)
{
	if (!m->link)
		return;
	*m->link = m->next;
	if (m->next)
		m->next->link = m->link;
	m->link = NULL;
}

static struct making *
making_new(struct gate_worker *w, const struct store_object *o, uint64_t end, enum coding coding)
{
	struct making **list = list_of(w, o), *m = calloc(1, sizeof(*m));
	struct compressor *c = m ? compressor_take(w->shelf, coding, COMPRESS_FLYING) : NULL;
	struct store_object *form = c ? store_form_begin(w->store, -1) : NULL;

	if (!form) {
		compressor_give(w->shelf, c);
		free(m);
		return NULL;
	}
	*m = (struct making){ .next = *list, .link = list, .w = w, .object = o, .form = form, .end = end, .coding = coding,
		.compressor = c };
	if (m->next)
		m->next->link = &m->next;
	*list = m;
	store_hold(o);
	return m;
}

struct making *
making_join(struct gate_worker *w, const struct store_object *o, uint64_t end, enum coding coding)
{
	struct making *m = *list_of(w, o);

	while (m && (m->object != o || m->coding != coding))
		m = m->next;
	if (!m)
		m = making_new(w, o, end, coding);
	if (m)
		m->readers++;
	return m;
}

/* No more is made. */
static void
stop(struct making *m, enum making_state state)
{
	leave_list(m);
	compressor_give(m->w->shelf, m->compressor);
	m->compressor = NULL;
	m->state = state;
}

void
making_leave(struct making *m)
{
	if (!m || --m->readers)
		return;
	if (m->state == MAKING_IS_WHOLE) {
		store_release(m->w->store, m->form);
	} else {
		stop(m, MAKING_FAILED);
		store_form_drop(m->w->store, m->form);
	}
	store_release(m->w->store, m->object);
	free(m);
}

/* ---- what is made ---------------------------------------------------------------------------- */

/* What comes of these bytes goes into the form. */
static bool
feed(struct making *m, const void *bytes, size_t size, enum compress_end end)
{
	struct gate_worker *w = m->w;
	struct buf *b = &w->packed;

	buf_clear(b);
	if (compressor_feed(m->compressor, bytes, size, end, b) < 0)
		return false;
	metrics_add(w->metrics, METRIC_PLAIN, m->coding, (int64_t)size);
	metrics_add(w->metrics, METRIC_COMPRESSED, m->coding, (int64_t)b->size);
	return !b->size || store_form_append(w->store, m->form, b->data, b->size) == 0;
}

enum making_state
making_step(struct making *m)
{
	struct iovec v[ENGINE_PIECES];
	uint64_t left = m->end - m->cursor.at;
	bool ok = true;

	if (m->state >= MAKING_IS_WHOLE)
		return m->state;
	size_t n = left ? store_read(m->w->store, m->object, &m->cursor, v, ENGINE_PIECES,
	    left < STEP_BYTES ? left : STEP_BYTES) : 0;
	for (size_t i = 0; i < n && ok; i++)
		ok = feed(m, v[i].iov_base, v[i].iov_len, COMPRESS_MORE);
	bool last = m->cursor.at == m->end;
	if (ok && last)
		ok = feed(m, "", 0, COMPRESS_FINISH);
	m->state = n ? MAKING_GOES_ON : MAKING_WAITS;
	if (ok && last)
		form_put(m->w, m->object, m->coding, m->form, false);
	if (!ok || last)
		stop(m, ok ? MAKING_IS_WHOLE : MAKING_FAILED);
	return m->state;
}

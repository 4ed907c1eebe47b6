/* SPDX-License-Identifier: MIT */
/* Connections: which machine reads them, and the questions that are open on each. */
#include "trace/wire_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "trace/event.h"

#define LINKS_MAX     8192     /* connections remembered; then all are forgotten */
#define QUESTIONS_MAX 4096     /* open on a connection */
#define TRIES_MAX     16

static const struct wire_protocol *const protocols[] = {
	&wire_http, &wire_redis, &wire_postgres, &wire_mysql, &wire_encrypted,
};

struct wire *
wire_new(struct tape *t)
{
	struct wire *w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	w->tape = t;
	return w;
}

/* ---- connections --------------------------------------------------------------------------- */

static void
speak(struct wire_link *l, const struct wire_protocol *by)
{
	l->by = by;
	l->postgres = NULL;
	if (by == &wire_postgres)
		l->postgres = calloc(1, sizeof(*l->postgres));
	else if (by == &wire_redis)
		l->redis = calloc(1, sizeof(*l->redis));
	else
		l->http = (struct wire_http){ 0 };
	if ((by == &wire_postgres || by == &wire_redis) && !l->postgres)
		abort();
	if (by->forget)
		by->forget(l);
}

static void
link_clear(struct wire_link *l)
{
	if (l->by == &wire_postgres) {
		map_done(&l->postgres->statements);
		map_done(&l->postgres->portals);
		free(l->postgres);
	} else if (l->by == &wire_redis) {
		free(l->redis);
	}
	free(l->queue.items);
	*l = (struct wire_link){ .wire = l->wire };
}

/* Its connection is gone: an answer of which the end was only guessed has ended. */
static void
link_over(struct wire_link *l)
{
	if (l->by && l->by->forget)
		l->by->forget(l);
	link_clear(l);
}

static void
forget_links(struct wire *w)
{
	for (size_t i = 0; i < w->n_links; i++) {
		link_over(w->links[i]);
		free(w->links[i]);
	}
	w->n_links = 0;
	map_done(&w->ids);
}

void
wire_free(struct wire *w)
{
	if (!w)
		return;
	forget_links(w);
	free(w->links);
	map_done(&w->peers);
	map_done(&w->memo);
	map_done(&w->commands);
	free(w);
}

static struct wire_link *
link_made(struct wire *w, uint64_t key)
{
	bool new;
	if (w->n_links == LINKS_MAX)
		forget_links(w);
	uint64_t *at = map_at(&w->ids, &key, sizeof(key), &new);
	if (!new)
		return w->links[*at];
	*at = w->n_links;
	if (w->n_links == w->room) {
		w->room = w->room ? w->room * 2 : 64;
		w->links = realloc(w->links, w->room * sizeof(struct wire_link *));
	}
	struct wire_link *l = calloc(1, sizeof(*l));
	if (!w->links || !l)
		abort();
	l->wire = w;
	return w->links[w->n_links++] = l;
}

static struct wire_link *
link_of(const struct wire *w, uint64_t key)
{
	const uint64_t *at = map_find(&w->ids, &key, sizeof(key));
	return at ? w->links[*at] : NULL;
}

uint32_t
wire_peer_of(const struct wire *w, uint64_t key)
{
	const struct wire_link *l = link_of(w, key);
	return l ? l->peer : 0;
}

static struct wire_known *
peer_of(struct wire *w, uint32_t peer)
{
	bool new;
	uint64_t *at = map_at(&w->peers, &peer, sizeof(peer), &new);
	if (new) {
		*at = w->n_known;
		(void)ARENA_PUSH(w->tape->arena, w->known, w->n_known);
	}
	return &w->known[*at];
}

struct wire_peer
wire_peer(const struct wire *w, uint32_t peer)
{
	const uint64_t *at = map_find(&w->peers, &peer, sizeof(peer));
	if (!at)
		return (struct wire_peer){ 0 };
	const struct wire_known *p = &w->known[*at];
	return (struct wire_peer){ .kind = p->by ? p->by->kind : NULL, .database = p->database,
		.encrypted = p->encrypted };
}

uint16_t
wire_connection(struct wire *w, uint64_t key, uint64_t born, uint32_t peer, uint16_t port)
{
	struct wire_link *l = link_made(w, key);
	if (l->born != born || l->peer != peer) {
		link_over(l);
		l->born = born;
		l->peer = peer;
	}
	const struct wire_known *p = peer_of(w, peer);
	return p->by && p->by->port ? p->by->port : port;
}

void
wire_is_clear(struct wire *w, uint64_t key)
{
	struct wire_link *l = link_of(w, key);
	if (!l || l->by != &wire_encrypted)
		return;
	l->by = NULL;
	l->tries = 0;
	peer_of(w, l->peer)->encrypted = false;
}

/* ---- which protocol ------------------------------------------------------------------------ */

static void
recognised(struct wire_link *l, const struct wire_protocol *by)
{
	struct wire_known *p = peer_of(l->wire, l->peer);
	speak(l, by);
	if (by == &wire_encrypted)
		p->encrypted = true;
	else
		p->by = by;
}

void
wire_is_http2(struct wire *w, uint64_t key)
{
	struct wire_link *l = link_of(w, key);
	if (l && !l->by)
		recognised(l, &wire_http);
}

static const struct wire_protocol *
protocol_of(const uint8_t *bytes, size_t size, bool written)
{
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (protocols[i]->is(bytes, size, written))
			return protocols[i];
	return NULL;
}

/* The first writes may be too short to tell: they are put together. */
static void
try_written(struct wire_link *l, const struct wire_bytes *b)
{
	uint8_t all[sizeof(l->first) + EV_OUT_BYTES];
	size_t n = b->n_begun < EV_OUT_BYTES ? b->n_begun : EV_OUT_BYTES;
	memcpy(all, l->first, l->n_first);
	memcpy(all + l->n_first, b->begun, n);
	const struct wire_protocol *by = protocol_of(all, l->n_first + n, true);
	if (!by && l->n_first + b->size < sizeof(l->first) && n == b->size) {
		memcpy(l->first + l->n_first, b->begun, n);
		l->n_first += (uint8_t)n;
		return;
	}
	struct wire_bytes earlier = { .begun = all, .n_begun = l->n_first, .size = l->n_first };
	l->n_first = 0;
	l->tries++;
	if (!by)
		return;
	recognised(l, by);
	if (by->begin)
		by->begin(l, all, earlier.size + n);
	if (by->sent && earlier.size)
		by->sent(l, &earlier);
}

static void
try_read(struct wire_link *l, const struct wire_bytes *b)
{
	const struct wire_protocol *by = protocol_of(b->begun, b->n_begun, false);
	l->n_first = 0;
	l->tries++;
	if (by)
		recognised(l, by);
}

uint16_t
wire_tell(struct wire *w, uint64_t key, bool written, const struct wire_bytes *b)
{
	struct wire_link *l = link_of(w, key);
	if (!l || !b->size || l->by || l->tries == TRIES_MAX)
		return 0;
	if (written)
		try_written(l, b);
	else
		try_read(l, b);
	return l->by ? l->by->port : 0;
}

void
wire_io(struct wire *w, const struct rec *io, const struct wire_bytes *b)
{
	struct wire_link *l = link_of(w, io->key);
	bool written = io->flags & IO_WRITE;

	if (!l || !b->size)
		return;
	l->now = *io;
	if (!written)
		l->read = *io;
	if (l->by && written && l->by->sent)
		l->by->sent(l, b);
	else if (l->by && !written && l->by->received)
		l->by->received(l, b);
}

void
wire_window(struct wire *w, bool open)
{
	if (w->open == open)
		return;
	for (size_t i = 0; i < w->n_links; i++) {
		struct wire_link *l = w->links[i];
		if (l->by && l->by->forget)
			l->by->forget(l);
		l->queue.first = l->queue.n = l->queue.over = 0;
		l->n_first = 0;
	}
	w->open = open;
}

/* ---- questions ----------------------------------------------------------------------------- */

static struct rec *
add(struct wire_link *l, const struct rec *io, enum rec_kind kind)
{
	struct rec *r = l->wire->open ? tape_add(l->wire->tape) : NULL;
	if (!r)
		return NULL;
	*r = (struct rec){ .ts = io->ts, .from = io->from, .at = io->at, .key = io->key,
		.task = io->task, .thread = io->thread, .nr = io->nr, .kind = (uint8_t)kind };
	return r;
}

static struct wire_question *
push(struct wire_queue *q)
{
	if (q->first == q->n)
		q->first = q->n = 0;
	if (q->n == q->room && q->first) {
		memmove(q->items, q->items + q->first, (q->n - q->first) * sizeof(*q->items));
		q->n -= q->first;
		q->first = 0;
	}
	if (q->n == QUESTIONS_MAX || q->over) {
		q->over++;
		return NULL;
	}
	if (q->n == q->room) {
		q->room = q->room ? q->room * 2 : 8;
		q->items = realloc(q->items, q->room * sizeof(*q->items));
		if (!q->items)
			abort();
	}
	return &q->items[q->n++];
}

void
wire_ask(struct wire_link *l, uint32_t statement, uint8_t kind, bool told)
{
	struct wire_question *q = push(&l->queue);
	if (!q)
		return;
	*q = (struct wire_question){ .kind = kind };
	struct rec *r = told ? add(l, &l->now, REC_ASK) : NULL;
	if (!r)
		return;
	q->told = true;
	r->name = statement;
	r->value = l->now.value;
}

struct wire_question *
wire_oldest(struct wire_link *l)
{
	return l->queue.first < l->queue.n ? &l->queue.items[l->queue.first] : NULL;
}

void
wire_answer(struct wire_link *l, const struct rec *read, uint32_t rows, uint64_t bytes,
    uint8_t flags)
{
	const struct wire_question *q = wire_oldest(l);
	if (!q) {
		l->queue.over -= l->queue.over > 0;
		return;
	}
	l->queue.first++;
	struct rec *r = q->told && read->ts ? add(l, read, REC_REPLY) : NULL;
	if (!r)
		return;
	r->value = rows;
	r->bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
	r->flags = flags;
}

void
wire_settle(struct wire_link *l, uint64_t bytes)
{
	const struct wire_question *q;
	while ((q = wire_oldest(l))) {
		wire_answer(l, &l->read, q->rows, q->told ? bytes : 0, q->flags | REPLY_UNSEEN);
		bytes = q->told ? 0 : bytes;
	}
	l->queue.over = 0;
}

/* ---- what a machine finds out ---------------------------------------------------------------- */

void
wire_database(struct wire_link *l, const char *name)
{
	struct wire_known *p = peer_of(l->wire, l->peer);
	if (!p->database)
		p->database = tape_name(l->wire->tape, name);
}

void
wire_is_encrypted(struct wire_link *l)
{
	struct wire *w = l->wire;
	uint64_t born = l->born;
	uint32_t peer = l->peer;
	peer_of(w, peer)->encrypted = true;
	link_clear(l);
	l->born = born;
	l->peer = peer;
	l->by = &wire_encrypted;
}

/* SPDX-License-Identifier: MIT */
/* Bodies are chains of chunks. The filler writes behind what is told to be there, links a chunk before
 * it tells of its first byte, and tells with one release store; so a reader needs no lock. */
#include <errno.h>
#include <string.h>

#include "cache/store_int.h"

#define CHUNK_LEAST 8    /* units: when memory is in pieces, longer chains are better than none */

static struct store_body *
body_at(const struct store *s, uint64_t at)
{
	return store_at(s, at);
}

static struct store_chunk *
chunk_at(const struct store *s, uint64_t at)
{
	return store_at(s, at);
}

static uint64_t
first_chunk(uint64_t body)
{
	return body + offsetof(struct store_body, first);
}

/* Bytes that a chunk has room for. */
static uint64_t
chunk_room(const struct store *s, uint64_t body, uint64_t chunk)
{
	uint64_t units = atomic_load_explicit(&chunk_at(s, chunk)->units, memory_order_relaxed);
	uint64_t block = chunk == first_chunk(body) ? body : chunk;

	return units * STORE_UNIT - (chunk + offsetof(struct store_chunk, bytes) - block);
}

/* A block of about so many bytes; less when memory is in small pieces. */
static uint64_t
take_block(struct store_worker *w, uint64_t bytes, uint64_t *ret_units)
{
	uint64_t units = store_units(bytes);

	if (units > STORE_CHUNK_MAX)
		units = STORE_CHUNK_MAX;
	return store_take_some(w, units, CHUNK_LEAST, ret_units);
}

uint64_t
store_body_make(struct store_worker *w, int64_t expected)
{
	uint64_t room = expected < 0 ? 4096 : (uint64_t)expected;
	uint64_t units, at = take_block(w, sizeof(struct store_body) + room, &units);

	if (!at)
		return 0;
	*body_at(w->store, at) = (struct store_body){
		.units = units, .refs = 1, .extent = STORE_ARRIVING, .last = first_chunk(at),
		.first = { .units = (uint32_t)units },
	};
	return at;
}

/* How long the next chunk should be: what is known to come, or as much again as came. */
static uint64_t
next_room(const struct store_body *b, int64_t expected, size_t size)
{
	uint64_t so_far = atomic_load_explicit(&b->bytes, memory_order_relaxed);
	uint64_t coming = expected > 0 && (uint64_t)expected > so_far ? (uint64_t)expected - so_far : so_far;

	return sizeof(struct store_chunk) + (coming > size ? coming : size);
}

static int
grow(struct store_worker *w, uint64_t body, int64_t expected, size_t size)
{
	struct store_body *b = body_at(w->store, body);
	uint64_t units, at = take_block(w, next_room(b, expected, size), &units);

	if (!at)
		return -ENOSPC;
	*chunk_at(w->store, at) = (struct store_chunk){ .units = (uint32_t)units };
	b->last_start += chunk_room(w->store, body, b->last);
	atomic_store_explicit(&chunk_at(w->store, b->last)->next, at, memory_order_release);
	atomic_fetch_add_explicit(&b->units, units, memory_order_relaxed);
	b->last = at;
	return 0;
}

int
store_body_append(struct store_worker *w, uint64_t body, int64_t expected, const void *bytes, size_t size)
{
	struct store_body *b = body_at(w->store, body);
	const unsigned char *from = bytes;

	while (size) {
		uint64_t there = atomic_load_explicit(&b->bytes, memory_order_relaxed);
		uint64_t used = there - b->last_start, room = chunk_room(w->store, body, b->last) - used;
		if (!room) {
			int r = grow(w, body, expected, size);
			if (r)
				return r;
			continue;
		}
		size_t n = size < room ? size : (size_t)room;
		memcpy(chunk_at(w->store, b->last)->bytes + used, from, n);
		atomic_store_explicit(&b->bytes, there + n, memory_order_release);
		from += n;
		size -= n;
	}
	return 0;
}

void
store_body_end(struct store *s, uint64_t body, enum store_extent extent)
{
	struct store_body *b = body_at(s, body);
	uint64_t block = b->last == first_chunk(body) ? body : b->last;
	uint64_t used = atomic_load_explicit(&b->bytes, memory_order_relaxed) - b->last_start;
	uint64_t needed = store_units(b->last + offsetof(struct store_chunk, bytes) - block + used);
	uint32_t units = atomic_load_explicit(&chunk_at(s, b->last)->units, memory_order_relaxed);

	atomic_store_explicit(&chunk_at(s, b->last)->units, (uint32_t)needed, memory_order_relaxed);
	atomic_store_explicit(&b->extent, extent, memory_order_release);
	if (needed == units)
		return;
	atomic_fetch_sub_explicit(&b->units, units - needed, memory_order_relaxed);
	store_arena_give(&s->arena, block + needed * STORE_UNIT, units - needed);
}

void
store_body_unref(struct store *s, uint64_t body)
{
	struct store_body *b = body_at(s, body);

	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (int i = 0; i < STORE_FORMS; i++)
		if (b->forms[i])
			store_object_unref(s, b->forms[i]);
	uint64_t at = b->first.next;
	store_arena_give(&s->arena, body, b->first.units);
	while (at) {
		uint64_t next = chunk_at(s, at)->next;
		store_arena_give(&s->arena, at, chunk_at(s, at)->units);
		at = next;
	}
}

/* ---- reading ------------------------------------------------------------------------------------ */

enum store_extent
store_body(const struct store_worker *w, const struct store_object *o, uint64_t *ret_bytes)
{
	const struct store_body *b = body_at(w->store, o->body);
	/* The end first: who sees it sees all that came before it. */
	enum store_extent extent = (enum store_extent)atomic_load_explicit(&b->extent, memory_order_acquire);

	*ret_bytes = atomic_load_explicit(&b->bytes, memory_order_acquire);
	return extent;
}

/* The chunk that holds byte c->at, which is there; the cursor moves along. */
static const struct store_chunk *
step(const struct store *s, uint64_t body, struct store_cursor *c)
{
	if (!c->chunk || c->at < c->chunk_start) {
		c->chunk = first_chunk(body);
		c->chunk_start = 0;
	}
	for (;;) {
		const struct store_chunk *chunk = chunk_at(s, c->chunk);
		uint64_t next = atomic_load_explicit(&chunk->next, memory_order_acquire);
		uint64_t room = chunk_room(s, body, c->chunk);
		if (!next || c->at - c->chunk_start < room)
			return chunk;
		c->chunk = next;
		c->chunk_start += room;
	}
}

void
store_seek(const struct store_worker *w, const struct store_object *o, struct store_cursor *c, uint64_t at)
{
	uint64_t there;

	store_body(w, o, &there);
	c->at = at < there ? at : there;
	step(w->store, o->body, c);
}

size_t
store_read(const struct store_worker *w, const struct store_object *o, struct store_cursor *c,
    struct iovec *out, size_t n, uint64_t max_bytes)
{
	uint64_t there;
	size_t pieces = 0;

	store_body(w, o, &there);
	for (; pieces < n && max_bytes && c->at < there; pieces++) {
		const struct store_chunk *chunk = step(w->store, o->body, c);
		uint64_t skip = c->at - c->chunk_start;
		uint64_t bytes = chunk_room(w->store, o->body, c->chunk) - skip;
		bytes = bytes < there - c->at ? bytes : there - c->at;
		bytes = bytes < max_bytes ? bytes : max_bytes;
		out[pieces] = (struct iovec){ (void *)(chunk->bytes + skip), bytes };
		c->at += bytes;
		max_bytes -= bytes;
	}
	return pieces;
}

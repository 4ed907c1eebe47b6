/* SPDX-License-Identifier: MIT */
/* A store, one worker of it and a clock, for tests of the store: what is put says by its bytes whose it is. */
#pragma once

#include <stdlib.h>

#include "cache/store_int.h"
#include "check.h"

#define MIB ((size_t)1 << 20)

struct world {
	struct store *store;
	struct store_worker *w;
	int64_t now;
};

static inline struct world
world_new(size_t limit)
{
	struct world x = { .now = 1000 };
	struct err e;
	struct store_settings settings = { .limit_bytes = limit, .max_workers = 4 };

	assert_int_equal(store_new(&settings, &x.store, &e), 0);
	x.w = store_worker_open(x.store);
	assert_non_null(x.w);
	return x;
}

static inline void
world_done(struct world *x)
{
	store_worker_close(x->w);
	store_free(x->store);
}

static inline void
turn(struct world *x)
{
	x->now += 2000000;
	store_turn(x->w, x->now);
}

static inline bool
match_exactly(void *ctx, struct text vary)
{
	return text_is(vary, ctx);
}

static inline struct store_ask
ask(const struct world *x, const char *key, const char *request)
{
	return (struct store_ask){
		.key = text_of(key), .match = match_exactly, .ctx = (void *)request, .now_ns = x->now,
	};
}

static inline enum store_state
find(struct world *x, const char *key, const char *request, struct store_found *ret)
{
	struct store_ask a = ask(x, key, request);
	return store_find(x->w, &a, ret);
}

static inline struct store_fill *
begin(struct world *x, const char *key, const char *request, uint64_t flight)
{
	struct store_ask a = ask(x, key, request);
	struct store_fill *f;
	uint64_t other;

	assert_int_equal(store_begin(x->w, &a, (struct text){ 0 }, flight, &f, &other), 0);
	return f;
}

static inline struct store_meta
meta(const char *head, const char *vary, int64_t bytes)
{
	return (struct store_meta){
		.head = text_of(head), .vary = text_of(vary), .expires_ns = INT64_MAX, .body_bytes = bytes,
	};
}

/* Byte i of the body with this seed. */
static inline unsigned char
byte_of(uint64_t seed, uint64_t i)
{
	return (unsigned char)(seed * 31 + i + i / 251);
}

static inline int
append(struct world *x, struct store_fill *f, uint64_t seed, uint64_t from, uint64_t size)
{
	unsigned char *bytes = malloc(size);

	for (uint64_t i = 0; i < size; i++)
		bytes[i] = byte_of(seed, from + i);
	int r = store_append(x->w, f, bytes, size);
	free(bytes);
	return r;
}

static inline void
put(struct world *x, const char *key, const char *vary, uint64_t seed, uint64_t size)
{
	struct store_fill *f = begin(x, key, vary, 1);
	struct store_meta m = meta("HTTP/1.1 200 OK\r\n\r\n", vary, (int64_t)size);

	assert_int_equal(store_fill_head(x->w, f, &m), 0);
	if (size)
		assert_int_equal(append(x, f, seed, 0, size), 0);
	store_finish(x->w, f);
}

/* Reads on from the cursor, checking each byte; returns how many there were. */
static inline uint64_t
read_on(struct world *x, const struct store_object *o, struct store_cursor *c, uint64_t seed)
{
	struct iovec v[3];
	uint64_t from = c->at, at = from;

	for (size_t n; (n = store_read(x->w, o, c, v, 3, 100000)); )
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < v[i].iov_len; k++, at++)
				if (((unsigned char *)v[i].iov_base)[k] != byte_of(seed, at))
					fail_msg("byte %lu is wrong", (unsigned long)at);
	assert_int_equal(at, c->at);
	return at - from;
}

static inline void
check_body(struct world *x, const struct store_object *o, uint64_t seed, uint64_t size)
{
	struct store_cursor c = { 0 };
	uint64_t there;

	assert_int_equal(store_body(x->w, o, &there), STORE_WHOLE);
	assert_int_equal(there, size);
	assert_int_equal(read_on(x, o, &c, seed), size);
}

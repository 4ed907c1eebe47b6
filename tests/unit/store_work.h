/* SPDX-License-Identifier: MIT */
/* Random work for the store: bodies tell by their bytes whose they are and which of its versions. */
#pragma once

#include "base/random.h"
#include "cache/store_int.h"
#include "check.h"

#define MIB      ((size_t)1 << 20)
#define KEYS     1024
#define BODY_MAX 300000
#define TAGS     8

struct chance {
	uint64_t seed, i;
};

static inline uint64_t
below(struct chance *c, uint64_t n)
{
	return random_below(random_at(c->seed, c->i++), n);
}

/* Many small ones, few large ones. */
static inline uint64_t
any_size(struct chance *c)
{
	return below(c, UINT64_C(1) << (4 + below(c, 15))) % BODY_MAX;
}

static inline struct store *
store_make(size_t limit, uint32_t workers)
{
	struct store_settings settings = { .limit_bytes = limit, .max_workers = workers };
	struct store *s;
	struct err e;

	assert_int_equal(store_new(&settings, &s, &e), 0);
	return s;
}

static inline struct store_ask
ask_of(char *key, uint64_t k, int64_t now)
{
	int n = snprintf(key, 64, "GET example.org/a/path/to/%lu", (unsigned long)k);

	return (struct store_ask){ .key = { key, (size_t)n }, .now_ns = now };
}

/* The head names key, version and size; the body is a pattern of both. */
struct made {
	uint64_t key, version, size;
};

static unsigned char pattern[BODY_MAX + 4096];

/* Where in the pattern the body of this version begins. */
static inline const unsigned char *
body_of(struct made m)
{
	if (!pattern[1])
		for (size_t i = 0; i < sizeof(pattern); i++)
			pattern[i] = (unsigned char)(i * 7 + i / 253);
	return pattern + (m.key * 13 + m.version * 29) % 4096;
}

static inline struct made
made_of(const struct store_object *o)
{
	struct made m;

	assert_int_equal(store_head(o).size, sizeof(m));
	memcpy(&m, store_head(o).at, sizeof(m));
	return m;
}

/* False: the bytes are not of this one, or more of them than it has. */
static inline bool
bytes_are_right(struct store_worker *w, const struct store_object *o, struct made m, uint64_t *ret_read)
{
	struct store_cursor c = { 0 };
	struct iovec v[4];
	bool right = true;

	for (size_t n; right && (n = store_read(w, o, &c, v, 4, UINT64_MAX)); ) {
		uint64_t at = c.at;
		for (size_t i = n; i-- > 0; ) {
			at -= v[i].iov_len;
			right &= memcmp(body_of(m) + at, v[i].iov_base, v[i].iov_len) == 0;
		}
	}
	*ret_read = c.at;
	return right && c.at <= m.size;
}

/* Are they what the head says? */
static inline bool
body_is_right(struct store_worker *w, const struct store_object *o, uint64_t *ret_read)
{
	return bytes_are_right(w, o, made_of(o), ret_read);
}

static inline unsigned
tag_index(uint64_t key)
{
	return key % TAGS;
}

/* One fill, step by step. */
struct filling {
	struct store_fill *f;
	struct made made;
	uint64_t given;
};

static inline int
give_head(struct store_worker *w, struct filling *x, const uint64_t *tag, bool told)
{
	struct store_meta meta = {
		.head = { (const char *)&x->made, sizeof(x->made) }, .expires_ns = INT64_MAX,
		.body_bytes = told ? (int64_t)x->made.size : -1, .tags = tag, .n_tags = tag != NULL,
	};

	return store_fill_head(w, x->f, &meta);
}

/* Ends the fill when all is given, or nothing more fits. */
static inline bool
give_more(struct store_worker *w, struct filling *x, uint64_t most)
{
	uint64_t n = x->made.size - x->given;

	n = n < most ? n : most;
	if (n && store_append(w, x->f, body_of(x->made) + x->given, n)) {
		store_abort(w, x->f);
		x->f = NULL;
		return true;
	}
	x->given += n;
	if (x->given < x->made.size)
		return false;
	store_finish(w, x->f);
	x->f = NULL;
	return true;
}

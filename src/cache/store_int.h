/* SPDX-License-Identifier: MIT */
/* Inside the store. Locks, from the outside in: a shard's, then one of policy, limbo, purge, arena; of
 * those four nobody holds two, but that limbo and policy may be held while the arena's is taken. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "cache/store.h"
#include "cache/store_arena.h"
#include "cache/store_lock.h"
#include "cache/store_qsbr.h"
#include "cache/store_shadow.h"

#define STORE_SHARDS     64
#define STORE_SECRET     192    /* bytes, of XXH3 */
#define STORE_CHUNK_MAX  512    /* units: 64 KiB */
#define STORE_KEY_SLOTS  1024   /* share a count of purges; a multiple of STORE_SHARDS */

/* ---- in the map --------------------------------------------------------------------------------- */

enum store_flag {
	STORE_DEAD = 1,    /* out of the index */
	STORE_SOFT = 2,
	STORE_FORM = 4,    /* never was in it */
	STORE_FINAL = 8,   /* a form that stays */
};

/* At the start of all that readers without locks may still be in when it is given up. */
struct store_dead {
	uint64_t next, stamp;            /* in limbo */
	uint32_t units;                  /* of its block */
	bool is_object;
};

struct store_object {
	/* In an order in which finding it needs one line of 64 bytes, and that of its key. */
	struct store_dead dead;
	uint64_t birth;                  /* purges up to this one are older than its fill */
	struct store_node node;
	_Atomic uint64_t next_variant;   /* older ones of this key */
	_Atomic uint64_t checked;        /* purges up to this one did not concern it */
	int64_t expires_ns;              /* when refused: until */
	uint32_t key_bytes, vary_bytes, head_bytes;
	_Atomic uint8_t state;           /* enum store_state */
	_Atomic uint8_t flags;
	uint8_t n_tags, terms_bytes;
	_Atomic uint32_t refs;           /* one is the index's */
	float value;                     /* of a hit; from when it is found */
	uint64_t flight;
	uint64_t body;
	uint64_t hash;                   /* where in the index; node.hash is the other half */
	_Alignas(16) unsigned char data[];   /* terms, padded; tags as uint32_t; key; vary; head */
};

struct store_chunk {
	_Atomic uint64_t next;
	_Atomic uint32_t units;          /* of its block */
	unsigned char bytes[];
};

/* At the start of the block of its first chunk. */
struct store_body {
	_Atomic uint64_t bytes;          /* that are there */
	_Atomic uint64_t units;          /* with those of its forms */
	_Atomic uint32_t refs;           /* objects */
	_Atomic uint32_t extent;         /* enum store_extent */
	_Atomic uint64_t forms[STORE_FORMS];   /* objects; changed with the lock of the shard of what has the body */
	uint64_t last, last_start;       /* the filler's: the chunk that grows, and its first byte's place */
	struct store_chunk first;
};

/* In a block of its own, of one unit. */
struct store_fill {
	struct store *store;             /* fills do not outlive their process */
	uint64_t object, body;
	uint64_t birth;
	int64_t expected;                /* bytes of the body, -1: not known */
	uint64_t cost_us;
};

struct store_map_head {
	unsigned char secret[STORE_SECRET];
	struct store_arena_state arena;
	_Atomic uint64_t directories[STORE_SHARDS];
	_Atomic uint64_t objects;
};

/* ---- of the process ----------------------------------------------------------------------------- */

enum store_counter {
	STORE_HITS, STORE_MISSES, STORE_FILLS, STORE_FINISHED, STORE_RENEWED, STORE_REFUSED, STORE_ABORTED,
	STORE_FULL, STORE_EVICTED, STORE_EXPIRED, STORE_PURGED,
	STORE_COUNTERS,
};

/* A hit that eviction may learn from. */
struct store_lesson {
	uint64_t hash, bytes;
	double value;
};

#define STORE_LESSONS 32

struct store_worker {
	_Alignas(128) struct store *store;
	struct store_seen *seen;
	int64_t sweep_due_ns;
	struct store_lesson lessons[STORE_LESSONS];   /* since the last turn; more are forgotten */
	uint32_t n_lessons;
	_Atomic uint64_t counters[STORE_COUNTERS];
	_Atomic bool open;
	pid_t pid;                       /* whose it is */
};

struct store_shard_lock {
	_Alignas(64) pthread_mutex_t mutex;
};

/* Tags share slots of a table; slot 0 is that of everything. A slot holds the number of its last purge. */
struct store_purges {
	pthread_mutex_t lock;
	_Atomic uint64_t *hard, *soft;
	uint64_t slots;
	_Atomic uint64_t number;         /* of purges so far */
	_Atomic uint64_t of_keys[STORE_KEY_SLOTS];   /* hard purges of the keys there; with their shard's lock */
};

/* What tells who maps it whether they can read it. Never moves. */
struct store_stamp {
	uint64_t magic, layout;          /* layout: of all structs in the map, and of the caller's terms */
	uint64_t base, size;             /* where it must be mapped: there are pointers in it */
	uint64_t limit_bytes, max_body_bytes, value;
};

/* At the start of the map, so that processes share it as the threads of one do. */
struct store {
	struct store_stamp stamp;
	unsigned char *base;
	size_t size;
	struct store_map_head *map;
	struct store_settings settings;
	struct store_arena arena;
	struct store_shard_lock shards[STORE_SHARDS];
	pthread_mutex_t policy_lock;
	struct store_policy policy;
	struct store_shadow shadow;
	pthread_mutex_t limbo_lock;
	uint64_t limbo_first, limbo_last;
	_Atomic uint64_t limbo_units;
	uint64_t margin_units;           /* to be kept free */
	struct store_purges purges;
	pthread_mutex_t sweep_lock;
	uint64_t sweep_shard, sweep_step;
	struct store_clock clock;
	pthread_mutex_t workers_lock;
	_Atomic uint32_t seats;          /* of workers that have ever been taken: the first so many */
	struct store_seen *seen;
	struct store_worker *workers;
};

static inline void *
store_at(const struct store *s, uint64_t at)
{
	return s->base + at;
}

static inline uint64_t
store_offset(const struct store *s, const void *p)
{
	return (uint64_t)((const unsigned char *)p - s->base);
}

static inline struct store_object *
store_object_at(const struct store *s, uint64_t at)
{
	return store_at(s, at);
}

static inline void
store_count_one(struct store_worker *w, enum store_counter what)
{
	uint64_t n = atomic_load_explicit(&w->counters[what], memory_order_relaxed);
	atomic_store_explicit(&w->counters[what], n + 1, memory_order_relaxed);
}

static inline bool
store_is_awake(const struct store_worker *w)
{
	return atomic_load_explicit(&w->seen->at, memory_order_relaxed) != STORE_ASLEEP;
}

static inline bool
store_has_flag(const struct store_object *o, enum store_flag flag)
{
	return atomic_load_explicit(&o->flags, memory_order_acquire) & flag;
}

static inline enum store_state
store_state_of(const struct store_object *o)
{
	return (enum store_state)atomic_load_explicit(&o->state, memory_order_acquire);
}

/* ---- store_object.c ----------------------------------------------------------------------------- */

struct store_hash {
	uint64_t low, high;
};

struct store_hash store_hash_of(const struct store *s, struct text key);
struct text store_key(const struct store_object *o);
const uint32_t *store_tags(const struct store_object *o);

/* What an object is made of. */
struct store_record {
	struct text key, vary;
	struct store_hash hash;
	const struct store_meta *meta;   /* NULL: none of what it says */
	enum store_state state;
	uint64_t birth, flight, body;
	int64_t expires_ns;
};

/* A new object with one reference; 0: no room. */
uint64_t store_object_make(struct store_worker *w, const struct store_record *r);
void store_object_unref(struct store *s, uint64_t at);

/* ---- store_body.c ------------------------------------------------------------------------------- */

/* An empty body with one reference, room for `expected` bytes at first (-1: not known); 0: no room. */
uint64_t store_body_make(struct store_worker *w, int64_t expected);
int store_body_append(struct store_worker *w, uint64_t body, int64_t expected, const void *bytes,
    size_t size);
/* No more will come: what was taken in advance is given back. */
void store_body_end(struct store *s, uint64_t body, enum store_extent extent);
void store_body_unref(struct store *s, uint64_t body);

/* ---- store_index.c ------------------------------------------------------------------------------ */

static inline unsigned
store_shard_of(uint64_t hash)
{
	return hash % STORE_SHARDS;
}

int store_index_init(struct store *s);
/* With the shard's lock: shows the newest object of each key of one table. From step 0; false: there are
 * no more tables. What is shown may be taken out meanwhile, with its variants. */
bool store_index_walk(struct store_worker *w, unsigned shard, uint64_t *step,
    void (*visit)(struct store_worker *w, struct store_object *newest, int64_t arg), int64_t arg);
/* The newest object of this key; NULL: none. Without a lock, or with the shard's. */
struct store_object *store_index_find(const struct store *s, struct store_hash hash, struct text key);
/* With the shard's lock: `o` becomes the newest one of its key. -ENOSPC. */
int store_index_add(struct store_worker *w, struct store_object *o);
/* With the shard's lock: `o` takes the place of `old`, or nothing does. `old` is dead then: its part in
 * the queues and the index's reference to it end. */
void store_index_replace(struct store_worker *w, struct store_object *old, struct store_object *o);

static inline void
store_shard_lock(struct store *s, uint64_t hash)
{
	store_lock(&s->shards[store_shard_of(hash)].mutex);
}

static inline void
store_shard_unlock(struct store *s, uint64_t hash)
{
	store_unlock(&s->shards[store_shard_of(hash)].mutex);
}

/* ---- store_room.c ------------------------------------------------------------------------------- */

/* Units in a row, after others were evicted for them where needed; 0: none. */
uint64_t store_take(struct store_worker *w, uint64_t units);
/* Or half as many, or a quarter ..., but no fewer than `least`, where memory is in pieces. */
uint64_t store_take_some(struct store_worker *w, uint64_t units, uint64_t least, uint64_t *ret_units);
/* When no reader can be in it any more, an object loses the index's reference; else it is freed. */
void store_limbo_add(struct store *s, struct store_dead *d);
/* What all have turned away from is freed. */
void store_limbo_free(struct store *s);

/* ---- store_learn.c ------------------------------------------------------------------------------ */

/* A new object comes to the queues; its bytes and value are set. */
void store_learn_new(struct store *s, struct store_object *o);
/* `hash`: its node's, for who has it at hand. */
void store_learn_hit(struct store_worker *w, const struct store_object *o, uint64_t hash);
/* The hits since the last time, if nobody else is at the queues. */
void store_learn_hits(struct store_worker *w);

/* ---- store_purge.c ------------------------------------------------------------------------------ */

void store_purges_init(struct store *s, _Atomic uint64_t *zeroed, uint64_t slots);
uint32_t store_tag_slot(const struct store *s, uint64_t tag);
/* Hard purges so far of keys with this hash; exact with its shard's lock. */
_Atomic uint64_t *store_purges_of_key(struct store *s, uint64_t hash);
/* Was it purged for good since its fill began? Notes soft purges on it. */
bool store_is_purged(const struct store *s, struct store_object *o);

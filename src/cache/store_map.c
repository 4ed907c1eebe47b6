/* SPDX-License-Identifier: MIT */
/* The map: the store itself, head, workers, slots of purges, ghosts, marks of the arena; the rest is the arena's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "cache/store_int.h"

#define GHOST_EACH  2048    /* bytes of the limit a ghost: as many as a cache of small objects holds */
#define SHADOW_EACH 65536   /* bytes of the limit a sampled key, of which it needs 1 % ... */
#define SHADOW_MOST 1024    /* ... but more would not tell more */
#define SHADOW_RATE 0.125   /* of the keys that are sampled at most */
#define PURGE_EACH  16384   /* bytes of the limit a slot of purges */
#define PURGE_LEAST 4096
#define MARGIN_PART 40      /* of the memory: what is kept free */

#define MAGIC       UINT64_C(0x65726f7473796e70)
#define LAYOUT      1       /* one more whenever the same structs come to mean something else */
#define AREA_FIRST  (UINT64_C(1) << 45)    /* where nothing else is mapped: programs are above or below */
#define AREA_STEPS  (UINT64_C(1) << 19)
#define AREA_STEP   (UINT64_C(1) << 25)

struct layout {
	uint64_t head, workers, seen;
	uint64_t purges, purge_slots;
	uint64_t ghosts, ghost_keys;
	uint64_t shadow;
	uint32_t shadow_keys;
	uint64_t marks;
	uint64_t arena;
};

static uint64_t
rounded(uint64_t at)
{
	return store_units(at) * STORE_UNIT;
}

static struct layout
lay_out(uint64_t size, uint32_t max_workers)
{
	struct layout l = { .ghost_keys = size / GHOST_EACH, .purge_slots = size / PURGE_EACH };

	if (l.purge_slots < PURGE_LEAST)
		l.purge_slots = PURGE_LEAST;
	l.head = rounded(sizeof(struct store));
	l.workers = rounded(l.head + sizeof(struct store_map_head));
	l.seen = rounded(l.workers + max_workers * sizeof(struct store_worker));
	l.purges = rounded(l.seen + max_workers * sizeof(struct store_seen));
	l.ghosts = rounded(l.purges + 2 * l.purge_slots * sizeof(uint64_t));
	l.shadow_keys = (uint32_t)(size / SHADOW_EACH < SHADOW_MOST ? size / SHADOW_EACH : SHADOW_MOST);
	l.shadow = rounded(l.ghosts + store_ghost_bytes(l.ghost_keys));
	l.marks = rounded(l.shadow + store_shadow_bytes(l.shadow_keys));
	l.arena = rounded(l.marks + size / STORE_UNIT + 1);
	return l;
}

/* Whoever maps it must have been built with the same structs in mind. */
static uint64_t
layout_of(const struct store_settings *settings)
{
	const uint64_t sizes[] = {
		LAYOUT, settings->terms_layout, sizeof(struct store), sizeof(struct store_map_head),
		sizeof(struct store_worker), sizeof(struct store_seen), sizeof(struct store_object),
		sizeof(struct store_body), sizeof(struct store_fill), sizeof(struct store_shadow),
		sizeof(struct store_policy), sizeof(pthread_mutex_t), offsetof(struct store_object, data),
		offsetof(struct store_object, refs), offsetof(struct store, purges), offsetof(struct store, workers),
		STORE_UNIT, STORE_SHARDS, STORE_TERMS_MAX,
	};
	return XXH3_64bits(sizes, sizeof(sizes));
}

/* `wanted`: where, a wish. */
static int
map_at(uint64_t wanted, int fd, uint64_t size, void **ret)
{
	void *base = mmap((void *)(uintptr_t)wanted, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	/* Both are wishes: fewer misses of the TLB, and no cached answers in core dumps. */
	madvise(base, size, MADV_HUGEPAGE);
	madvise(base, size, MADV_DONTDUMP);
	*ret = base;
	return 0;
}

static int
map_new(const struct store_settings *settings, uint64_t size, void **ret, struct err *e)
{
	int fd CLEANUP(fd_close_p) = settings->memory ? -1 : memfd_create("prony store", MFD_CLOEXEC);
	int memory = settings->memory ? *settings->memory : fd;
	uint64_t where;

	if (memory < 0 || ftruncate(memory, (off_t)size))
		return err_set(e, errno, "cannot make memory for the cache: %s", strerror(errno));
	if (getrandom(&where, sizeof(where), 0) != sizeof(where))
		return err_set(e, errno, "cannot get random bytes for the cache: %s", strerror(errno));
	int code = map_at(AREA_FIRST + where % AREA_STEPS * AREA_STEP, memory, size, ret);
	return code < 0 ? err_set(e, -code, "cannot map %zu bytes for the cache: %s", (size_t)size,
	    strerror(-code)) : 0;
}

static int
fill_map(struct store *s, const struct layout *l, struct err *e)
{
	s->map = store_at(s, l->head);
	s->workers = store_at(s, l->workers);
	s->seen = store_at(s, l->seen);
	for (uint32_t i = 0; i < s->settings.max_workers; i++)
		store_seen_asleep(&s->seen[i]);
	if (getrandom(s->map->secret, sizeof(s->map->secret), 0) != sizeof(s->map->secret))
		return err_set(e, errno, "cannot get random bytes for the cache: %s", strerror(errno));
	store_arena_init(&s->arena, s->base, &s->map->arena, s->base + l->marks, l->arena, s->size);
	store_policy_init(&s->policy, s->base, s->base + l->ghosts, l->ghost_keys);
	uint64_t room = atomic_load(&s->map->arena.free_units) - s->margin_units;
	store_shadow_init(&s->shadow, s->base + l->shadow, l->shadow_keys, room * STORE_UNIT, SHADOW_RATE);
	s->policy.tuning = *store_shadow_tuning(&s->shadow);
	store_purges_init(s, (void *)(s->base + l->purges), l->purge_slots);
	if (store_index_init(s))
		return err_set(e, ENOSPC, "the cache is too small for its index");
	return 0;
}

static void
init_locks(struct store *s)
{
	for (int i = 0; i < STORE_SHARDS; i++)
		store_lock_init(&s->shards[i].mutex);
	store_lock_init(&s->policy_lock);
	store_lock_init(&s->limbo_lock);
	store_lock_init(&s->sweep_lock);
	store_lock_init(&s->workers_lock);
}

static int
check_settings(const struct store_settings *settings, struct err *e)
{
	if (settings->limit_bytes < STORE_LIMIT_MIN)
		return err_usage(e, "the memory of the cache must be at least %zu MiB", STORE_LIMIT_MIN >> 20);
	if (!settings->max_workers)
		return err_usage(e, "a cache needs at least one worker");
	return 0;
}

static void
store_free_p(struct store **s)
{
	store_free(*s);
}

int
store_new(const struct store_settings *settings, struct store **ret, struct err *e)
{
	uint64_t size = settings->limit_bytes & ~(size_t)4095;
	struct layout l = lay_out(size, settings->max_workers);
	struct store *s CLEANUP(store_free_p) = NULL;
	void *base;

	int r = check_settings(settings, e);
	if (!r)
		r = map_new(settings, size, &base, e);
	if (r)
		return r;
	s = base;
	s->settings = *settings;
	s->settings.memory = NULL;
	s->base = base;
	s->size = size;
	s->margin_units = size / MARGIN_PART / STORE_UNIT;
	if (!s->settings.max_body_bytes)
		s->settings.max_body_bytes = settings->limit_bytes / 8;
	init_locks(s);
	r = fill_map(s, &l, e);
	if (r)
		return r;
	/* Last, so that nobody attaches to what is not whole. */
	s->stamp = (struct store_stamp){ MAGIC, layout_of(settings), (uintptr_t)base, size,
		settings->limit_bytes, s->settings.max_body_bytes, settings->value };
	*ret = TAKE(s);
	return 0;
}

void
store_free(struct store *s)
{
	if (s)
		munmap(s->base, s->size);
}

/* ---- the memory of another process -------------------------------------------------------------- */

static int
check_stamp(const struct store_stamp *st, const struct store_settings *settings, struct err *e)
{
	uint64_t body = settings->max_body_bytes ? settings->max_body_bytes : settings->limit_bytes / 8;

	if (st->magic != MAGIC || st->layout != layout_of(settings))
		return err_set(e, ESTALE, "it was made by a program that lays it out in another way");
	if (st->limit_bytes != settings->limit_bytes || st->max_body_bytes != body || st->value != settings->value)
		return err_set(e, ESTALE, "it has another size, or other limits");
	return 0;
}

int
store_attach(const struct store_settings *settings, struct store **ret, struct err *e)
{
	struct store_stamp st;
	struct stat file;
	void *base;

	if (pread(*settings->memory, &st, sizeof(st), 0) != sizeof(st) || fstat(*settings->memory, &file) < 0)
		return err_set(e, ESTALE, "it cannot be read");
	int r = check_stamp(&st, settings, e);
	if (!r && (uint64_t)file.st_size != st.size)
		r = err_set(e, ESTALE, "it is not whole");
	if (!r && (r = map_at(st.base, *settings->memory, st.size, &base)) < 0)
		r = err_set(e, -r, "it cannot be mapped: %s", strerror(-r));
	if (r)
		return r;
	if ((uintptr_t)base != st.base) {
		munmap(base, st.size);
		return err_set(e, EADDRINUSE, "its place in memory is taken in this process");
	}
	*ret = base;
	return 0;
}

/* ---- workers ------------------------------------------------------------------------------------ */

struct store_worker *
store_worker_open(struct store *s)
{
	struct store_worker *w = NULL;

	store_lock(&s->workers_lock);
	for (uint32_t i = 0; i < s->settings.max_workers && !w; i++)
		if (!s->workers[i].open) {
			w = &s->workers[i];
			w->store = s;
			w->seen = &s->seen[i];
			w->pid = getpid();
			w->open = true;
			if (atomic_load(&s->seats) <= i)
				atomic_store(&s->seats, i + 1);
		}
	store_unlock(&s->workers_lock);
	if (w)
		store_wake(w);
	return w;
}

void
store_worker_close(struct store_worker *w)
{
	if (!w)
		return;
	store_sleep(w);
	store_lock(&w->store->workers_lock);
	w->open = false;
	store_unlock(&w->store->workers_lock);
}

void
store_sleep(struct store_worker *w)
{
	store_seen_asleep(w->seen);
}

void
store_wake(struct store_worker *w)
{
	store_seen_now(w->seen, &w->store->clock);
}

/* ---- the dead ----------------------------------------------------------------------------------- */

/* What was being fetched by who is dead will never be there. */
static void
forget_fills(struct store_worker *w, struct store_object *o, int64_t below)
{
	for (struct store_object *next; o; o = next) {
		uint64_t at = atomic_load(&o->next_variant);
		next = at ? store_object_at(w->store, at) : NULL;
		if (store_state_of(o) == STORE_FILLING && o->flight < (uint64_t)below)
			store_index_replace(w, o, NULL);
	}
}

void
store_bury(struct store *s, pid_t pid, uint64_t flights_below)
{
	for (uint32_t i = 0; i < s->settings.max_workers; i++)
		if (s->workers[i].open && s->workers[i].pid == pid)
			store_worker_close(&s->workers[i]);
	struct store_worker *w = store_worker_open(s);
	for (unsigned shard = 0; w && shard < STORE_SHARDS; shard++) {
		uint64_t step = 0;
		bool more = true;
		while (more) {
			store_shard_lock(s, shard);
			more = store_index_walk(w, shard, &step, forget_fills, (int64_t)flights_below);
			store_shard_unlock(s, shard);
		}
	}
	store_worker_close(w);
}

/* ---- counters ----------------------------------------------------------------------------------- */

static uint64_t
sum(const struct store *s, enum store_counter what)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->settings.max_workers; i++)
		n += atomic_load_explicit(&s->workers[i].counters[what], memory_order_relaxed);
	return n;
}

void
store_count(struct store *s, struct store_counts *ret)
{
	uint64_t free_units = atomic_load_explicit(&s->arena.state->free_units, memory_order_relaxed);

	*ret = (struct store_counts){
		.hits = sum(s, STORE_HITS), .misses = sum(s, STORE_MISSES), .fills = sum(s, STORE_FILLS),
		.finished = sum(s, STORE_FINISHED), .renewed = sum(s, STORE_RENEWED),
		.refused = sum(s, STORE_REFUSED), .aborted = sum(s, STORE_ABORTED),
		.full = sum(s, STORE_FULL), .evicted = sum(s, STORE_EVICTED),
		.expired = sum(s, STORE_EXPIRED), .purged = sum(s, STORE_PURGED),
		.objects = atomic_load_explicit(&s->map->objects, memory_order_relaxed),
		.used_bytes = s->settings.limit_bytes - free_units * STORE_UNIT,
		.limit_bytes = s->settings.limit_bytes,
	};
	store_lock(&s->policy_lock);
	ret->small_share = (double)s->policy.tuning.small_share;
	store_unlock(&s->policy_lock);
}

/* SPDX-License-Identifier: MIT */
/* The map: head, slots of purges, ghosts, marks of the arena; the rest is the arena's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cache/store_int.h"

#define GHOST_EACH  2048    /* bytes of the limit a ghost: as many as a cache of small objects holds */
#define SHADOW_EACH 65536   /* bytes of the limit a sampled key, of which it needs 1 % ... */
#define SHADOW_MOST 1024    /* ... but more would not tell more */
#define SHADOW_RATE 0.125   /* of the keys that are sampled at most */
#define PURGE_EACH  16384   /* bytes of the limit a slot of purges */
#define PURGE_LEAST 4096
#define MARGIN_PART 40      /* of the memory: what is kept free */

struct layout {
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
lay_out(uint64_t size)
{
	struct layout l = { .ghost_keys = size / GHOST_EACH, .purge_slots = size / PURGE_EACH };

	if (l.purge_slots < PURGE_LEAST)
		l.purge_slots = PURGE_LEAST;
	l.purges = rounded(sizeof(struct store_map_head));
	l.ghosts = rounded(l.purges + 2 * l.purge_slots * sizeof(uint64_t));
	l.shadow_keys = (uint32_t)(size / SHADOW_EACH < SHADOW_MOST ? size / SHADOW_EACH : SHADOW_MOST);
	l.shadow = rounded(l.ghosts + store_ghost_bytes(l.ghost_keys));
	l.marks = rounded(l.shadow + store_shadow_bytes(l.shadow_keys));
	l.arena = rounded(l.marks + size / STORE_UNIT + 1);
	return l;
}

/* What the process itself needs for the store; it counts as well. */
static size_t
own_bytes(const struct store_settings *settings)
{
	return sizeof(struct store) +
	    settings->max_workers * (sizeof(struct store_worker) + sizeof(struct store_seen));
}

static int
map_memory(struct store *s, struct err *e)
{
	int fd CLEANUP(fd_close_p) = memfd_create("prony store", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)s->size))
		return err_set(e, errno, "cannot make memory for the cache: %s", strerror(errno));
	s->base = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s->base == MAP_FAILED) {
		s->base = NULL;
		return err_set(e, errno, "cannot map %zu bytes for the cache: %s", s->size, strerror(errno));
	}
	/* Both are wishes: fewer misses of the TLB, and no cached answers in core dumps. */
	madvise(s->base, s->size, MADV_HUGEPAGE);
	madvise(s->base, s->size, MADV_DONTDUMP);
	return 0;
}

static int
fill_map(struct store *s, struct err *e)
{
	struct layout l = lay_out(s->size);

	s->map = (void *)s->base;
	if (getrandom(s->map->secret, sizeof(s->map->secret), 0) != sizeof(s->map->secret))
		return err_set(e, errno, "cannot get random bytes for the cache: %s", strerror(errno));
	store_arena_init(&s->arena, s->base, &s->map->arena, s->base + l.marks, l.arena, s->size);
	store_policy_init(&s->policy, s->base, s->base + l.ghosts, l.ghost_keys);
	uint64_t room = atomic_load(&s->map->arena.free_units) - s->margin_units;
	store_shadow_init(&s->shadow, s->base + l.shadow, l.shadow_keys, room * STORE_UNIT, SHADOW_RATE);
	s->policy.tuning = *store_shadow_tuning(&s->shadow);
	store_purges_init(s, (void *)(s->base + l.purges), l.purge_slots);
	if (store_index_init(s))
		return err_set(e, ENOSPC, "the cache is too small for its index");
	return 0;
}

static void
init_locks(struct store *s)
{
	for (int i = 0; i < STORE_SHARDS; i++)
		pthread_mutex_init(&s->shards[i].mutex, NULL);
	pthread_mutex_init(&s->policy_lock, NULL);
	pthread_mutex_init(&s->limbo_lock, NULL);
	pthread_mutex_init(&s->sweep_lock, NULL);
	pthread_mutex_init(&s->workers_lock, NULL);
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

static void *
alloc_lines(size_t n, size_t size)
{
	void *p = aligned_alloc(128, n * size);

	if (!p)
		abort();
	memset(p, 0, n * size);
	return p;
}

int
store_new(const struct store_settings *settings, struct store **ret, struct err *e)
{
	int r = check_settings(settings, e);
	if (r)
		return r;
	struct store *s CLEANUP(store_free_p) = alloc_lines(1, (sizeof(*s) + 127) & ~(size_t)127);

	init_locks(s);
	s->settings = *settings;
	s->workers = alloc_lines(settings->max_workers, sizeof(*s->workers));
	s->seen = alloc_lines(settings->max_workers, sizeof(*s->seen));
	for (uint32_t i = 0; i < settings->max_workers; i++)
		store_seen_asleep(&s->seen[i]);
	s->size = (settings->limit_bytes - own_bytes(settings)) & ~(size_t)4095;
	s->margin_units = s->size / MARGIN_PART / STORE_UNIT;
	if (!s->settings.max_body_bytes)
		s->settings.max_body_bytes = settings->limit_bytes / 8;
	r = map_memory(s, e);
	if (!r)
		r = fill_map(s, e);
	if (r)
		return r;
	*ret = TAKE(s);
	return 0;
}

void
store_free(struct store *s)
{
	if (!s)
		return;
	if (s->arena.base)
		store_arena_done(&s->arena);
	if (s->base)
		munmap(s->base, s->size);
	free(s->workers);
	free(s->seen);
	free(s);
}

/* ---- workers ------------------------------------------------------------------------------------ */

struct store_worker *
store_worker_open(struct store *s)
{
	struct store_worker *w = NULL;

	pthread_mutex_lock(&s->workers_lock);
	for (uint32_t i = 0; i < s->settings.max_workers && !w; i++)
		if (!s->workers[i].open) {
			w = &s->workers[i];
			w->store = s;
			w->seen = &s->seen[i];
			w->open = true;
		}
	pthread_mutex_unlock(&s->workers_lock);
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
	pthread_mutex_lock(&w->store->workers_lock);
	w->open = false;
	pthread_mutex_unlock(&w->store->workers_lock);
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
	pthread_mutex_lock(&s->policy_lock);
	ret->small_share = (double)s->policy.tuning.small_share;
	pthread_mutex_unlock(&s->policy_lock);
}

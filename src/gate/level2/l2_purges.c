/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_purges.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <xxhash.h>

#define PLACES 32768

struct l2_purges {
	atomic_uint_least64_t floor, known;
	atomic_uint_least32_t doubts;
	atomic_bool unread;
	struct {
		atomic_uint_least64_t stamp;     /* of the last purge of what has its place here */
		atomic_uint_least32_t doubts;
	} places[PLACES];
};

struct l2_purges *
l2_purges_new(void)
{
	struct l2_purges *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	return p;
}

void
l2_purges_free(struct l2_purges *p)
{
	free(p);
}

uint64_t
l2_purge_hash(struct text key)
{
	return XXH3_64bits(key.at, key.size);
}

static void
raise_to(atomic_uint_least64_t *at, uint64_t stamp)
{
	uint64_t now = atomic_load(at);

	while (now < stamp && !atomic_compare_exchange_weak(at, &now, stamp))
		;
}

void
l2_purges_doubt(struct l2_purges *p, uint64_t hash)
{
	atomic_fetch_add(&p->places[hash % PLACES].doubts, 1);
}

void
l2_purges_doubt_all(struct l2_purges *p)
{
	atomic_fetch_add(&p->doubts, 1);
}

static void
end_doubt(atomic_uint_least32_t *doubts)
{
	if (atomic_load(doubts))
		atomic_fetch_sub(doubts, 1);
}

void
l2_purges_note(struct l2_purges *p, uint64_t hash, uint64_t stamp, bool own)
{
	raise_to(&p->places[hash % PLACES].stamp, stamp);
	if (own)
		end_doubt(&p->places[hash % PLACES].doubts);
}

void
l2_purges_note_all(struct l2_purges *p, uint64_t stamp, bool own)
{
	raise_to(&p->floor, stamp);
	if (own)
		end_doubt(&p->doubts);
}

void
l2_purges_end_doubts(struct l2_purges *p)
{
	for (size_t i = 0; i < PLACES; i++)
		atomic_store(&p->places[i].doubts, 0);
	atomic_store(&p->doubts, 0);
}

void
l2_purges_set_unread(struct l2_purges *p, bool unread)
{
	atomic_store(&p->unread, unread);
}

void
l2_purges_set_known(struct l2_purges *p, uint64_t stamp)
{
	atomic_store(&p->known, stamp);
}

uint64_t
l2_purges_known(const struct l2_purges *p)
{
	return atomic_load(&p->known);
}

static bool
spares(const struct l2_purges *p, uint64_t known, uint64_t hash)
{
	return !atomic_load(&p->places[hash % PLACES].doubts) &&
	    atomic_load(&p->places[hash % PLACES].stamp) <= known;
}

bool
l2_purges_spare(const struct l2_purges *p, uint64_t known, struct text key, const uint64_t *tags,
    size_t n_tags)
{
	bool ok = known && l2_purges_known(p) && !atomic_load(&p->unread) && !atomic_load(&p->doubts) &&
	    known >= atomic_load(&p->floor) && spares(p, known, l2_purge_hash(key));

	for (size_t i = 0; i < n_tags && ok; i++)
		ok = spares(p, known, tags[i]);
	return ok;
}

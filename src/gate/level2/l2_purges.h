/* SPDX-License-Identifier: MIT */
/* What has been purged, for values of the second level: since when what stands there counts.
 *
 * All gates share one order of purges, a stream in Redis (l2_stream.h). The id of an entry is its stamp. A
 * value says which purge its gate had seen last when it asked the origin; it is of use when none of its
 * key and its tags came later. What a purge is of is only a hash here, and hashes share places: a value may be
 * taken for purged that is not, never the other way round. A gate that begins reads the stream from its first
 * entry on: values that are older than that one do not count, since purges of them may be forgotten.
 *
 * Any thread; what is known and the end of a doubt by one alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/field.h"

struct l2_purges;

/* An id of a stream as one number: its milliseconds, and the number among those up to 2^20. */
#define L2_STAMP_BITS       20
#define L2_STAMP_NUMBER_MAX ((UINT64_C(1) << L2_STAMP_BITS) - 1)

static inline uint64_t
l2_stamp(uint64_t ms, uint64_t number)
{
	return ms << L2_STAMP_BITS | (number < L2_STAMP_NUMBER_MAX ? number : L2_STAMP_NUMBER_MAX);
}

struct l2_purges *l2_purges_new(void);   /* out of memory aborts */
void l2_purges_free(struct l2_purges *p);

/* What a key or a tag is known as here. */
uint64_t l2_purge_hash(struct text key);

/* It is purged from now on, though nobody knows its stamp yet: each call is ended by one of l2_purges_note
 * or _note_all. */
void l2_purges_doubt(struct l2_purges *p, uint64_t hash);
void l2_purges_doubt_all(struct l2_purges *p);   /* the same of everything */
/* It was purged then. `own`: this ends a doubt. */
void l2_purges_note(struct l2_purges *p, uint64_t hash, uint64_t stamp, bool own);
void l2_purges_note_all(struct l2_purges *p, uint64_t stamp, bool own);
/* No doubts are left: what they were of is forgotten. */
void l2_purges_end_doubts(struct l2_purges *p);
/* There are purges that were not looked at yet: nothing counts until they were. */
void l2_purges_set_unread(struct l2_purges *p, bool unread);

/* All up to this stamp have been noted. */
void l2_purges_set_known(struct l2_purges *p, uint64_t stamp);
uint64_t l2_purges_known(const struct l2_purges *p);   /* 0: nothing, no value counts */

/* Does a value count whose gate knew all purges up to `known`? */
bool l2_purges_spare(const struct l2_purges *p, uint64_t known, struct text key, const uint64_t *tags,
    size_t n_tags);

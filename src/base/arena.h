/* SPDX-License-Identifier: MIT */
/* Memory by lifetime: everything allocated from an arena dies with it.
 *
 * Blocks are zeroed. Out of memory aborts (see buf.h). One thread at a time. */
#pragma once

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);   /* accepts NULL */

static inline void
arena_free_p(struct arena **a)
{
	arena_free(*a);
}

void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);                 /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t size);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Growable array in an arena: a (pointer, count) pair of any element type. Returns a pointer to
 * the new zeroed last element; older element pointers die when the array moves. Capacity is
 * implied by the count (powers of two), so the pair needs no third field. What moves may leave
 * nothing behind: two pairs never share an array that one of them pushes to. */
#define ARENA_PUSH(a, items, n) \
	((__typeof__(*(items)) *)arena_push_((a), (void **)&(items), &(n), sizeof(*(items))))
void *arena_push_(struct arena *a, void **items, size_t *n, size_t item_size);

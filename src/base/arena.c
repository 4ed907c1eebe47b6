/* SPDX-License-Identifier: MIT */
/* Small things share chunks of the heap. What is larger is mapped by itself, so that a list that grows
 * moves with its pages instead of leaving copies behind, and pages that were never touched take no
 * memory: calloc() would clear those that the heap has had before. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define ALIGN 16

struct chunk {
	struct chunk *next;
	size_t used, size;       /* of data; mapped ones are full */
	_Alignas(ALIGN) unsigned char data[];
};

struct arena {
	struct chunk *head, *mapped;
};

struct arena *
arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));
	if (!a)
		abort();
	return a;
}

void
arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	for (struct chunk *c = a->mapped, *next; c; c = next) {
		next = c->next;
		munmap(c, sizeof(*c) + c->size);
	}
	free(a);
}

static void *
map_chunk(struct arena *a, size_t size)
{
	struct chunk *c = mmap(NULL, sizeof(*c) + size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		abort();
	c->used = c->size = size;
	c->next = a->mapped;
	a->mapped = c;
	return c->data;
}

/* Of what is there `used` bytes are kept. NULL: there is no chunk that begins there. */
static void *
grow_mapped(struct arena *a, void *data, size_t used, size_t size)
{
	struct chunk **at = &a->mapped;

	while (*at && (*at)->data != data)
		at = &(*at)->next;
	if (!*at)
		return NULL;
	memset((*at)->data + used, 0, (*at)->size - used);      /* of a list that was longer once */
	struct chunk *c = mremap(*at, sizeof(*c) + (*at)->size, sizeof(*c) + size, MREMAP_MAYMOVE);
	if (c == MAP_FAILED)
		abort();
	c->used = c->size = size;
	*at = c;
	return c->data;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (size > CHUNK_BYTES)
		return map_chunk(a, size);
	if (!a->head || a->head->size - a->head->used < size) {
		struct chunk *c = calloc(1, sizeof(*c) + CHUNK_BYTES);
		if (!c)
			abort();
		c->size = CHUNK_BYTES;
		c->next = a->head;
		a->head = c;
	}
	void *p = a->head->data + a->head->used;
	a->head->used += size;
	return p;
}

char *
arena_strndup(struct arena *a, const char *s, size_t size)
{
	char *copy = arena_alloc(a, size + 1);
	memcpy(copy, s, size);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *s = arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
	if (n >= 0)
		vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

void *
arena_push_(struct arena *a, void **items, size_t *n, size_t item_size)
{
	/* Full exactly when the count is 0 or a power of two from 4 up. */
	size_t count = *n;
	if (count == 0 || (count >= 4 && (count & (count - 1)) == 0)) {
		size_t size = (count ? count * 2 : 4) * item_size;
		size_t used = count * item_size;
		void *bigger = used > CHUNK_BYTES ? grow_mapped(a, *items, used, size) : NULL;
		if (!bigger) {
			bigger = arena_alloc(a, size);
			if (count)
				memcpy(bigger, *items, used);
		}
		*items = bigger;
	}
	(*n)++;
	return (unsigned char *)*items + count * item_size;
}

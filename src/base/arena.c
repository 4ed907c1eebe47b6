/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define ALIGN 16

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(ALIGN) unsigned char data[];
};

struct arena {
	struct chunk *head;
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
	free(a);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!a->head || a->head->size - a->head->used < size) {
		size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
		struct chunk *c = calloc(1, sizeof(*c) + room);
		if (!c)
			abort();
		c->size = room;
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
		void *bigger = arena_alloc(a, (count ? count * 2 : 4) * item_size);
		if (count)
			memcpy(bigger, *items, count * item_size);
		*items = bigger;
	}
	(*n)++;
	return (unsigned char *)*items + count * item_size;
}

/* SPDX-License-Identifier: MIT */
#include "net/http2_pool.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* In front of every block; while that is free, its place in the list. */
union http2_block {
	struct {
		size_t class;            /* its size in steps; 0: of malloc, so long: */
		size_t size;
	} used;
	union http2_block *next;
	alignas(max_align_t) char align;
};

static void *
take_large(size_t size)
{
	union http2_block *b = malloc(sizeof(*b) + size);

	if (!b)
		return NULL;
	b->used.class = 0;
	b->used.size = size;
	return b + 1;
}

static void *
take(size_t size, void *ctx)
{
	struct http2_pool *p = ctx;
	size_t class = size ? (size + HTTP2_POOL_STEP - 1) / HTTP2_POOL_STEP : 1;

	if (class > HTTP2_POOL_CLASSES)
		return take_large(size);
	union http2_block *b = p->free[class];
	if (b)
		p->free[class] = b->next;
	else if (!(b = malloc(sizeof(*b) + class * HTTP2_POOL_STEP)))
		return NULL;
	b->used.class = class;
	return b + 1;
}

static void
give(void *pointer, void *ctx)
{
	struct http2_pool *p = ctx;

	if (!pointer)
		return;
	union http2_block *b = (union http2_block *)pointer - 1;
	size_t class = b->used.class;
	if (!class) {
		free(b);
		return;
	}
	b->next = p->free[class];
	p->free[class] = b;
}

static void *
take_zeroed(size_t n, size_t size, void *ctx)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	void *pointer = take(total, ctx);
	if (pointer)
		memset(pointer, 0, total);
	return pointer;
}

static void *
take_again(void *pointer, size_t size, void *ctx)
{
	void *other = take(size, ctx);

	if (!pointer || !other)
		return other;
	const union http2_block *b = (const union http2_block *)pointer - 1;
	size_t old = b->used.class ? b->used.class * HTTP2_POOL_STEP : b->used.size;
	memcpy(other, pointer, old < size ? old : size);
	give(pointer, ctx);
	return other;
}

nghttp2_mem
http2_pool_mem(struct http2_pool *p)
{
	return (nghttp2_mem){ .mem_user_data = p, .malloc = take, .free = give, .calloc = take_zeroed,
		.realloc = take_again };
}

void
http2_pool_done(struct http2_pool *p)
{
	for (size_t class = 0; class <= HTTP2_POOL_CLASSES; class++) {
		while (p->free[class]) {
			union http2_block *b = p->free[class];
			p->free[class] = b->next;
			free(b);
		}
	}
}

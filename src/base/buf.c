/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_DEFAULT_CAP ((size_t)64 << 20)

static size_t
room(const struct buf *b)
{
	return (b->cap_bytes ? b->cap_bytes : BUF_DEFAULT_CAP) - b->size;
}

static bool
reserve(struct buf *b, size_t more)
{
	if (b->truncated || more > room(b)) {
		b->truncated = true;
		return false;
	}
	if (b->size + more < b->allocated)
		return true;
	size_t want = b->allocated ? b->allocated * 2 : 128;
	while (want < b->size + more + 1)
		want *= 2;
	char *data = realloc(b->data, want);
	if (!data)
		abort();
	b->data = data;
	b->allocated = want;
	return true;
}

void
buf_append(struct buf *b, const void *bytes, size_t size)
{
	if (!reserve(b, size))
		return;
	if (size)
		memcpy(b->data + b->size, bytes, size);
	b->size += size;
	b->data[b->size] = '\0';
}

void
buf_append_cut(struct buf *b, const void *bytes, size_t size)
{
	size_t fits = b->truncated ? 0 : room(b);

	buf_append(b, bytes, size < fits ? size : fits);
	b->truncated |= size > fits;
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->size, (size_t)n + 1, fmt, again);
		b->size += (size_t)n;
	}
	va_end(again);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *
buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

void
buf_clear(struct buf *b)
{
	b->size = 0;
	b->truncated = false;
	if (b->data)
		b->data[0] = '\0';
}

void
buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .cap_bytes = b->cap_bytes };
}

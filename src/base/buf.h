/* SPDX-License-Identifier: MIT */
/* Growable byte string with a hard cap.
 *
 * Invariant: data is NULL or data[size] is '\0'; size <= cap_bytes. An append that would pass the
 * cap appends nothing more and sets `truncated`: growth is bounded whatever the input does.
 * Out of memory aborts: nothing that prony builds in a buf is worth continuing without. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t size;       /* bytes used, without the terminator */
	size_t allocated;
	size_t cap_bytes;  /* 0: the default cap of 64 MiB */
	bool truncated;
};

void buf_append(struct buf *b, const void *bytes, size_t size);
/* The same, but the cap cuts: what fits is appended, so pieces end up as the whole would. */
void buf_append_cut(struct buf *b, const void *bytes, size_t size);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
/* Text of the buffer, never NULL; valid until the next append. */
const char *buf_text(const struct buf *b);
void buf_clear(struct buf *b);   /* keeps the memory */
void buf_done(struct buf *b);    /* releases it; safe on a zeroed buf, safe twice */

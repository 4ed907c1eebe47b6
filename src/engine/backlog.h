/* SPDX-License-Identifier: MIT */
/* Bytes of one connection that the socket did not take yet, in the order they were given: first a
 * stretch of lasting bytes, which are not copied, then copies. A zeroed one is empty and owns
 * nothing. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct backlog {
	const char *lasting;
	size_t lasting_bytes;
	struct buf copies;
	size_t copies_sent;
};

static inline bool
backlog_is_empty(const struct backlog *b)
{
	return !b->lasting_bytes && b->copies_sent == b->copies.size;
}

static inline size_t
backlog_size(const struct backlog *b)
{
	return b->lasting_bytes + b->copies.size - b->copies_sent;
}

/* 0, or -ENOBUFS beyond 64 MiB of copies: the peer does not read. */
int backlog_add(struct backlog *b, const void *bytes, size_t size, bool lasting);
/* What to send next; valid until the next call. 0 bytes: nothing. */
size_t backlog_next(const struct backlog *b, const void **ret_bytes);
/* So much of it is sent. */
void backlog_take(struct backlog *b, size_t size);
void backlog_done(struct backlog *b);   /* empty again, and without memory */

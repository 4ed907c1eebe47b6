/* SPDX-License-Identifier: MIT */
#include "engine/backlog.h"

#include <errno.h>

int
backlog_add(struct backlog *b, const void *bytes, size_t size, bool lasting)
{
	if (lasting && backlog_is_empty(b)) {
		b->lasting = bytes;
		b->lasting_bytes = size;
		return 0;
	}
	buf_append(&b->copies, bytes, size);
	return b->copies.truncated ? -ENOBUFS : 0;
}

size_t
backlog_next(const struct backlog *b, const void **ret_bytes)
{
	if (b->lasting_bytes) {
		*ret_bytes = b->lasting;
		return b->lasting_bytes;
	}
	*ret_bytes = b->copies.data + b->copies_sent;
	return b->copies.size - b->copies_sent;
}

void
backlog_take(struct backlog *b, size_t size)
{
	if (b->lasting_bytes) {
		b->lasting += size;
		b->lasting_bytes -= size;
		return;
	}
	b->copies_sent += size;
	if (backlog_is_empty(b))
		backlog_done(b);
}

void
backlog_done(struct backlog *b)
{
	buf_done(&b->copies);
	*b = (struct backlog){ 0 };
}

/* SPDX-License-Identifier: MIT */
/* Pieces that are sent at once: to a socket, and what it does not take to the backlog. One thread. */
#pragma once

#include <sys/types.h>

#include "engine/backlog.h"
#include "engine/engine.h"

size_t gather_size(const struct engine_piece *pieces, uint32_t n);

/* Send what the socket takes without waiting, after an empty backlog; the rest is added to that.
 * Returns how many bytes wait, or -errno. */
ssize_t gather_send(int fd, struct backlog *b, const struct engine_piece *pieces, uint32_t n);

/* Add all but the first `sent` bytes to the backlog: how many wait there then, or -ENOBUFS. */
ssize_t gather_keep(struct backlog *b, const struct engine_piece *pieces, uint32_t n, size_t sent);

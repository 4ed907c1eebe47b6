/* SPDX-License-Identifier: MIT */
/* Small files, whole and safe. */
#pragma once

#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

/* Read a whole file of at most max_bytes (also /proc files, whose size is unknown) and append it
 * to `out`. -EFBIG when larger. */
int file_read(const char *path, size_t max_bytes, struct buf *out, struct err *e);

/* As file_read, from where this open file stands; `path` is its name in messages. */
int file_read_open(int fd, const char *path, size_t max_bytes, struct buf *out, struct err *e);

/* As file_read for /proc and /sys: relative to nothing, no message; returns size or -errno. The
 * text is terminated and cut at size_max - 1. */
long file_peek(char *out, size_t size_max, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Write a whole file so that a reader sees the old or the new one, never a half: temporary file
 * in the same folder, fsync, rename. */
int file_write(const char *path, const void *data, size_t size, struct err *e);

/* mkdir -p. */
int file_mkdirs(const char *path, struct err *e);

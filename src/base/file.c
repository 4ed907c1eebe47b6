/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int
file_read(const char *path, size_t max_bytes, struct buf *out, struct err *e)
{
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
	return file_read_open(fd, path, max_bytes, out, e);
}

int
file_read_open(int fd, const char *path, size_t max_bytes, struct buf *out, struct err *e)
{
	char chunk[16384];
	size_t total = 0;
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, errno, "cannot read '%s': %s", path, strerror(errno));
		if (n == 0)
			return 0;
		total += (size_t)n;
		if (total > max_bytes)
			return err_set(e, EFBIG, "'%s' is larger than %zu bytes", path, max_bytes);
		buf_append(out, chunk, (size_t)n);
	}
}

long
file_peek(char *out, size_t size_max, const char *fmt, ...)
{
	char path[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	out[0] = '\0';
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t size = 0;
	while (size < size_max - 1) {
		ssize_t n = read(fd, out + size, size_max - 1 - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
	}
	out[size] = '\0';
	return (long)size;
}

static int
write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int
file_write(const char *path, const void *data, size_t size, struct err *e)
{
	char temporary[4096];
	if (snprintf(temporary, sizeof(temporary), "%s.tmp.%ld", path, (long)getpid()) >=
	    (int)sizeof(temporary))
		return err_set(e, ENAMETOOLONG, "cannot write '%s': name too long", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(e, errno, "cannot create '%s': %s", temporary, strerror(errno));
	int r = write_all(fd, data, size);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return err_set(e, -r, "cannot write '%s': %s", path, strerror(-r));
	}
	return 0;
}

int
file_mkdirs(const char *path, struct err *e)
{
	char p[4096];
	if (snprintf(p, sizeof(p), "%s", path) >= (int)sizeof(p))
		return err_set(e, ENAMETOOLONG, "cannot create folder '%s': name too long", path);
	for (char *slash = p + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		if (mkdir(p, 0755) < 0 && errno != EEXIST)
			return err_set(e, errno, "cannot create folder '%s': %s", p, strerror(errno));
		*slash = '/';
	}
	if (mkdir(p, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "cannot create folder '%s': %s", p, strerror(errno));
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "import/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define GZ_BUFFER ((unsigned)256 << 10)

struct source {
	char *name;
	gzFile file;              /* NULL: of text */
	char *head;               /* the beginning, or the whole text; terminated */
	size_t head_size, used;   /* used: of the head by source_read */
};

static long
read_some(struct source *s, char *to, size_t room, struct err *e)
{
	size_t size = 0;

	while (s->file && size < room) {
		unsigned want = room - size > (1u << 30) ? 1u << 30 : (unsigned)(room - size);
		int n = gzread(s->file, to + size, want), code;
		if (n <= 0) {
			const char *why = gzerror(s->file, &code);
			if (code == Z_OK || code == Z_STREAM_END)
				break;
			if (code == Z_ERRNO)
				return err_set(e, errno, "cannot read '%s': %s", s->name, strerror(errno));
			err_set(e, EIO, "cannot read '%s': its gzip data are %s (%s)", s->name,
			    code == Z_BUF_ERROR ? "cut off" : "damaged", why);
			err_hint(e, "unpack what is there with 'zcat', then import that");
			return -EIO;
		}
		size += (size_t)n;
	}
	return (long)size;
}

static int
fill_head(struct source *s, struct err *e)
{
	s->head = malloc(SOURCE_HEAD_BYTES + 1);
	if (!s->head)
		abort();
	long n = read_some(s, s->head, SOURCE_HEAD_BYTES, e);
	if (n < 0)
		return (int)n;
	s->head_size = (size_t)n;
	s->head[n] = '\0';
	return 0;
}

static int
open_input(const char *path, struct err *e)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		int code = err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
		err_hint(e, "name a file that can be read, or '-' for stdin");
		return code;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		err_usage(e, "'%s' is a folder", path);
		err_hint(e, "name the files in it");
		return -EINVAL;
	}
	return fd;
}

int
source_open(const char *path, struct source **ret, struct err *e)
{
	int fd = open_input(path, e);

	if (fd < 0)
		return fd;
	struct source *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->name = strdup(strcmp(path, "-") == 0 ? "stdin" : path);
	s->file = gzdopen(fd, "rb");
	if (!s->name || !s->file)
		abort();
	gzbuffer(s->file, GZ_BUFFER);
	int code = fill_head(s, e);
	if (code < 0) {
		source_close(s);
		return code;
	}
	*ret = s;
	return 0;
}

struct source *
source_of_text(const char *name, const char *text, size_t size)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s || !(s->name = strdup(name)))
		abort();
	s->head = malloc(size + 1);
	if (!s->head)
		abort();
	memcpy(s->head, text, size);
	s->head[size] = '\0';
	s->head_size = size;
	return s;
}

void
source_close(struct source *s)
{
	if (!s)
		return;
	if (s->file)
		gzclose(s->file);
	free(s->head);
	free(s->name);
	free(s);
}

const char *
source_name(const struct source *s)
{
	return s->name;
}

const char *
source_head(const struct source *s, size_t *ret_size)
{
	*ret_size = s->head_size < SOURCE_HEAD_BYTES ? s->head_size : SOURCE_HEAD_BYTES;
	return s->head;
}

long
source_read(struct source *s, char *to, size_t room, struct err *e)
{
	size_t kept = s->head_size - s->used;
	size_t size = kept < room ? kept : room;

	memcpy(to, s->head + s->used, size);
	s->used += size;
	if (size == room)
		return (long)size;
	long n = read_some(s, to + size, room - size, e);
	return n < 0 ? n : (long)size + n;
}

int
source_read_all(struct source *s, size_t max_bytes, struct buf *out, struct err *e)
{
	char chunk[65536];

	out->cap_bytes = max_bytes + sizeof(chunk);
	for (;;) {
		long n = source_read(s, chunk, sizeof(chunk), e);
		if (n <= 0)
			return (int)n;
		buf_append(out, chunk, (size_t)n);
		if (out->size > max_bytes) {
			err_set(e, EFBIG, "'%s' is larger than %zu MiB", s->name, max_bytes >> 20);
			e->status = STATUS_USAGE;
			err_hint(e, "import a shorter recording, or a part of the file");
			return -EFBIG;
		}
	}
}

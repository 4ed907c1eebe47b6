/* SPDX-License-Identifier: MIT */
#include "experiment/printed.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "experiment/hide.h"

#define FILE_MAX  ((int64_t)16 << 20)
#define TAIL_MAX  8192
#define LINES_MAX 5
#define LINE_MAX_BYTES 80          /* five of them fit a struct err beside its sentence */

/* ---- the file ------------------------------------------------------------------------------ */

int
printed_open(const char *folder, const char *name, struct arena *a, struct printed *ret,
    struct err *e)
{
	struct printed p = { .fd = -1 };

	if (folder) {
		p.path = arena_printf(a, "%s/%s", folder, name);
		p.fd = open(p.path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	} else {
		p.fd = memfd_create(name, MFD_CLOEXEC);
	}
	if (p.fd < 0 || (!folder && fcntl(p.fd, F_SETFL, O_APPEND) < 0))
		return err_set(e, errno, "cannot write '%s': %s", p.path ? p.path : name, strerror(errno));
	*ret = p;
	return 0;
}

void
printed_close(struct printed *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static int64_t
size_of(const struct printed *p)
{
	struct stat st;
	return fstat(p->fd, &st) == 0 ? st.st_size : 0;
}

void
printed_begin(struct printed *p)
{
	p->from = size_of(p);
}

void
printed_bound(struct printed *p)
{
	if (size_of(p) <= FILE_MAX || ftruncate(p->fd, 0) < 0)
		return;
	p->from = 0;
}

/* ---- its end ------------------------------------------------------------------------------- */

static size_t
read_tail(const struct printed *p, char out[TAIL_MAX + 1])
{
	int64_t size = size_of(p), from = size - TAIL_MAX > p->from ? size - TAIL_MAX : p->from;
	ssize_t n = pread(p->fd, out, TAIL_MAX, from);

	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

struct line { const char *at; size_t size; };

static bool
has_word(struct line l, const char *const *words)
{
	for (; *words; words++)
		for (size_t at = 0, size = strlen(*words); at + size <= l.size; at++)
			if (strncasecmp(l.at + at, *words, size) == 0)
				return true;
	return false;
}

bool
printed_says(const struct printed *p, const char *const *words)
{
	char tail[TAIL_MAX + 1];
	struct line all = { tail, read_tail(p, tail) };

	return has_word(all, words);
}

/* ---- fit to be shown ----------------------------------------------------------------------- */

/* Length of "ESC [ ... letter": colours. */
static size_t
colour(const char *at, size_t left)
{
	size_t n = 2;

	if (left < 3 || at[0] != '\033' || at[1] != '[')
		return 0;
	while (n < left && (isdigit((unsigned char)at[n]) || at[n] == ';'))
		n++;
	return n < left && isalpha((unsigned char)at[n]) ? n + 1 : 0;
}

/* One character as it may be shown; returns its bytes. */
static size_t
show_character(const char *at, size_t left, struct buf *out)
{
	const char *next = at;
	uint32_t c = *at ? utf8_next(&next) : 0;
	size_t n = *at ? (size_t)(next - at) : 1;

	if (*at == '\t')
		buf_putc(out, ' ');
	else if (*at && !utf8_is_unsafe(c) && (c != UTF8_REPLACEMENT || n == 3))
		buf_append(out, at, n);
	else if (*at != '\r' || left > 1)
		for (size_t i = 0; i < n; i++)
			buf_printf(out, "\\x%02x", (unsigned char)at[i]);
	return n;
}

static void
clean(const char *line, size_t size, struct buf *out)
{
	for (size_t at = 0, n; at < size; at += n)
		if (!(n = colour(line + at, size - at)))
			n = show_character(line + at, size - at, out);
}

static void
show_line(const char *line, size_t size, struct buf *out)
{
	struct buf text = { 0 }, shown = { .cap_bytes = LINE_MAX_BYTES };

	clean(line, size, &text);
	hide_in_line(buf_text(&text), &shown);
	size_t n = shown.size;
	/* The cap may have cut a character. */
	while (shown.truncated && n && (unsigned char)shown.data[n - 1] >= 0x80)
		n--;
	buf_printf(out, "\n  | %.*s%s", (int)n, buf_text(&shown), shown.truncated ? " ..." : "");
	buf_done(&text);
	buf_done(&shown);
}

static bool
is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isspace((unsigned char)line[i]))
			return false;
	return true;
}

/* The line before `*end`, which moves to its beginning; false when there is none. */
static bool
line_before(const char *text, size_t *end, struct line *ret)
{
	while (*end) {
		const char *newline = memrchr(text, '\n', *end);
		size_t begin = newline ? (size_t)(newline - text) + 1 : 0;
		*ret = (struct line){ text + begin, *end - begin };
		*end = newline ? begin - 1 : 0;
		if (!is_blank(ret->at, ret->size))
			return true;
	}
	return false;
}

void
printed_show_text(const char *text, size_t size, struct buf *out)
{
	static const char *const reasons[] = { "error", "exception", "panic", "fatal", NULL };
	struct line lines[LINES_MAX], above;
	size_t n = 0, end = size;
	bool told = false;

	for (; n < LINES_MAX && line_before(text, &end, &lines[n]); n++)
		told = told || has_word(lines[n], reasons);
	/* Some runtimes say why first, and then where at length. */
	while (!told && line_before(text, &end, &above))
		if ((told = has_word(above, reasons)))
			lines[n - 1] = above;
	while (n--)
		show_line(lines[n].at, lines[n].size, out);
}

void
printed_show(const struct printed *p, struct buf *out)
{
	char tail[TAIL_MAX + 1];

	printed_show_text(tail, read_tail(p, tail), out);
}

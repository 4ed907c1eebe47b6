/* SPDX-License-Identifier: MIT */
#include "load/arrivals.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/nearest.h"

#define SECONDS_MAX  INT64_C(1000000000)   /* 31 years */
#define DIGITS_NS    9

struct arrivals {
	int fd;
	int64_t size;                  /* when it was checked */
	double speed;
	uint32_t n_routes;
	struct map routes;             /* name to number */
	struct arrivals_summary summary;
};

/* Why a line is no arrival. */
enum line_fault {
	LINE_OK, LINE_NO_TIME, LINE_TIME_TOO_LARGE, LINE_UNKNOWN_ROUTE, LINE_ROUTE_TOO_LARGE,
};

/* ---- a line -------------------------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Does the line hold an arrival? */
static bool
counts(const char *line, size_t size)
{
	size_t i = 0;

	while (i < size && is_blank(line[i]))
		i++;
	return i < size && line[i] != '#';
}

/* Digits with or without a fraction, as whole nanoseconds. Returns how many bytes, 0: none. */
static size_t
scan_seconds(const char *text, size_t size, int64_t *ret_ns, enum line_fault *fault)
{
	int64_t whole = 0, part = 0;
	size_t i = 0, digits = 0;

	for (; i < size && isdigit((unsigned char)text[i]); i++)
		if ((whole = 10 * whole + (text[i] - '0')) > SECONDS_MAX) {
			*fault = LINE_TIME_TOO_LARGE;
			return 0;
		}
	if (i == 0)
		return 0;
	if (i + 1 < size && text[i] == '.' && isdigit((unsigned char)text[i + 1]))
		for (i++; i < size && isdigit((unsigned char)text[i]); i++)
			if (digits < DIGITS_NS) {
				part = 10 * part + (text[i] - '0');
				digits++;
			}
	for (; digits < DIGITS_NS; digits++)
		part *= 10;
	*ret_ns = whole * NS_PER_S + part;
	return i;
}

static enum line_fault
find_route(const struct arrivals *a, const char *word, size_t size, uint32_t *ret)
{
	const uint64_t *found = map_find(&a->routes, word, size);
	uint64_t number = 0;

	if (found) {
		*ret = (uint32_t)*found;
		return LINE_OK;
	}
	for (size_t i = 0; i < size; i++) {
		if (!isdigit((unsigned char)word[i]))
			return LINE_UNKNOWN_ROUTE;
		if ((number = 10 * number + (uint64_t)(word[i] - '0')) >= a->n_routes)
			return LINE_ROUTE_TOO_LARGE;
	}
	*ret = (uint32_t)number;
	return LINE_OK;
}

/* *ret_word: where in the line the fault is. */
static enum line_fault
scan_line(const struct arrivals *a, const char *line, size_t size, struct arrivals_entry *ret,
    size_t *ret_word)
{
	enum line_fault fault = LINE_NO_TIME;
	size_t i = 0;

	while (size && is_blank(line[size - 1]))
		size--;
	while (i < size && is_blank(line[i]))
		i++;
	*ret_word = i;
	size_t used = scan_seconds(line + i, size - i, &ret->at_ns, &fault);
	i += used;
	if (!used || (i < size && !is_blank(line[i])))
		return fault;
	while (i < size && is_blank(line[i]))
		i++;
	*ret_word = i;
	ret->route = ARRIVALS_IN_TURN;
	if (a->speed != 1)
		ret->at_ns = llround((double)ret->at_ns / a->speed);
	return i < size ? find_route(a, line + i, size - i, &ret->route) : LINE_OK;
}

bool
arrivals_can_name(const char *name)
{
	size_t n = strlen(name);

	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ')
			return false;
	return n > 0 && n <= ARRIVALS_LINE_MAX / 2 && name[0] != ' ' && name[n - 1] != ' ';
}

/* ---- the file ------------------------------------------------------------------------------ */

struct arrivals_cursor
arrivals_begin(void)
{
	struct arrivals_cursor c;

	memset(&c, 0, offsetof(struct arrivals_cursor, bytes));
	return c;
}

/* Read on behind what is left in the cursor. How many bytes came, 0 at the end, -errno. */
static int
refill(const struct arrivals *a, struct arrivals_cursor *c)
{
	int64_t left = a->size - c->offset;
	ssize_t n;

	memmove(c->bytes, c->bytes + c->at, c->size - c->at);
	c->size -= c->at;
	c->at = 0;
	size_t room = sizeof(c->bytes) - c->size;
	if (left < (int64_t)room)
		room = (size_t)left;
	do
		n = pread(a->fd, c->bytes + c->size, room, c->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	c->offset += n;
	c->size += (uint32_t)n;
	return (int)n;
}

/* The next line, without its end; it lives until the next call. Returns 1, 0 at the end, or
 * -errno: -E2BIG when it is too long. */
static int
next_line(const struct arrivals *a, struct arrivals_cursor *c, const char **ret, size_t *ret_size)
{
	for (;;) {
		char *line = c->bytes + c->at, *end = memchr(line, '\n', c->size - c->at);
		if (end) {
			*ret = line;
			*ret_size = (size_t)(end - line);
			c->at += (uint32_t)(end - line) + 1;
			return *ret_size > ARRIVALS_LINE_MAX ? -E2BIG : 1;
		}
		if (c->size - c->at > ARRIVALS_LINE_MAX)
			return -E2BIG;
		int n = refill(a, c);
		if (n > 0)
			continue;
		*ret = c->bytes;                     /* the last line may lack its end */
		*ret_size = c->size;
		c->at = c->size;
		return n < 0 ? n : *ret_size > 0;
	}
}

bool
arrivals_next(const struct arrivals *a, struct arrivals_cursor *c, int64_t index,
    struct arrivals_entry *ret)
{
	const char *line;
	size_t size, word;

	while (c->index <= index) {
		if (next_line(a, c, &line, &size) <= 0)
			return false;
		if (!counts(line, size) || c->index++ < index)
			continue;
		if (scan_line(a, line, size, &c->last, &word) != LINE_OK)
			return false;
	}
	*ret = c->last;
	return true;
}

struct arrivals_summary
arrivals_summary(const struct arrivals *a)
{
	return a->summary;
}

/* ---- checking it --------------------------------------------------------------------------- */

struct check {
	struct arrivals *a;
	const char *path;
	const char *const *names;      /* for the hint; NULL none */
	int64_t line;
	int64_t second, in_second, peak;
	struct err *e;
};

static void
hint_route(const struct check *c, const char *text)
{
	struct nearest near = { .word = text };

	for (uint32_t i = 0; c->names && i < c->a->n_routes; i++)
		nearest_try(&near, c->names[i]);
	if (near.best)
		err_hint(c->e, "did you mean '%s'?", near.best);
	err_hint(c->e, "a route is named as in the URL, or by its number from 0 to %u",
	    (unsigned)c->a->n_routes - 1);
}

static int
refuse_line(const struct check *c, enum line_fault fault, const char *line, size_t size,
    size_t word)
{
	char text[64];
	size_t n = size - word < sizeof(text) - 1 ? size - word : sizeof(text) - 1;
	int code;

	memcpy(text, line + word, n);
	text[n] = '\0';
	text[strcspn(text, "\r")] = '\0';
	if (fault == LINE_UNKNOWN_ROUTE || fault == LINE_ROUTE_TOO_LARGE) {
		code = err_usage(c->e, "%s:%lld: '%s' is none of the %u routes", c->path,
		    (long long)c->line, text, (unsigned)c->a->n_routes);
		hint_route(c, fault == LINE_UNKNOWN_ROUTE ? text : "");
	} else if (fault == LINE_TIME_TOO_LARGE) {
		code = err_usage(c->e, "%s:%lld: '%s' is more than %lld seconds", c->path,
		    (long long)c->line, text, (long long)SECONDS_MAX);
		err_hint(c->e, "count from the start of the recording, not from an epoch");
	} else {
		code = err_usage(c->e, "%s:%lld: '%s' does not begin with a time", c->path,
		    (long long)c->line, text);
		err_hint(c->e, "a line is 'SECONDS ROUTE' or 'SECONDS', as in '0.125 /orders'");
	}
	return code;
}

static int
check_line(struct check *c, const char *line, size_t size)
{
	struct arrivals_summary *s = &c->a->summary;
	struct arrivals_entry entry;
	size_t word;

	if (!counts(line, size))
		return 0;
	enum line_fault fault = scan_line(c->a, line, size, &entry, &word);
	if (fault != LINE_OK)
		return refuse_line(c, fault, line, size, word);
	if (entry.at_ns < s->last_ns) {
		int code = err_usage(c->e, "%s:%lld: earlier than the arrival before it", c->path,
		    (long long)c->line);
		err_hint(c->e, "sort the file: sort -n FILE");
		return code;
	}
	s->count++;
	s->last_ns = entry.at_ns;
	c->in_second = entry.at_ns / NS_PER_S == c->second ? c->in_second + 1 : 1;
	c->second = entry.at_ns / NS_PER_S;
	c->peak = c->in_second > c->peak ? c->in_second : c->peak;
	return 0;
}

static int
check_file(struct check *c)
{
	struct arrivals_cursor cursor = arrivals_begin();
	const char *line;
	size_t size;
	int code;

	for (c->line = 1; (code = next_line(c->a, &cursor, &line, &size)) > 0; c->line++)
		if ((code = check_line(c, line, size)) < 0)
			return code;
	if (code == -E2BIG)
		return err_usage(c->e, "%s:%lld: longer than %d bytes", c->path, (long long)c->line,
		    ARRIVALS_LINE_MAX);
	if (code < 0)
		return err_set(c->e, -code, "cannot read '%s': %s", c->path, strerror(-code));
	c->a->summary.peak_rate = (double)c->peak;
	if (c->a->summary.count)
		return 0;
	code = err_usage(c->e, "'%s' holds no arrivals", c->path);
	err_hint(c->e, "write one with --save-schedule FILE");
	return code;
}

int
arrivals_open(const char *path, const char *const *names, uint32_t n_names, double speed,
    struct arrivals **ret, struct err *e)
{
	struct arrivals *a = calloc(1, sizeof(*a));
	if (!a)
		abort();
	struct check c = { .a = a, .path = path, .names = names, .second = -1, .e = e };

	a->speed = speed;
	a->n_routes = n_names;
	for (uint32_t i = 0; names && i < n_names; i++)
		*map_at(&a->routes, names[i], strlen(names[i]), NULL) = i;
	a->fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Several readers scan it, so it must be a file that can be read at any place. */
	a->size = a->fd < 0 ? -1 : lseek(a->fd, 0, SEEK_END);
	int code = a->size < 0 ? err_set(e, errno, "cannot open '%s': %s", path, strerror(errno))
	                       : check_file(&c);
	if (code < 0) {
		err_hint(e, "name a file that --save-schedule wrote, or lines of 'SECONDS ROUTE'");
		arrivals_close(a);
		return code;
	}
	*ret = a;
	return 0;
}

void
arrivals_close(struct arrivals *a)
{
	if (!a)
		return;
	if (a->fd >= 0)
		close(a->fd);
	map_done(&a->routes);
	free(a);
}

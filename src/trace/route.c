/* SPDX-License-Identifier: MIT */
#include "trace/route.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Numbers, hex strings of eight and more with a digit in them (hashes, UUIDs), and anything of
 * 24 and more with a digit are ids. */
static bool
is_id(const char *s, size_t size)
{
	size_t digits = 0, hex = 0;
	for (size_t i = 0; i < size; i++) {
		digits += isdigit((unsigned char)s[i]) != 0;
		hex += isxdigit((unsigned char)s[i]) || s[i] == '-';
	}
	if (!digits)
		return false;
	return digits == size || (hex == size && size >= 8) || size >= 24;
}

static void
fold(const char *path, size_t size, char out[ROUTE_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < size && n < ROUTE_MAX - 8; ) {
		size_t end = i + (path[i] == '/');
		out[n++] = path[i];
		if (path[i++] != '/')
			continue;
		while (end < size && path[end] != '/')
			end++;
		if (is_id(path + i, end - i)) {
			n += (size_t)snprintf(out + n, ROUTE_MAX - n, ":id");
			i = end;
		}
	}
	out[n] = '\0';
}

static size_t
path_size(const char *s, size_t size)
{
	size_t n = 0;
	while (n < size && s[n] != '?' && s[n] != '#' && s[n] != ' ' && s[n] != '\r' && s[n] != '\n' &&
	    s[n] != '\0')
		n++;
	return n;
}

static const char *
after_authority(const char *s, const char *end)
{
	const char *slashes = memmem(s, (size_t)(end - s), "://", 3);
	if (!slashes)
		return s;
	const char *path = memchr(slashes + 3, '/', (size_t)(end - slashes - 3));
	return path ? path : end;
}

bool
route_of_head(const char *head, size_t size, const char *const *literal, size_t n_literal,
    char out[ROUTE_MAX])
{
	const char *space = memchr(head, ' ', size < 10 ? size : 10), *end = head + size;
	if (!space || size < 4 || !memcmp(head, "HTTP", 4))
		return false;
	const char *path = space + 1;
	size_t n = path_size(path, (size_t)(end - path));
	if (path < end && *path != '/') {
		path = after_authority(path, path + n);
		n = path_size(path, (size_t)(end - path));
	}
	for (size_t i = 0; i < n_literal; i++)
		if (strlen(literal[i]) == n && n < ROUTE_MAX && !memcmp(literal[i], path, n)) {
			memcpy(out, path, n);
			out[n] = '\0';
			return true;
		}
	fold(path, n, out);
	for (char *c = out; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return true;
}

void
route_of_url(const char *url, char out[ROUTE_MAX])
{
	const char *end = url + strlen(url), *path = after_authority(url, end);
	size_t n = path_size(path, (size_t)(end - path));
	if (path == url && *path != '/')
		n = 0;
	snprintf(out, ROUTE_MAX, "%.*s", n ? (int)n : 1, n ? path : "/");
}

/* SPDX-License-Identifier: MIT */
#include "symbol/perf_map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/search.h"
#include "symbol/java_name.h"
#include "symbol/namespace.h"

enum { NAME_BYTES_MAX = 512, ENTRIES_MAX = 1 << 20 };

static void
add_entry(struct perf_map *m, uint64_t start, uint64_t size, const char *name, size_t name_size)
{
	if (m->n == ENTRIES_MAX || size == 0)
		return;
	if (m->n == m->allocated) {
		m->allocated = m->allocated ? m->allocated * 2 : 256;
		m->items = realloc(m->items, m->allocated * sizeof(*m->items));
		if (!m->items)
			abort();
	}
	if (name_size > NAME_BYTES_MAX)
		name_size = NAME_BYTES_MAX;
	m->items[m->n] = (struct perf_map_entry){ .start = start,
		.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size, .order = (uint32_t)m->n,
		.name = arena_strndup(m->arena, name, name_size) };
	m->n++;
}

static void
add_line(struct perf_map *m, const char *line, size_t size)
{
	char text[48];
	char *end, *size_end;
	size_t head = size < sizeof(text) ? size : sizeof(text) - 1;

	memcpy(text, line, head);
	text[head] = '\0';
	uint64_t start = strtoull(text, &end, 16);
	if (end == text || *end != ' ')
		return;
	uint64_t bytes = strtoull(end, &size_end, 16);
	if (size_end == end || *size_end != ' ')
		return;
	size_t name = (size_t)(size_end + 1 - text);
	if (name < size)
		add_entry(m, start, bytes, line + name, size - name);
}

size_t
perf_map_add_text(struct perf_map *m, const char *text, size_t size)
{
	size_t at = 0;
	for (;;) {
		const char *end = memchr(text + at, '\n', size - at);
		if (!end)
			return at;
		size_t line = (size_t)(end - (text + at));
		add_line(m, text + at, line);
		at += line + 1;
	}
}

static int
by_start(const void *a, const void *b)
{
	const struct perf_map_entry *x = a, *y = b;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void
perf_map_sort(struct perf_map *m)
{
	if (m->n == 0)
		return;
	qsort(m->items, m->n, sizeof(*m->items), by_start);
	size_t kept = 1;
	for (size_t i = 1; i < m->n; i++) {
		if (m->items[i].start != m->items[kept - 1].start)
			kept++;
		m->items[kept - 1] = m->items[i];
	}
	m->n = kept;
}

bool
perf_map_read(struct perf_map *m, struct arena *a, int pid)
{
	enum { READ_MAX = 8 << 20 };
	char path[128];
	struct stat st;

	m->arena = a;
	snprintf(path, sizeof(path), "/proc/%d/root/tmp/perf-%d.map", pid, namespace_inner_id(pid));
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size <= m->read_bytes)
		return false;
	uint64_t wanted = (uint64_t)st.st_size - m->read_bytes;
	size_t size = wanted > READ_MAX ? READ_MAX : (size_t)wanted;
	CLEANUP(free_p) char *text = malloc(size);
	if (!text)
		abort();
	ssize_t got = pread(fd, text, size, (off_t)m->read_bytes);
	size_t used = got > 0 ? perf_map_add_text(m, text, (size_t)got) : 0;
	m->read_bytes += used;
	perf_map_sort(m);
	return used > 0;
}

const char *
perf_map_find(const struct perf_map *m, uint64_t address, uint64_t *ret_start)
{
	size_t after = FIRST_WHERE(i, m->n, m->items[i].start > address);
	if (after == 0 || address - m->items[after - 1].start >= m->items[after - 1].size)
		return NULL;
	*ret_start = m->items[after - 1].start;
	return m->items[after - 1].name;
}

void
perf_map_done(struct perf_map *m)
{
	free(m->items);
	*m = (struct perf_map){ 0 };
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool
starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "file:12:5" or "file:12": cuts the numbers off and returns the line, 0 when there is none. */
static int
cut_line(char *file)
{
	int last = 0;
	for (int i = 0; i < 2; i++) {
		char *colon = strrchr(file, ':');
		if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
			break;
		last = atoi(colon + 1);
		*colon = '\0';
	}
	return last;
}

/* "score /app/shop.js:12:5": the file begins at the first blank that a path may follow. */
static void
parse_javascript(struct arena *a, const char *text, struct perf_map_name *ret)
{
	static const char *const starts[] = { " /", " file:", " node:" };
	const char *blank = NULL;
	for (size_t i = 0; i < COUNT_OF(starts) && !blank; i++)
		blank = strstr(text, starts[i]);
	if (!blank)
		blank = strrchr(text, ' ');
	size_t name = blank ? (size_t)(blank - text) : strlen(text);
	ret->language = "javascript";
	ret->function = name ? arena_strndup(a, text, name) : "(anonymous)";
	if (blank && blank[1]) {
		char *file = arena_strdup(a, starts_with(blank + 1, "file://") ? blank + 8 : blank + 1);
		ret->line = cut_line(file);
		ret->file = file;
	}
	ret->application = ret->file && !starts_with(ret->file, "node:") &&
	    !strstr(ret->file, "/node_modules/");
}

static void
parse_python(struct arena *a, const char *text, struct perf_map_name *ret)
{
	const char *colon = strchr(text, ':');
	ret->language = "python";
	ret->function = arena_strndup(a, text, colon ? (size_t)(colon - text) : strlen(text));
	ret->file = colon && colon[1] ? arena_strdup(a, colon + 1) : NULL;
	ret->application = ret->file && !strstr(ret->file, "/lib/python") &&
	    !strstr(ret->file, "-packages/") && ret->file[0] != '<';
}

/* "int com.shop.Cart.score(java.util.List)": result and parameters go. */
static void
parse_java(struct arena *a, const char *text, struct perf_map_name *ret)
{
	size_t size = strcspn(text, "(");
	size_t start = size;
	while (start > 0 && text[start - 1] != ' ')
		start--;
	ret->language = "java";
	ret->function = arena_strndup(a, text + start, size - start);
	ret->application = java_is_application(ret->function);
}

void
perf_map_parse_name(struct arena *a, const char *name, struct perf_map_name *ret)
{
	static const char *const javascript[] = { "LazyCompile:", "Function:", "JS:", "Script:",
		"Eval:" };
	*ret = (struct perf_map_name){ .function = name };
	for (size_t i = 0; i < COUNT_OF(javascript); i++) {
		if (starts_with(name, javascript[i])) {
			name += strlen(javascript[i]);
			parse_javascript(a, name + strspn(name, "~^*+"), ret);
			return;
		}
	}
	const char *paren = strchr(name, '(');
	if (starts_with(name, "py::"))
		parse_python(a, name + 4, ret);
	else if (paren && paren > name && memchr(name, '.', (size_t)(paren - name)) &&
	    paren[-1] != ' ' && !strchr(name, ':'))
		parse_java(a, name, ret);
}

/* SPDX-License-Identifier: MIT */
#include "symbol/kallsyms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/search.h"

static uint32_t
add_name(struct kallsyms *k, const char *name, size_t size)
{
	if (k->names_size + size + 1 > k->names_allocated) {
		k->names_allocated = (k->names_allocated + size + 1) * 2;
		k->names = realloc(k->names, k->names_allocated);
		if (!k->names)
			abort();
	}
	uint32_t at = (uint32_t)k->names_size;
	memcpy(k->names + at, name, size);
	k->names[at + size] = '\0';
	k->names_size += size + 1;
	return at;
}

void
kallsyms_add_line(struct kallsyms *k, const char *line)
{
	char *end;
	uint64_t start = strtoull(line, &end, 16);
	if (start == 0 || end == line || end[0] != ' ' || !end[1] || !strchr("tTwW", end[1]) ||
	    end[2] != ' ')
		return;
	const char *name = end + 3;
	size_t size = strcspn(name, " \t\n");
	if (size == 0 || k->names_size + size >= UINT32_MAX)
		return;
	if (k->n == k->allocated) {
		k->allocated = k->allocated ? k->allocated * 2 : 1024;
		k->items = realloc(k->items, k->allocated * sizeof(*k->items));
		if (!k->items)
			abort();
	}
	k->items[k->n++] = (struct kallsyms_entry){ start, add_name(k, name, size) };
}

static int
by_start(const void *a, const void *b)
{
	const struct kallsyms_entry *x = a, *y = b;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

void
kallsyms_sort(struct kallsyms *k)
{
	if (k->n)
		qsort(k->items, k->n, sizeof(*k->items), by_start);
}

int
kallsyms_read(struct kallsyms *k, const char *path)
{
	CLEANUP(file_close_p) FILE *f = fopen(path, "re");
	CLEANUP(free_p) char *line = NULL;
	size_t allocated = 0;
	if (!f)
		return -errno;
	while (getline(&line, &allocated, f) > 0)
		kallsyms_add_line(k, line);
	kallsyms_sort(k);
	return 0;
}

const char *
kallsyms_find(const struct kallsyms *k, uint64_t address)
{
	size_t after = FIRST_WHERE(i, k->n, k->items[i].start > address);
	if (after == 0)
		return NULL;
	size_t first = after - 1;   /* of the names of one address the first in the file */
	while (first > 0 && k->items[first - 1].start == k->items[after - 1].start)
		first--;
	return k->names + k->items[first].name;
}

void
kallsyms_done(struct kallsyms *k)
{
	free(k->items);
	free(k->names);
	*k = (struct kallsyms){ 0 };
}

/* SPDX-License-Identifier: MIT */
#include "observe/tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

void
tree_done(struct tree *t)
{
	free(t->members);
	map_done(&t->seen);
	*t = (struct tree){ 0 };
}

bool
proc_stat_read(int pid, struct proc_stat *ret)
{
	char text[1024];
	return file_peek(text, sizeof(text), "/proc/%d/stat", pid) > 0 &&
	    proc_parse_stat(text, ret);
}

void
proc_each(bool (*visit)(void *ctx, int pid), void *ctx)
{
	DIR *d = opendir("/proc");
	for (struct dirent *entry; d && (entry = readdir(d));) {
		int pid = atoi(entry->d_name);
		if (pid > 0 && !visit(ctx, pid))
			break;
	}
	if (d)
		closedir(d);
}

const struct proc_stat *
tree_find(const struct tree *t, int pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->members[i].pid == pid)
			return &t->members[i];
	return NULL;
}

static bool
add_member(struct tree *t, const struct proc_stat *s)
{
	if (s->pid == getpid() || tree_find(t, s->pid))
		return false;
	if (t->n == TREE_MAX) {
		t->full = true;
		return false;
	}
	if (t->n == t->capacity) {
		t->capacity = t->capacity ? t->capacity * 2 : 16;
		t->members = realloc(t->members, t->capacity * sizeof(*t->members));
		if (!t->members)
			abort();
	}
	t->members[t->n++] = *s;
	return true;
}

bool
tree_add(struct tree *t, int pid)
{
	struct proc_stat s;
	return proc_stat_read(pid, &s) && add_member(t, &s);
}

/* Processes that the scan before did not see. */
struct newcomers {
	struct tree *tree;
	struct proc_stat *items;
	size_t n, capacity;
};

static bool
see(void *ctx, int pid)
{
	struct newcomers *w = ctx;
	uint64_t *seen = map_at(&w->tree->seen, &pid, sizeof(pid), NULL);
	bool known = *seen && *seen + 1 == w->tree->scan;

	*seen = w->tree->scan;
	if (known)
		return true;
	if (w->n == w->capacity) {
		w->capacity = w->capacity ? w->capacity * 2 : 256;
		w->items = realloc(w->items, w->capacity * sizeof(*w->items));
		if (!w->items)
			abort();
	}
	w->n += proc_stat_read(pid, &w->items[w->n]);
	return true;
}

void
tree_scan(struct tree *t)
{
	struct newcomers w = { .tree = t };

	t->scan++;
	proc_each(see, &w);
	/* A child may be listed before its parent: go round until nothing is added. */
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < w.n; i++)
			if (tree_find(t, w.items[i].parent))
				more |= add_member(t, &w.items[i]);
	}
	free(w.items);
}

void
tree_read(struct tree *t)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->n; i++) {
		struct proc_stat now;
		/* Another start time is another process under a number used again. */
		if (!proc_stat_read(t->members[i].pid, &now) ||
		    now.start_ticks != t->members[i].start_ticks)
			continue;
		t->members[kept++] = now;
	}
	t->n = kept;
}

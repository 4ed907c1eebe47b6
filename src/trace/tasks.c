/* SPDX-License-Identifier: MIT */
#include "trace/tasks.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/python.h"

void
tasks_init(struct tasks *t, struct collect *collect)
{
	*t = (struct tasks){ .collect = collect };
}

void
tasks_done(struct tasks *t)
{
	size_t at = 0;
	for (const struct map_slot *slot; (slot = map_next(&t->pythons, &at)); )
		python_close((struct python *)(uintptr_t)slot->value);
	map_done(&t->pythons);
	map_done(&t->threads);
}

static void
see_threads(struct tasks *t, struct python *python, int pid)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir)); ) {
		struct python_place place;
		int tid = atoi(d->d_name);
		if (!tid || map_find(&t->threads, &tid, sizeof(tid)) || !python_place(python, tid, &place))
			continue;
		map_at(&t->threads, &tid, sizeof(tid), NULL);
		collect_add_python_thread(t->collect, tid, &place);
	}
	if (dir)
		closedir(dir);
}

void
tasks_see(struct tasks *t, int pid, const char *runtime)
{
	struct err ignored = { 0 };
	struct python *python;
	if (!t->collect || map_find(&t->pythons, &pid, sizeof(pid)))
		return;
	if (runtime && !strcmp(runtime, "go"))
		collect_add_go(t->collect, pid);
	else if (!python_open(pid, &python, &ignored)) {
		*map_at(&t->pythons, &pid, sizeof(pid), NULL) = (uint64_t)(uintptr_t)python;
		see_threads(t, python, pid);
	}
}

void
tasks_see_threads(struct tasks *t)
{
	size_t at = 0;
	for (const struct map_slot *slot; (slot = map_next(&t->pythons, &at)); )
		see_threads(t, (struct python *)(uintptr_t)slot->value, *(const int *)slot->key);
}

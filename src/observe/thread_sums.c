/* SPDX-License-Identifier: MIT */
#include "observe/thread_sums.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct key { int tid, which; };

static void
add_thread(struct thread_sums *t, struct map *now, int tid, const uint64_t values[THREAD_VALUES])
{
	t->seen++;
	for (int i = 0; i < THREAD_VALUES; i++) {
		struct key key = { tid, i };
		const uint64_t *last = map_find(&t->last, &key, sizeof(key));
		/* A thread not seen before began after the first pass; a smaller value is another
		 * thread under the same number. */
		uint64_t before = last && *last <= values[i] ? *last : 0;
		if (t->primed)
			t->total[i] += (double)(values[i] - before);
		*map_at(now, &key, sizeof(key), NULL) = values[i];
	}
}

void
thread_sums_step(struct thread_sums *t, const struct tree *tree,
    bool (*read)(int pid, int tid, uint64_t values[THREAD_VALUES]))
{
	struct map now = { 0 };

	t->seen = 0;
	for (size_t i = 0; i < tree->n; i++) {
		char path[64];
		int pid = tree->members[i].pid;
		snprintf(path, sizeof(path), "/proc/%d/task", pid);
		DIR *d = opendir(path);
		for (struct dirent *entry; d && (entry = readdir(d));) {
			uint64_t values[THREAD_VALUES];
			int tid = atoi(entry->d_name);
			if (tid > 0 && read(pid, tid, values))
				add_thread(t, &now, tid, values);
		}
		if (d)
			closedir(d);
	}
	map_done(&t->last);
	t->last = now;
	t->primed = true;
}

void
thread_sums_done(struct thread_sums *t)
{
	map_done(&t->last);
}

/* SPDX-License-Identifier: MIT */
#include "trace/sleepers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/file.h"

#define SLEEPERS_MAX 4096

static bool
is_runnable(const struct collect_sleeper *s)
{
	char text[512];
	if (file_peek(text, sizeof(text), "/proc/%u/task/%u/stat", s->pid, s->tid) <= 0)
		return false;
	const char *end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'R';
}

void
sleepers_record(struct collect *c, struct tape *tape, int64_t now)
{
	struct collect_sleeper *list = calloc(SLEEPERS_MAX, sizeof(*list));
	if (!list)
		abort();
	size_t n = collect_sleepers(c, list, SLEEPERS_MAX);
	int64_t from = tape->windows[tape->n_windows - 1].from;
	for (size_t i = 0; i < n; i++) {
		struct rec *r;
		if (list[i].out > now || (!list[i].known && is_runnable(&list[i])) || !(r = tape_add(tape)))
			continue;
		*r = (struct rec){ .ts = now, .from = list[i].out ? list[i].out : from, .kind = REC_OFF,
			.at = list[i].wake, .thread = tape_thread(tape, (int)list[i].pid, (int)list[i].tid),
			.nr = SYS_accept, .flags = list[i].preempted ? OFF_PREEMPTED : 0 };
	}
	free(list);
}

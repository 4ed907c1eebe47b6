/* SPDX-License-Identifier: MIT */
/* Open files of the process that is nearest to its limit, and that limit. */
#include <stdlib.h>

#include "base/file.h"
#include "observe/collect.h"
#include "observe/sockets.h"

struct state { int open_files, limit; };

static void
count_file(void *ctx, int pid, int fd, const char *target)
{
	++*(int64_t *)ctx;
}

static void *
open_files(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->open_files = sink_series(k, "service_fds", "count", "service");
	c->limit = sink_series(k, "service_fd_limit", "count", "service");
	return c;
}

static void
sample_files(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	int64_t fullest = 0, fullest_limit = 0;

	for (size_t i = 0; i < s->tree.n; i++) {
		char text[4096];
		int64_t count = 0, limit;
		int pid = s->tree.members[i].pid;
		if (fd_each(pid, count_file, &count) < 0 ||
		    file_peek(text, sizeof(text), "/proc/%d/limits", pid) <= 0 ||
		    !proc_parse_fd_limit(text, &limit) || limit <= 0)
			continue;
		if (fullest_limit &&
		    (double)count / (double)limit <= (double)fullest / (double)fullest_limit)
			continue;
		fullest = count;
		fullest_limit = limit;
	}
	if (!fullest_limit)
		return;
	sink_put(k, c->open_files, (double)fullest);
	sink_put(k, c->limit, (double)fullest_limit);
}

const struct collector collect_files = {
	"files", "open files of the process nearest to its limit", open_files, sample_files, free,
};

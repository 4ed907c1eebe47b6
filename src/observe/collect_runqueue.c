/* SPDX-License-Identifier: MIT */
/* Time that the service's threads were ready to run but had no CPU. */
#include <stdlib.h>

#include "base/file.h"
#include "observe/collect.h"
#include "observe/thread_sums.h"

struct state {
	int waited;
	struct thread_sums sums;
	struct rate rate;
};

static bool
read_schedstat(int pid, int tid, uint64_t values[THREAD_VALUES])
{
	char text[96];
	return file_peek(text, sizeof(text), "/proc/%d/task/%d/schedstat", pid, tid) > 0 &&
	    proc_parse_schedstat(text, &values[0], &values[1]);
}

static void *
open_runqueue(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->waited = sink_series(k, "service_runqueue_ratio", "ratio", "service");
	return c;
}

static void
sample_runqueue(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	thread_sums_step(&c->sums, &s->tree, read_schedstat);
	if (c->sums.seen)
		sink_put(k, c->waited, rate_step(&c->rate, c->sums.total[1] / 1e9, now_ns));
}

static void
close_runqueue(void *state)
{
	struct state *c = state;
	thread_sums_done(&c->sums);
	free(c);
}

const struct collector collect_runqueue = {
	"runqueue", "waiting of the service's threads for a CPU",
	open_runqueue, sample_runqueue, close_runqueue,
};

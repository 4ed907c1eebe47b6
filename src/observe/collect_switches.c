/* SPDX-License-Identifier: MIT */
/* Context switches of the service's threads: voluntary ones to wait, involuntary ones because
 * another was to run. */
#include <stdlib.h>

#include "base/file.h"
#include "observe/collect.h"
#include "observe/thread_sums.h"

struct state {
	int voluntary, involuntary;
	struct thread_sums sums;
	struct rate voluntary_rate, involuntary_rate;
};

static bool
read_switches(int pid, int tid, uint64_t values[THREAD_VALUES])
{
	char text[4096];
	return file_peek(text, sizeof(text), "/proc/%d/task/%d/status", pid, tid) > 0 &&
	    text_number(text, "voluntary_ctxt_switches", &values[0]) &&
	    text_number(text, "nonvoluntary_ctxt_switches", &values[1]);
}

static void *
open_switches(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->voluntary = sink_series(k, "service_voluntary_switches_per_second", "per_second",
	    "service");
	c->involuntary = sink_series(k, "service_involuntary_switches_per_second", "per_second",
	    "service");
	return c;
}

static void
sample_switches(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	thread_sums_step(&c->sums, &s->tree, read_switches);
	if (!c->sums.seen)
		return;
	sink_put(k, c->voluntary, rate_step(&c->voluntary_rate, c->sums.total[0], now_ns));
	sink_put(k, c->involuntary, rate_step(&c->involuntary_rate, c->sums.total[1], now_ns));
}

static void
close_switches(void *state)
{
	struct state *c = state;
	thread_sums_done(&c->sums);
	free(c);
}

const struct collector collect_switches = {
	"switches", "context switches of the service's threads",
	open_switches, sample_switches, close_switches,
};

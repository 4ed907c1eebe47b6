/* SPDX-License-Identifier: MIT */
/* CPU quotas: how often and how long they stopped the service. Of its groups and their parents
 * that have a quota, the one that throttles most. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/cgroup.h"
#include "observe/collect.h"

#define GROUPS_MAX 16

struct group {
	struct cgroup_dir dir;
	struct rate throttled_s;
	double periods, throttled;
	bool primed;
};

struct state {
	int ratio, seconds;
	struct group groups[GROUPS_MAX];
	size_t n;
};

static bool
is_known(const struct state *c, const struct cgroup_dir *d)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->groups[i].dir.path, d->path) == 0)
			return true;
	return false;
}

static void
add_groups(struct state *c, int pid)
{
	struct cgroup_dir d;
	double cores;

	if (!cgroup_find("", pid, "cpu", &d))
		return;
	do
		if (cgroup_quota(&d, &cores) && c->n < GROUPS_MAX && !is_known(c, &d))
			c->groups[c->n++].dir = d;
	while (cgroup_up(&d));
}

static void *
open_cgroup(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));

	for (size_t i = 0; i < s->tree.n; i++)
		add_groups(c, s->tree.members[i].pid);
	if (!c->n) {
		free(c);
		return NULL;
	}
	c->ratio = sink_series(k, "service_throttled_ratio", "ratio", "service");
	c->seconds = sink_series(k, "service_throttled_seconds_per_second", "ratio", "service");
	return c;
}

/* cpu.stat: v1 counts throttled time in ns, v2 in us. */
static bool
read_stat(const struct cgroup_dir *d, double *ret_periods, double *ret_throttled, double *ret_s)
{
	char text[1024];
	uint64_t periods, throttled, time;

	if (file_peek(text, sizeof(text), "%s/cpu.stat", d->path) <= 0 ||
	    !text_number(text, "nr_periods", &periods) ||
	    !text_number(text, "nr_throttled", &throttled) ||
	    !text_number(text, d->v2 ? "throttled_usec" : "throttled_time", &time))
		return false;
	*ret_periods = (double)periods;
	*ret_throttled = (double)throttled;
	*ret_s = (double)time / (d->v2 ? 1e6 : 1e9);
	return true;
}

static void
sample_cgroup(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	double worst_ratio = -1, worst_s = -1;

	for (size_t i = 0; i < c->n; i++) {
		struct group *g = &c->groups[i];
		double periods, throttled, throttled_s;
		if (!read_stat(&g->dir, &periods, &throttled, &throttled_s))
			continue;
		double per_s = rate_step(&g->throttled_s, throttled_s, now_ns);
		double passed = periods - g->periods, stopped = throttled - g->throttled;
		bool first = !g->primed;
		g->periods = periods;
		g->throttled = throttled;
		g->primed = true;
		if (first)
			continue;
		/* No period passes while nothing runs: then nothing is throttled either. */
		double ratio = passed > 0 ? stopped / passed : 0;
		worst_ratio = ratio > worst_ratio ? ratio : worst_ratio;
		worst_s = per_s > worst_s ? per_s : worst_s;
	}
	if (worst_ratio < 0)
		return;
	sink_put(k, c->ratio, worst_ratio);
	sink_put(k, c->seconds, worst_s);
}

const struct collector collect_cgroup = {
	"cgroup", "CPU quotas that stop the service", open_cgroup, sample_cgroup, free,
};

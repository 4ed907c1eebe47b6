/* SPDX-License-Identifier: MIT */
/* CPU time of the service: its processes and the children that they have waited for; and the CPUs
 * that some process of it may run on (an affinity mask limits without any quota). */
#include <sched.h>
#include <stdlib.h>

#include "observe/collect.h"

struct state {
	int cores, user, system, threads, allowed;
	struct rate user_rate, system_rate;
};

static double
threads_of(const struct proc_stat *p)
{
	return (double)p->threads;
}

static double
cpus_allowed(const struct service *s)
{
	cpu_set_t one, all;

	CPU_ZERO(&all);
	for (size_t i = 0; i < s->tree.n; i++)
		if (sched_getaffinity(s->tree.members[i].pid, sizeof(one), &one) == 0)
			CPU_OR(&all, &all, &one);
	return CPU_COUNT(&all);
}

static void *
open_cpu(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->cores = sink_series(k, "service_cpu_cores", "cores", "service");
	c->user = sink_series(k, "service_cpu_user_cores", "cores", "service");
	c->system = sink_series(k, "service_cpu_system_cores", "cores", "service");
	c->threads = sink_series(k, "service_threads", "count", "service");
	c->allowed = sink_series(k, "service_cpus_allowed", "cores", "service");
	return c;
}

static void
sample_cpu(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	double user = rate_step(&c->user_rate, s->user_s, now_ns);
	double system = rate_step(&c->system_rate, s->system_s, now_ns);

	sink_put(k, c->cores, user + system);
	sink_put(k, c->user, user);
	sink_put(k, c->system, system);
	sink_put(k, c->threads, service_sum(s, threads_of));
	double allowed = cpus_allowed(s);
	if (allowed > 0)
		sink_put(k, c->allowed, allowed);
}

const struct collector collect_cpu = {
	"cpu", "CPU time and threads of the service", open_cpu, sample_cpu, free,
};

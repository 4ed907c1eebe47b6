/* SPDX-License-Identifier: MIT */
/* CPU time of the host, in all and of its busiest CPU, and what of it neither the service nor
 * prony used. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "observe/collect.h"

#define CPUS_MAX 1024

struct state {
	int busy, busiest, steal, iowait, other;
	struct proc_cpu all, each[CPUS_MAX];
	struct rate busy_rate, service_rate, own_rate;
	char text[CPUS_MAX * 128];
};

static double
busy_ticks(const struct proc_cpu *c)
{
	return (double)(c->user + c->system);
}

static double
all_ticks(const struct proc_cpu *c)
{
	return busy_ticks(c) + (double)(c->idle + c->iowait + c->steal);
}

/* Share of the ticks since `before`; iowait and idle may run backwards a little. */
static double
share(double part, const struct proc_cpu *now, const struct proc_cpu *before)
{
	double all = all_ticks(now) - all_ticks(before);
	return all <= 0 || part < 0 ? 0 : part > all ? 1 : part / all;
}

static void *
open_host_cpu(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->busy = sink_series(k, "host_cpu_busy_ratio", "ratio", "host");
	c->busiest = sink_series(k, "host_cpu_busiest_ratio", "ratio", "host");
	c->steal = sink_series(k, "host_cpu_steal_ratio", "ratio", "host");
	c->iowait = sink_series(k, "host_iowait_ratio", "ratio", "host");
	c->other = sink_series(k, "host_other_cpu_cores", "cores", "host");
	return c;
}

static void
put_shares(struct state *c, const struct proc_cpu *now, struct sink *k)
{
	const struct proc_cpu *before = &c->all;
	sink_put(k, c->busy, share(busy_ticks(now) - busy_ticks(before), now, before));
	sink_put(k, c->steal, share((double)now->steal - (double)before->steal, now, before));
	sink_put(k, c->iowait, share((double)now->iowait - (double)before->iowait, now, before));
}

static void
put_other(struct state *c, const struct proc_cpu *now, const struct service *s, int64_t now_ns,
    struct sink *k)
{
	double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);
	double other = rate_step(&c->busy_rate, busy_ticks(now) * tick_s, now_ns) -
	    rate_step(&c->service_rate, s->user_s + s->system_s, now_ns) -
	    rate_step(&c->own_rate, ns_to_s(process_cpu_ns()), now_ns);
	sink_put(k, c->other, other < 0 ? 0 : other);
}

static void
sample_host_cpu(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	struct proc_cpu now;
	char line[256];
	double busiest = 0;
	bool first = !all_ticks(&c->all);

	file_peek(c->text, sizeof(c->text), "/proc/stat");
	for (const char *at = c->text; text_line(&at, line, sizeof(line));) {
		if (!proc_parse_cpu(line, &now) || now.cpu >= CPUS_MAX)
			continue;
		if (now.cpu < 0) {
			if (!first)
				put_shares(c, &now, k);
			put_other(c, &now, s, now_ns, k);
			c->all = now;
			continue;
		}
		struct proc_cpu *before = &c->each[now.cpu];
		double busy = share(busy_ticks(&now) - busy_ticks(before), &now, before);
		busiest = busy > busiest ? busy : busiest;
		*before = now;
	}
	if (!first)
		sink_put(k, c->busiest, busiest);
}

const struct collector collect_host_cpu = {
	"host_cpu", "CPU time of the host", open_host_cpu, sample_host_cpu, free,
};

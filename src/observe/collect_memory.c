/* SPDX-License-Identifier: MIT */
/* Memory of the service: resident (pages shared by several of its processes count in each),
 * swapped, faults; and what the host has left. */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "observe/collect.h"

struct state {
	int rss, swap, minor, major, available;
	struct rate minor_rate, major_rate;
};

static double
rss_pages(const struct proc_stat *p)
{
	return (double)p->rss_pages;
}

static double
minor_faults(const struct proc_stat *p)
{
	return (double)(p->minor_faults + p->child_minor_faults);
}

static double
major_faults(const struct proc_stat *p)
{
	return (double)(p->major_faults + p->child_major_faults);
}

static double
swap_bytes(const struct proc_stat *p)
{
	char text[4096];
	uint64_t kib;
	bool known = file_peek(text, sizeof(text), "/proc/%d/status", p->pid) > 0 &&
	    text_number(text, "VmSwap", &kib);
	return known ? (double)kib * 1024 : 0;
}

static void *
open_memory(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->rss = sink_series(k, "service_rss_bytes", "bytes", "service");
	c->swap = sink_series(k, "service_swap_bytes", "bytes", "service");
	c->minor = sink_series(k, "service_minor_faults_per_second", "per_second", "service");
	c->major = sink_series(k, "service_major_faults_per_second", "per_second", "service");
	c->available = sink_series(k, "host_memory_available_bytes", "bytes", "host");
	return c;
}

static void
sample_memory(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	char text[4096];
	uint64_t kib;

	sink_put(k, c->rss, service_sum(s, rss_pages) * (double)sysconf(_SC_PAGESIZE));
	sink_put(k, c->swap, service_sum(s, swap_bytes));
	sink_put(k, c->minor, rate_step(&c->minor_rate, service_sum(s, minor_faults), now_ns));
	sink_put(k, c->major, rate_step(&c->major_rate, service_sum(s, major_faults), now_ns));
	if (file_peek(text, sizeof(text), "/proc/meminfo") > 0 &&
	    text_number(text, "MemAvailable", &kib))
		sink_put(k, c->available, (double)kib * 1024);
}

const struct collector collect_memory = {
	"memory", "memory and faults of the service, memory left on the host",
	open_memory, sample_memory, free,
};

/* SPDX-License-Identifier: MIT */
/* Pressure: the share of time in which some task waited for CPU, I/O or memory; of the host, and
 * of the service's cgroup v2 when it has one of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/cgroup.h"
#include "observe/collect.h"

static const struct { const char *resource, *host, *service; } kinds[] = {
	{ "cpu", "host_psi_cpu_ratio", "service_psi_cpu_ratio" },
	{ "io", "host_psi_io_ratio", "service_psi_io_ratio" },
	{ "memory", "host_psi_memory_ratio", "service_psi_memory_ratio" },
};
#define KINDS COUNT_OF(kinds)

struct pressure {
	char path[800];
	int series;
	struct rate rate;
};

struct state {
	struct pressure files[2 * KINDS];
	size_t n;
};

static bool
read_total(const char *path, uint64_t *ret_us)
{
	char text[512];
	return file_peek(text, sizeof(text), "%s", path) > 0 && proc_parse_pressure(text, ret_us);
}

static void
add_file(struct state *c, const char *path, const char *series, const char *scope, struct sink *k)
{
	struct pressure *p = &c->files[c->n];
	uint64_t total_us;

	if (!read_total(path, &total_us))
		return;
	snprintf(p->path, sizeof(p->path), "%s", path);
	p->series = sink_series(k, series, "ratio", scope);
	c->n++;
}

static void *
open_psi(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	struct cgroup_dir d;
	char path[800];

	bool own = cgroup_find("", s->first, "", &d) && strlen(d.path) > d.floor;
	for (size_t i = 0; i < KINDS; i++) {
		snprintf(path, sizeof(path), "/proc/pressure/%s", kinds[i].resource);
		add_file(c, path, kinds[i].host, "host", k);
		snprintf(path, sizeof(path), "%s/%s.pressure", own ? d.path : "",
		    kinds[i].resource);
		if (own)
			add_file(c, path, kinds[i].service, "service", k);
	}
	if (!c->n) {
		free(c);
		return NULL;
	}
	return c;
}

static void
sample_psi(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	for (size_t i = 0; i < c->n; i++) {
		struct pressure *p = &c->files[i];
		uint64_t total_us;
		if (!read_total(p->path, &total_us))
			continue;
		double ratio = rate_step(&p->rate, (double)total_us / 1e6, now_ns);
		sink_put(k, p->series, ratio > 1 ? 1 : ratio);
	}
}

const struct collector collect_psi = {
	"psi", "pressure stall information of the host and the service's group",
	open_psi, sample_psi, free,
};

/* SPDX-License-Identifier: MIT */
/* Block I/O: bytes that the service caused, the host's busiest disk, and limits that are set on
 * the service's group. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/cgroup.h"
#include "observe/collect.h"

#define DISKS_MAX 64

struct disk {
	struct proc_disk last;
	bool whole;             /* a disk, not a part of one, nor memory */
};

struct state {
	int read, written, busy, await, limit_bytes, limit_operations;
	struct rate read_rate, written_rate;
	struct disk disks[DISKS_MAX];
	size_t n;
	int64_t last_ns;
	struct io_limits limits;
};

static bool
is_disk(const char *name)
{
	char path[128];
	if (strncmp(name, "loop", 4) == 0 || strncmp(name, "ram", 3) == 0 ||
	    strncmp(name, "zram", 4) == 0)
		return false;
	snprintf(path, sizeof(path), "/sys/block/%s", name);
	return access(path, F_OK) == 0;
}

static struct disk *
disk_named(struct state *c, const struct proc_disk *now)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->disks[i].last.name, now->name) == 0)
			return &c->disks[i];
	if (c->n == DISKS_MAX)
		return NULL;
	c->disks[c->n] = (struct disk){ .last = *now, .whole = is_disk(now->name) };
	return &c->disks[c->n++];
}

static void
sample_host(struct state *c, int64_t now_ns, struct sink *k)
{
	char text[16384], line[512];
	double passed_ms = (double)(now_ns - c->last_ns) / 1e6, busiest = -1, await_s = 0;

	if (file_peek(text, sizeof(text), "/proc/diskstats") <= 0)
		return;
	for (const char *at = text; text_line(&at, line, sizeof(line));) {
		struct proc_disk now;
		struct disk *d = proc_parse_disk(line, &now) ? disk_named(c, &now) : NULL;
		if (!d || !d->whole)
			continue;
		double busy = (double)(now.busy_ms - d->last.busy_ms) / passed_ms;
		double operations = (double)(now.operations - d->last.operations);
		double waited_s = (double)(now.waited_ms - d->last.waited_ms) / 1e3;
		d->last = now;
		if (busy <= busiest)
			continue;
		busiest = busy;
		await_s = operations > 0 ? waited_s / operations : 0;
	}
	if (c->last_ns && busiest >= 0) {
		sink_put(k, c->busy, fmin(busiest, 1));
		sink_put(k, c->await, await_s);
	}
	c->last_ns = now_ns;
}

/* Bytes to and from storage. The kernel adds those of a child that was waited for to its parent. */
static bool
service_bytes(const struct service *s, double *ret_read, double *ret_written)
{
	bool any = false;
	*ret_read = *ret_written = 0;
	for (size_t i = 0; i < s->tree.n; i++) {
		char text[512];
		uint64_t from, to;
		if (file_peek(text, sizeof(text), "/proc/%d/io", s->tree.members[i].pid) <= 0 ||
		    !text_number(text, "read_bytes", &from) ||
		    !text_number(text, "write_bytes", &to))
			continue;
		*ret_read += (double)from;
		*ret_written += (double)to;
		any = true;
	}
	return any;
}

static void *
open_disk(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->read = sink_series(k, "service_read_bytes_per_second", "bytes", "service");
	c->written = sink_series(k, "service_write_bytes_per_second", "bytes", "service");
	c->busy = sink_series(k, "host_disk_busy_ratio", "ratio", "host");
	c->await = sink_series(k, "host_disk_await_seconds", "seconds", "host");
	c->limit_bytes = c->limit_operations = -1;
	cgroup_io_limits("", s->first, &c->limits);
	if (c->limits.bytes_per_s > 0)
		c->limit_bytes = sink_series(k, "service_blkio_throttle_bytes_per_second", "bytes",
		    "service");
	if (c->limits.operations_per_s > 0)
		c->limit_operations = sink_series(k, "service_blkio_throttle_operations_per_second",
		    "per_second", "service");
	return c;
}

static void
sample_disk(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	double from, to;

	sample_host(c, now_ns, k);
	if (service_bytes(s, &from, &to)) {
		sink_put(k, c->read, rate_step(&c->read_rate, from, now_ns));
		sink_put(k, c->written, rate_step(&c->written_rate, to, now_ns));
	}
	sink_put(k, c->limit_bytes, c->limits.bytes_per_s);
	sink_put(k, c->limit_operations, c->limits.operations_per_s);
}

const struct collector collect_disk = {
	"disk", "block I/O of the service and of the host's busiest disk, limits on it",
	open_disk, sample_disk, free,
};

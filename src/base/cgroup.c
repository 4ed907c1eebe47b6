/* SPDX-License-Identifier: MIT */
#include "base/cgroup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

/* Above this the kernel means "no limit" (v1 writes the largest page multiple). */
#define MEMORY_UNLIMITED ((uint64_t)1 << 60)

static bool
mount_serves(const struct cgroup_mount *m, const char *controller)
{
	return *controller ? !m->v2 && list_has(m->options, controller) : m->v2;
}

/* Where the group `path` of a hierarchy is in the file system. A mount may show only a part of
 * the hierarchy (in containers): that part's name is left out. */
static bool
locate(const char *root, const char *controller, const char *path, struct cgroup_dir *ret)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char line[1024];
	struct err ignored;

	char file[512];
	snprintf(file, sizeof(file), "%s/proc/self/mountinfo", root);
	if (file_read(file, 4 << 20, &text, &ignored) < 0)
		return false;
	for (const char *at = buf_text(&text); text_line(&at, line, sizeof(line));) {
		struct cgroup_mount m;
		if (!cgroup_parse_mount(line, &m) || !mount_serves(&m, controller))
			continue;
		size_t shown = strcmp(m.root, "/") == 0 ? 0 : strlen(m.root);
		const char *rest = strncmp(path, m.root, shown) == 0 ? path + shown : path;
		while (strncmp(rest, "/..", 3) == 0)    /* above our cgroup namespace */
			rest += 3;
		if (strcmp(rest, "/") == 0)
			rest = "";
		ret->v2 = m.v2;
		ret->floor = strlen(root) + strlen(m.point);
		return snprintf(ret->path, sizeof(ret->path), "%s%s%s", root, m.point, rest) <
		    (int)sizeof(ret->path);
	}
	return false;
}

bool
cgroup_find(const char *root, int pid, const char *controller, struct cgroup_dir *ret)
{
	char text[8192], path[512];

	if (file_peek(text, sizeof(text), "%s/proc/%d/cgroup", root, pid) <= 0)
		return false;
	if (cgroup_parse_path(text, controller, path, sizeof(path)) &&
	    locate(root, controller, path, ret))
		return true;
	return cgroup_parse_path(text, "", path, sizeof(path)) && locate(root, "", path, ret);
}

bool
cgroup_up(struct cgroup_dir *d)
{
	char *slash = strrchr(d->path, '/');
	if (!slash || (size_t)(slash - d->path) < d->floor)
		return false;
	*slash = '\0';
	return true;
}

static bool
read_number(const struct cgroup_dir *d, const char *file, double *ret)
{
	char text[64];
	return file_peek(text, sizeof(text), "%s/%s", d->path, file) > 0 &&
	    sscanf(text, "%lf", ret) == 1;
}

bool
cgroup_quota(const struct cgroup_dir *d, double *ret_cores)
{
	char text[64];
	double quota, period;

	if (d->v2)
		return file_peek(text, sizeof(text), "%s/cpu.max", d->path) > 0 &&
		    cgroup_parse_cpu_max(text, ret_cores);
	if (!read_number(d, "cpu.cfs_quota_us", &quota) || quota <= 0 ||
	    !read_number(d, "cpu.cfs_period_us", &period) || period <= 0)
		return false;
	*ret_cores = quota / period;
	return true;
}

static double
smallest_quota(struct cgroup_dir d)
{
	double smallest = NAN, cores;
	do
		if (cgroup_quota(&d, &cores) && !(cores >= smallest))
			smallest = cores;
	while (cgroup_up(&d));
	return smallest;
}

static int64_t
smallest_memory_limit(struct cgroup_dir d)
{
	const char *file = d.v2 ? "memory.max" : "memory.limit_in_bytes";
	double smallest = 0, bytes;
	do
		if (read_number(&d, file, &bytes) && bytes > 0 && bytes < MEMORY_UNLIMITED &&
		    (smallest == 0 || bytes < smallest))
			smallest = bytes;
	while (cgroup_up(&d));
	return (int64_t)smallest;
}

/* The most telling path: in a hybrid layout many hierarchies hold everything at their root. */
static void
telling_path(const char *text, char *out, size_t size)
{
	static const char *const order[] = { "cpu", "", "memory", "name=systemd" };
	char path[512];

	snprintf(out, size, "/");
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		if (!cgroup_parse_path(text, order[i], path, sizeof(path)) || !path[1])
			continue;
		snprintf(out, size, "%s", path);
		return;
	}
}

void
cgroup_read(const char *root, int pid, struct cgroup_facts *ret)
{
	char text[8192];
	struct cgroup_dir d;

	*ret = (struct cgroup_facts){ .cpu_limit = NAN };
	if (file_peek(text, sizeof(text), "%s/proc/%d/cgroup", root, pid) <= 0)
		return;
	telling_path(text, ret->path, sizeof(ret->path));
	if (!cgroup_parse_container(text, ret->container))
		ret->container[0] = '\0';
	if (cgroup_find(root, pid, "cpu", &d))
		ret->cpu_limit = smallest_quota(d);
	if (cgroup_find(root, pid, "memory", &d))
		ret->memory_limit = smallest_memory_limit(d);
}

void
cgroup_io_limits(const char *root, int pid, struct io_limits *ret)
{
	static const struct { const char *file; bool operations; } v1[] = {
		{ "blkio.throttle.read_bps_device", false },
		{ "blkio.throttle.write_bps_device", false },
		{ "blkio.throttle.read_iops_device", true },
		{ "blkio.throttle.write_iops_device", true },
	};
	struct cgroup_dir d;
	char text[4096];

	*ret = (struct io_limits){ 0 };
	if (!cgroup_find(root, pid, "blkio", &d))
		return;
	do {
		if (d.v2 && file_peek(text, sizeof(text), "%s/io.max", d.path) > 0)
			io_limits_add(text, false, ret);
		for (size_t i = 0; !d.v2 && i < COUNT_OF(v1); i++)
			if (file_peek(text, sizeof(text), "%s/%s", d.path, v1[i].file) > 0)
				io_limits_add(text, v1[i].operations, ret);
	} while (cgroup_up(&d));
}

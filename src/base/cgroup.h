/* SPDX-License-Identifier: MIT */
/* Control groups of a process, v1, v2 or both at once (hybrid).
 *
 * `root` goes in front of every path: "" on a real host, a folder with a recorded /proc and /sys
 * in tests. Any thread. */
#pragma once

#include "base/proc_text.h"

struct cgroup_dir {
	char path[768];         /* folder of the group, with the root in front */
	size_t floor;           /* length of the mount point's part: parents end there */
	bool v2;
};

/* Folder of the process's group for a controller (cpu, memory, blkio; "io" is blkio in v2). */
bool cgroup_find(const char *root, int pid, const char *controller, struct cgroup_dir *ret);

/* Go to the parent group; false at the top of what is mounted. */
bool cgroup_up(struct cgroup_dir *d);

/* Quota of this very group in cores; false without one. */
bool cgroup_quota(const struct cgroup_dir *d, double *ret_cores);

struct cgroup_facts {
	char path[512];         /* inside its hierarchy: cpu's before v2's before memory's */
	char container[65];     /* id; empty: none */
	double cpu_limit;       /* cores, smallest of the group and its parents; NAN none */
	int64_t memory_limit;   /* bytes, likewise; 0 none */
};
void cgroup_read(const char *root, int pid, struct cgroup_facts *ret);

/* Smallest block I/O limits of the group and its parents. */
void cgroup_io_limits(const char *root, int pid, struct io_limits *ret);

/* SPDX-License-Identifier: MIT */
#include "load/throttle.h"

#include <unistd.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/file.h"

/* cpu.stat of version 2 has "throttled_usec", of version 1 "throttled_time" in ns (kernel documentation,
 * admin-guide/cgroup-v2.rst; scheduler/sched-bwc.rst). */
static int64_t
throttled_in(const struct cgroup_dir *d)
{
	char text[2048];
	uint64_t value;

	if (file_peek(text, sizeof(text), "%s/cpu.stat", d->path) <= 0)
		return 0;
	if (text_number(text, "throttled_usec", &value))
		return (int64_t)value * NS_PER_US;
	return text_number(text, "throttled_time", &value) ? (int64_t)value : 0;
}

int64_t
throttle_own_ns(void)
{
	struct cgroup_dir d;
	int64_t most = 0;

	if (!cgroup_find("", getpid(), "cpu", &d))
		return 0;
	do {
		int64_t here = throttled_in(&d);
		most = here > most ? here : most;
	} while (cgroup_up(&d));
	return most;
}

int64_t
stolen_ns(void)
{
	char line[512];
	struct proc_cpu all;

	if (file_peek(line, sizeof(line), "/proc/stat") <= 0 || !proc_parse_cpu(line, &all))
		return 0;
	return (int64_t)all.steal * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

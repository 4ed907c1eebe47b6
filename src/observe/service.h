/* SPDX-License-Identifier: MIT */
/* The service while it is watched: what every collector reads from. */
#pragma once

#include "observe/tree.h"

struct service {
	struct tree tree;               /* read anew before each pass */
	const uint16_t *ports;
	size_t n_ports;
	int first;                      /* pid whose cgroup and network namespace count */
	/* CPU used since the watch began; never falls. The kernel splits it into user and system time in
	 * ticks of 10 ms; the whole it knows to the nanosecond. */
	double cpu_s, user_s, system_s;
	double raw_cpu_s, raw_user_s, raw_system_s;
};

/* Read the members again, with those forked since when `scan`, and add up their CPU time. */
void service_read(struct service *s, bool scan);

/* Sum over the members of what `of` gives. */
double service_sum(const struct service *s, double (*of)(const struct proc_stat *p));

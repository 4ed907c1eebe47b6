/* SPDX-License-Identifier: MIT */
/* What keeps a process from the CPUs that no scheduler's figure shows. 0 where it cannot be read. Any
 * thread. */
#pragma once

#include <stdint.h>

/* How long the control group that this process is in was stopped by a quota, its own or that of a group
 * above: ns since the group was made. */
int64_t throttle_own_ns(void);

/* How long the hypervisor ran something else while a CPU of this machine had work: ns since boot, all CPUs
 * together (steal in proc_stat(5)). */
int64_t stolen_ns(void);

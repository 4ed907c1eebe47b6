/* SPDX-License-Identifier: MIT */
/* A generator that sends late measures itself, and 4 ms is what a thread waits for a CPU when all are busy, at any
 * nice value once the service runs in another session (autogroup). So it runs in the lowest real-time class where it
 * may: served at once when it wakes. Who may not asks for the shortest slice, which is everybody's right: the
 * scheduler of Linux 6.12 and later gives short slices earlier deadlines (EEVDF), earlier ones take no notice. */
#include "load/prompt.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000        /* the shortest that the kernel takes */

void
prompt_thread(void)
{
	struct sched_attr a = { .size = sizeof(a), .sched_policy = SCHED_RR, .sched_flags = SCHED_FLAG_RESET_ON_FORK,
		.sched_priority = 1 };

	if (syscall(SYS_sched_setattr, 0, &a, 0) == 0 || syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) != 0)
		return;
	a.sched_flags = SCHED_FLAG_RESET_ON_FORK;
	a.sched_runtime = SLICE_NS;
	syscall(SYS_sched_setattr, 0, &a, 0);
}

/* SPDX-License-Identifier: MIT */
/* Time. Inside prony every duration and instant is int64_t nanoseconds; instants are
 * CLOCK_MONOTONIC, the clock the kernel's tracing also uses. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

int64_t now_ns(void);              /* CLOCK_MONOTONIC */
int64_t wall_ns(void);             /* CLOCK_REALTIME since the epoch */
int64_t process_cpu_ns(void);      /* CPU used by this process, all threads */
int64_t thread_cpu_ns(void);       /* by the calling thread */
void sleep_until_ns(int64_t when); /* absolute monotonic; returns at once when past */

/* UTC as "2026-11-21T03:12:00Z". `out` holds 21 bytes. */
void wall_format(int64_t wall, char out[21]);

static inline double
ns_to_s(int64_t ns)
{
	return (double)ns / 1e9;
}

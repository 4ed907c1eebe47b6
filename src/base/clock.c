/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t
now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
process_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void
sleep_until_ns(int64_t when)
{
	struct timespec t = { .tv_sec = when / NS_PER_S, .tv_nsec = when % NS_PER_S };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

void
wall_format(int64_t wall, char out[21])
{
	time_t s = (time_t)(wall / NS_PER_S);
	struct tm tm;
	gmtime_r(&s, &tm);
	strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* SPDX-License-Identifier: MIT */
/* When the kernel received bytes: SO_TIMESTAMPNS of a socket (socket(7)), on our clock.
 *
 * The kernel stamps packets with the wall clock, prony counts on the monotonic one. Their distance
 * only changes when somebody sets the wall clock, so it is measured anew ten times a second. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

/* Room for the control data of a receive. */
#define STAMP_CONTROL_BYTES CMSG_SPACE(sizeof(struct timespec))

struct stamp_clock {
	int64_t wall_less_mono_ns;
	int64_t checked_ns;       /* 0: never */
};

/* Ask for stamps. A socket that cannot has none; nothing else changes. */
void stamp_enable(int fd);

/* Measure the distance where that was long ago. */
void stamp_clock_check(struct stamp_clock *c, int64_t now);

/* The stamp in a message's control data (CLOCK_MONOTONIC), at most `now`; without one, now itself.
 * `now`: read after the bytes were received. */
int64_t stamp_read(const struct stamp_clock *c, struct msghdr *m, int64_t now);

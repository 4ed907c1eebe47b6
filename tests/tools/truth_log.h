/* SPDX-License-Identifier: MIT */
/* The truth server's own record: when each request arrived and when its answer left.
 *
 * Kept in memory, so that no disk stands in the way of an answer, and written at the end: a line
 * "# start_ns N" (when the server began, the zero of the stall schedule), one with the names, one a
 * request. Nanoseconds of CLOCK_MONOTONIC. Bounded: what does not fit is counted, "# dropped N". */
#pragma once

#include <stdint.h>

struct truth_stamp {
	int64_t conn, number;      /* which connection, which request on it; both from 0 */
	int64_t arrived_ns;        /* its last byte, in the kernel where it tells, else as seen */
	int64_t seen_ns;           /* by the server */
	int64_t replied_ns;        /* just before the last byte of the answer; 0: never */
};

struct truth_log;

struct truth_log *truth_log_open(int64_t start_ns);
void truth_log_add(struct truth_log *l, const struct truth_stamp *s);
/* Write it to `path` and release it; 0 or -errno. */
int truth_log_close(struct truth_log *l, const char *path);

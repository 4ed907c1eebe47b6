/* SPDX-License-Identifier: MIT */
/* hsperf: the counters that a Java machine (HotSpot) keeps in /tmp/hsperfdata_USER/PID for jstat:
 * collections, pauses, safepoints, sizes of the heap. The format is in share/runtime/perfMemory.hpp,
 * version 2: a head of 32 bytes, then entries with a name each. Sans-I/O; the bytes may be anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in the file the number of a counter is; 0: there is no such counter, or it is no number. */
size_t hsperf_find(const uint8_t *bytes, size_t size, const char *name);

/* The number at such a place. */
int64_t hsperf_number(const uint8_t *bytes, size_t size, size_t at);

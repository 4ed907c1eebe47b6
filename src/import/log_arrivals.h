/* SPDX-License-Identifier: MIT */
/* The arrival times of a log, as a file: a line a request, "SECONDS FLOW", seconds since the first
 * with six decimals and never smaller than the line before, FLOW the place of the flow in the
 * scenario from 0.
 *
 * Which routes become flows is known only at the end, so times are spooled to a nameless file
 * beside the result, 16 bytes each, and read again. Lines that a server wrote late are put in
 * order within a window; later ones take the time that the file has reached. Where a log's times
 * are whole seconds, the requests of a second are spread evenly over it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct recorded { int64_t time_ns; uint64_t route; };

struct recording;

int recording_open(const char *path, struct recording **ret, struct err *e);

/* Append the arrivals of a chunk; chunk numbers count from 0 and every one must come. Any thread;
 * waits for the chunks before it. */
void recording_append(struct recording *a, uint64_t chunk, const struct recorded *list, size_t n);

struct recording_summary { uint64_t written, late; double seconds; };

/* Write the file; routes[i] is the hash of flow i, other routes are left out. Frees `a` whatever
 * happens. */
int recording_write(struct recording *a, const uint64_t *routes, size_t n_routes,
    struct recording_summary *ret, struct err *e);
void recording_drop(struct recording *a);   /* accepts NULL */

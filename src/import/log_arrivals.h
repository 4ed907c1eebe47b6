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

struct arrival { int64_t time_ns; uint64_t route; };

struct arrivals;

int arrivals_open(const char *path, struct arrivals **ret, struct err *e);

/* Append the arrivals of a chunk; chunk numbers count from 0 and every one must come. Any thread;
 * waits for the chunks before it. */
void arrivals_append(struct arrivals *a, uint64_t chunk, const struct arrival *list, size_t n);

struct arrivals_summary { uint64_t written, late; double seconds; };

/* Write the file; routes[i] is the hash of flow i, other routes are left out. Frees `a` whatever
 * happens. */
int arrivals_write(struct arrivals *a, const uint64_t *routes, size_t n_routes,
    struct arrivals_summary *ret, struct err *e);
void arrivals_drop(struct arrivals *a);   /* accepts NULL */

/* SPDX-License-Identifier: MIT */
/* Histograms as an HdrHistogram interval log (.hlog), the format that people have viewers for.
 *
 * Written from the description of the format in the HdrHistogram project: log version 1.3, one line
 * an interval, "Tag=...,start,length,max,base64"; the histogram is V2: big-endian header, counts
 * as ZigZag LEB128 in which a negative number skips that many empty counts, all of it zlib
 * compressed behind a second cookie. Three significant digits, unit nanoseconds. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "stats/histogram.h"

/* The head of a log whose intervals count from `start_wall_ns` (since the epoch). */
void hdr_log_head(struct buf *out, int64_t start_wall_ns);

/* One interval; `tag` may be NULL. Characters that would break the line are written as '_'. */
void hdr_log_interval(struct buf *out, const char *tag, double start_s, double length_s,
    const struct histogram *h);

/* The base64 text alone. */
void hdr_log_histogram(struct buf *out, const struct histogram *h);

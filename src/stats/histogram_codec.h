/* SPDX-License-Identifier: MIT */
/* A histogram as a few bytes, exact: what is decoded merges as the original would.
 *
 * Our own format, for prony to speak with prony. Numbers are unsigned LEB128 (DWARF 5, 7.6):
 *
 *   count                     0: empty, nothing follows
 *   min, max                  ns
 *   sum                       an IEEE 754 double, 8 bytes, little endian
 *   cells                     how many buckets hold something
 *   skipped, count            for each, in ascending order: empty buckets before it, and its count
 *
 * A busy second takes one to three bytes a bucket. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "stats/histogram.h"

/* ---- numbers ---- */

/* Bytes that are read from the front; what is wrong in them sets `bad`, and reads give 0 from then on. */
struct code_reader {
	const unsigned char *at, *end;
	bool bad;
};

/* Unsigned LEB128, 1 to 10 bytes. */
void code_put(struct buf *out, uint64_t n);
uint64_t code_get(struct code_reader *r);
/* The same, bounded: more than `most` is bad. */
uint64_t code_get_most(struct code_reader *r, uint64_t most);
void code_put_double(struct buf *out, double x);
double code_get_double(struct code_reader *r);
void code_put_text(struct buf *out, const char *text);
/* Cut text that is longer than the place for it is bad. */
void code_get_text(struct code_reader *r, char *out, size_t size);

/* ---- histograms ---- */

/* Append; `h` stays as it is. */
void histogram_encode(const struct histogram *h, struct buf *out);
/* Read one into the empty *ret. Whatever the bytes are it costs 75 KiB at most; where they are no
 * histogram r->bad is set and *ret is empty. */
void histogram_decode(struct code_reader *r, struct histogram *ret);

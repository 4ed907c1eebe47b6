/* SPDX-License-Identifier: MIT */
#include "stats/hdr_log.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define COOKIE_V2            0x1c849303u
#define COOKIE_V2_COMPRESSED 0x1c849304u
#define COOKIE_WORD_SIZE     0x10u        /* "counts are LEB128" */
#define DIGITS    3u
#define HALF_BITS 10u                     /* 3 digits: 2048 sub-buckets, half of them new */

/* Place of a value in an HdrHistogram of 3 digits and unit 1. */
static uint64_t
hdr_index(uint64_t value)
{
	unsigned bucket = 64 - (HALF_BITS + 1) -
	    (unsigned)__builtin_clzll(value | ((UINT64_C(2) << HALF_BITS) - 1));
	return (((uint64_t)bucket + 1) << HALF_BITS) + (value >> bucket) - (UINT64_C(1) << HALF_BITS);
}

static void
put_be32(struct buf *out, uint32_t v)
{
	v = htobe32(v);
	buf_append(out, &v, sizeof(v));
}

static void
put_be64(struct buf *out, uint64_t v)
{
	v = htobe64(v);
	buf_append(out, &v, sizeof(v));
}

/* ZigZag LEB128, at most nine bytes: the ninth carries eight bits. */
static void
put_zigzag(struct buf *out, int64_t signed_value)
{
	uint64_t v = ((uint64_t)signed_value << 1) ^ (uint64_t)(signed_value >> 63);
	for (int i = 0; i < 8 && v > 127; i++) {
		buf_putc(out, (char)(v | 128));
		v >>= 7;
	}
	buf_putc(out, (char)v);
}

/* Counts in index order; `next` is the first index not written yet. */
static void
put_count(struct buf *out, uint64_t *next, int64_t value, int64_t count)
{
	uint64_t at = hdr_index((uint64_t)value);
	if (!count)
		return;
	if (at > *next)       /* one empty count is written as itself */
		put_zigzag(out, at == *next + 1 ? 0 : -(int64_t)(at - *next));
	put_zigzag(out, count);
	*next = at + 1;
}

/* A bucket's values are written at its middle, one of the last bucket's at the true maximum: a
 * reader then sees the maximum that we saw. Our buckets are wider than those of three digits, so
 * the middle of the last one and the maximum may share a place: then they are one count. */
static void
put_counts(struct buf *out, const struct histogram *h)
{
	int64_t max = h->max < HISTOGRAM_MAX ? h->max : HISTOGRAM_MAX;
	struct histogram_cell c = { 0 };
	uint64_t next = 0;

	while (histogram_next(h, &c)) {
		int64_t middle = c.low + (c.high - c.low) / 2;
		bool last = c.low <= max && max <= c.high;
		if (last && (middle >= max || hdr_index((uint64_t)middle) == hdr_index((uint64_t)max))) {
			put_count(out, &next, max, c.count);
		} else if (last) {
			put_count(out, &next, middle, c.count - 1);
			put_count(out, &next, max, 1);
		} else {
			put_count(out, &next, middle, c.count);
		}
	}
}

static void
encode(struct buf *out, const struct histogram *h)
{
	CLEANUP(buf_done) struct buf counts = { 0 };
	double ratio = 1;
	uint64_t ratio_bits;

	put_counts(&counts, h);
	memcpy(&ratio_bits, &ratio, sizeof(ratio_bits));
	put_be32(out, COOKIE_V2 | COOKIE_WORD_SIZE);
	put_be32(out, (uint32_t)counts.size);
	put_be32(out, 0);                        /* normalizing index offset */
	put_be32(out, DIGITS);
	put_be64(out, 1);                        /* lowest discernible value */
	put_be64(out, (uint64_t)HISTOGRAM_MAX);
	put_be64(out, ratio_bits);
	buf_append(out, counts.data, counts.size);
}

static void
compress_into(struct buf *out, const struct buf *plain)
{
	uLongf size = compressBound(plain->size);
	CLEANUP(free_p) Bytef *packed = malloc(size);
	if (!packed || compress(packed, &size, (const Bytef *)plain->data, plain->size) != Z_OK)
		abort();
	put_be32(out, COOKIE_V2_COMPRESSED | COOKIE_WORD_SIZE);
	put_be32(out, (uint32_t)size);
	buf_append(out, packed, size);
}

static void
put_base64(struct buf *out, const struct buf *bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes->data;

	for (size_t i = 0; i < bytes->size; i += 3) {
		size_t have = bytes->size - i;
		unsigned v = (unsigned)p[i] << 16 | (have > 1 ? (unsigned)p[i + 1] << 8 : 0) |
		    (have > 2 ? p[i + 2] : 0u);
		buf_putc(out, digits[v >> 18]);
		buf_putc(out, digits[v >> 12 & 63]);
		buf_putc(out, have > 1 ? digits[v >> 6 & 63] : '=');
		buf_putc(out, have > 2 ? digits[v & 63] : '=');
	}
}

void
hdr_log_histogram(struct buf *out, const struct histogram *h)
{
	CLEANUP(buf_done) struct buf plain = { 0 };
	CLEANUP(buf_done) struct buf packed = { 0 };

	encode(&plain, h);
	compress_into(&packed, &plain);
	put_base64(out, &packed);
}

void
hdr_log_head(struct buf *out, int64_t start_wall_ns)
{
	char when[21];

	wall_format(start_wall_ns, when);
	buf_printf(out, "#[Logged with prony %s; values are nanoseconds]\n", PRONY_VERSION);
	buf_puts(out, "#[Histogram log format version 1.3]\n");
	buf_printf(out, "#[StartTime: %.3f (seconds since epoch), %s]\n",
	    (double)start_wall_ns / 1e9, when);
	buf_puts(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
	              "\"Interval_Compressed_Histogram\"\n");
}

void
hdr_log_interval(struct buf *out, const char *tag, double start_s, double length_s,
    const struct histogram *h)
{
	if (tag) {
		buf_puts(out, "Tag=");
		for (; *tag; tag++)
			buf_putc(out, *tag == ',' || !isgraph((unsigned char)*tag) ? '_' : *tag);
		buf_putc(out, ',');
	}
	/* The maximum is in milliseconds: readers expect nanoseconds over a million. */
	buf_printf(out, "%.3f,%.3f,%.3f,", start_s, length_s, (double)h->max / 1e6);
	hdr_log_histogram(out, h);
	buf_putc(out, '\n');
}

/* SPDX-License-Identifier: MIT */
/* What is asked for most, in bounded memory.
 *
 * The space-saving sketch (Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data
 * streams", ICDT 2005): `items` counters; who has none takes the smallest one over, with its count as a possible error.
 * Items are ranked by what is certain, the count less the error, so that a flood of ones asked for once brings nobody to
 * the front. Old requests count less: half after each half-life (forward decay: Cormode, Shkapenyuk, Srivastava, Xu, ICDE
 * 2009), so that nothing has to be gone through as time passes.
 *
 * An item is a text: the URL, and behind it on a line each the fields that its answer varies by ("name: value").
 * One thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/field.h"

#define POPULAR_TEXT_MAX 2048   /* bytes of an item; longer ones are not counted */

struct popular;

struct popular_item {
	struct text text;       /* until the next popular_add */
	double requests;        /* that are certain, decayed */
};

/* NULL when memory does not reach. */
struct popular *popular_new(size_t items, int64_t half_life_ns);
void popular_free(struct popular *p);   /* accepts NULL */

/* So many requests for the item at that wall time, which may lie back. */
void popular_add(struct popular *p, struct text item, double requests, int64_t wall_ns);

/* The first `n` of them into `out`, most asked for first; returns how many there are. */
size_t popular_top(struct popular *p, size_t n, int64_t wall_ns, struct popular_item *out);

/* As a file: a line with version and time, one for each item, a checksum. Items with parameters that are named like
 * secrets are left out. */
void popular_write(struct popular *p, int64_t wall_ns, struct buf *out);
/* Add what such a file holds. -EINVAL: it is none, of another version, or damaged; then nothing was added. `name` stands
 * for the text in the error. */
int popular_read(struct popular *p, const char *name, struct text file, struct err *e);

/* SPDX-License-Identifier: MIT */
/* bootstrap: how far off a quantile of one stretch of load may be, when requests depend on their
 * neighbours, because they queue behind each other.
 *
 * The stretch is kept in blocks of equal length. Blocks are drawn with replacement, as many as there
 * are, and the quantile is taken of what was drawn, again and again: its spread is the answer
 * (Carlstein, Annals of Statistics 14, 1986; Lahiri, Resampling Methods for Dependent Data, 2.6).
 * Blocks that still resemble their neighbours are joined, as long as enough remain. The interval is
 * widened to Student's t: few blocks know their own spread badly. What lasts longer than a block is
 * not in it; `bench/prove` shows how often it holds the truth.
 *
 * Zero-initialise to use. One thread. */
#pragma once

#include <stdint.h>

#include "stats/histogram.h"
#include "stats/interval.h"

#define BOOTSTRAP_BLOCKS_MAX 64   /* then neighbours are joined: memory is bounded */
#define BOOTSTRAP_BLOCKS_MIN 8    /* with fewer nothing is said */

struct bootstrap {
	struct histogram blocks[BOOTSTRAP_BLOCKS_MAX];
	int64_t length[BOOTSTRAP_BLOCKS_MAX];   /* in stretches; the last one may be shorter */
	size_t n;
	int64_t full;                           /* stretches of a whole block */
};

/* The next stretch of the load, as long as the others; copied. */
void bootstrap_add(struct bootstrap *b, const struct histogram *stretch);

/* The same seed gives the same interval. low and high are NAN with too few blocks. May join blocks. */
struct interval bootstrap_quantile(struct bootstrap *b, double q, uint64_t seed);

void bootstrap_done(struct bootstrap *b);

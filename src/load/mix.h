/* SPDX-License-Identifier: MIT */
/* A choice among n by weight, in constant time: Walker's alias table, as Vose makes it (IEEE Trans.
 * Software Eng. 17, 1991). Read by any thread. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

struct mix;

/* Weights are >= 0 and finite, at least one above 0. NULL when all are equal: then nothing has to
 * be drawn. Lives in the arena. */
const struct mix *mix_make(struct arena *a, const double *weights, uint32_t n);

/* The choice that these random bits stand for, 0 .. n - 1. */
uint32_t mix_pick(const struct mix *m, uint64_t random);

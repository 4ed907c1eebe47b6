/* SPDX-License-Identifier: MIT */
/* Rates of clients or routes held to a limit: the token bucket in its form as a theoretical arrival time
 * (GCRA, ITU-T I.371), one word a bucket.
 *
 * One table for all limits, shared by all threads without locks. It has a fixed number of places in sets of
 * 8; when a set is full, the bucket that has been idle longest gives way, and who comes back begins with a
 * full bucket. So a flood of clients costs no memory, at worst it is limited less. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "gate/config/config.h"

struct rate_table;

/* NULL when memory does not reach. `places` is rounded up. */
struct rate_table *rate_table_new(size_t places);
void rate_table_free(struct rate_table *t);   /* accepts NULL */

/* May the owner of `key` (client and route, or route, hashed with a secret seed) send one request now? 0, or after
 * how many nanoseconds it may: 429 with Retry-After. */
int64_t rate_limit_take(struct rate_table *t, const struct gate_rate_limit *limit, uint64_t key,
    int64_t now_ns);

/* SPDX-License-Identifier: MIT */
/* What a service is asked, as one word: two runs with the same word, rate and seed asked the same. */
#pragma once

#include "base/arena.h"
#include "spec/spec.h"

/* The first 16 hexadecimal digits of a SHA-256 over the paths, added headers, stages and recorded
 * arrivals of the spec, and its scenario with the rows of its feeders. Left out is where the service
 * is, how fast, how long and with which seed it is asked (those are told one by one), and the value
 * of any header that is named like a secret: a token that was renewed makes no other workload. In
 * the arena. A file that cannot be read counts as empty: load says so when it needs it. */
const char *workload_hash(const struct spec *s, struct arena *a);

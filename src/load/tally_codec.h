/* SPDX-License-Identifier: MIT */
/* A tally as bytes, exact, for another prony to merge (stats/histogram_codec.h has the numbers).
 *
 *   slice + 1 (0: TALLY_DRAIN), scheduled, sent, censored, tokens, those estimated, SPANS histograms,
 *   routes
 *   for each route: OUTCOMES counts, body bytes, content type and encoding, how many statuses were
 *   seen, each as status and count, one histogram */
#pragma once

#include "base/buf.h"
#include "load/tally.h"

void tally_encode(const struct tally *t, struct buf *out);

/* NULL when these are no tally of so many routes. Whatever the bytes are, it costs no more than
 * SPANS + n_routes full histograms. */
struct tally *tally_decode(const void *bytes, size_t size, size_t n_routes);

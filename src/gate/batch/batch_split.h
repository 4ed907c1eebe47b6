/* SPDX-License-Identifier: MIT */
/* The answer to a batch, taken apart: whose is which of its items, as they stand there byte for byte. Pure. */
#pragma once

#include "base/map.h"
#include "gate/config/config.h"

enum batch_fit {
	BATCH_FITS,
	BATCH_NOT_JSON,       /* or nested too deep */
	BATCH_NO_ITEMS,       /* where they should be is no list, or no object where names tell whose they are */
	BATCH_WRONG_COUNT,    /* by order: there are not as many as keys */
	BATCH_NO_KEY,         /* an item does not say whose it is */
};

/* `keys`: to the place of each among the `n` that were asked for. ret_values[i]: of key i; `at` NULL: there is none, or
 * it is null. Of two items of one key the first counts, one that nobody asked for is left out. */
enum batch_fit batch_split(const struct gate_batch *b, const struct map *keys, size_t n, struct text answer,
    struct text *ret_values);

const char *batch_fit_text(enum batch_fit fit);   /* a sentence for people; BATCH_FITS: NULL */

/* SPDX-License-Identifier: MIT */
/* "Did you mean": the candidate that is a slip of the fingers away from what was typed.
 *
 * Zero-initialise with the word, try every candidate, read `best`. */
#pragma once

struct nearest {
	const char *word;
	const char *best;   /* NULL: nothing is close enough to be a slip */
	int distance;       /* of best: letters added, left out, changed or swapped */
};

void nearest_try(struct nearest *n, const char *candidate);

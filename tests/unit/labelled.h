/* SPDX-License-Identifier: MIT */
/* Series with known change points: bench/prove/changepoints_200.txt, or a file like it. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define LABELLED_POINTS 20000
#define LABELLED_CHANGES 64

struct labelled {
	char id[24], kind[24];
	size_t changes[LABELLED_CHANGES], n_changes;
	double y[LABELLED_POINTS];
	size_t n;
};

/* The next series of the file: 1, 0 at its end, -1 when a line is none. */
int labelled_next(FILE *f, struct labelled *ret);

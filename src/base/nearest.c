/* SPDX-License-Identifier: MIT */
/* Optimal string alignment distance over three rows; words longer than a row are never slips. */
#include "base/nearest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 48

static int
least(int a, int b, int c)
{
	int m = a < b ? a : b;
	return m < c ? m : c;
}

static int
distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	int before[WORD_MAX + 1], last[WORD_MAX + 1], row[WORD_MAX + 1];

	memset(before, 0, sizeof(before));
	for (size_t j = 0; j <= n_b; j++)
		last[j] = (int)j;
	for (size_t i = 1; i <= n_a; i++) {
		row[0] = (int)i;
		for (size_t j = 1; j <= n_b; j++) {
			int differ = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
			row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		memcpy(before, last, sizeof(last));
		memcpy(last, row, sizeof(row));
	}
	return last[n_b];
}

void
nearest_try(struct nearest *n, const char *candidate)
{
	size_t n_a = strlen(n->word), n_b = strlen(candidate);

	if (!n_a || n_a > WORD_MAX || n_b > WORD_MAX)
		return;
	int d = distance(n->word, n_a, candidate, n_b);
	/* One slip in a short word, two in an ordinary one, three in a long one. */
	int slips = n_a <= 4 ? 1 : n_a <= 8 ? 2 : 3;
	if (d <= slips && (!n->best || d < n->distance)) {
		n->best = candidate;
		n->distance = d;
	}
}

/* SPDX-License-Identifier: MIT */
#include "labelled.h"

#include <stdlib.h>
#include <string.h>

/* Numbers as far as they go, between `separators`; returns how many. */
static size_t
numbers(char *text, const char *separators, double *ret, size_t room)
{
	size_t n = 0;
	char *end, *at = text;

	while (n < room) {
		double value = strtod(at, &end);
		if (end == at)
			break;
		ret[n++] = value;
		at = end + strspn(end, separators);
	}
	return n;
}

int
labelled_next(FILE *f, struct labelled *ret)
{
	static char line[16 * LABELLED_POINTS];
	char changes[512];
	double at[LABELLED_CHANGES];
	int used = 0;

	do {
		if (!fgets(line, sizeof(line), f))
			return 0;
	} while (line[0] == '#');
	if (sscanf(line, "%23s %23s %511s %n", ret->id, ret->kind, changes, &used) != 3 || !used)
		return -1;
	ret->n_changes = numbers(changes, ",", at, LABELLED_CHANGES);
	for (size_t i = 0; i < ret->n_changes; i++)
		ret->changes[i] = (size_t)at[i];
	ret->n = numbers(line + used, " ", ret->y, LABELLED_POINTS);
	return ret->n ? 1 : -1;
}

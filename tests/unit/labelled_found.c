/* SPDX-License-Identifier: MIT */
/* Prints what changepoints() finds in a file of labelled series, for bench/prove/changepoints.py. A
 * line: id, kind, points, true places, found places (comma-separated, "-" none), CPU milliseconds. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "labelled.h"
#include "stats/changepoint.h"

#include <time.h>

#define ROOM 256

static double
cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
print_places(size_t n, size_t at(const void *items, size_t i), const void *items)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%zu", i ? "," : "\t", at(items, i));
	if (!n)
		printf("\t-");
}

static size_t
true_at(const void *items, size_t i)
{
	return ((const struct labelled *)items)->changes[i];
}

static size_t
found_at(const void *items, size_t i)
{
	return ((const struct changepoint *)items)[i].at;
}

int
main(int argc, char **argv)
{
	static struct labelled l;
	static struct changepoint found[ROOM];
	CLEANUP(file_close_p) FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	int more;

	if (!f) {
		fprintf(stderr, "usage: labelled_found FILE\n");
		return 2;
	}
	while ((more = labelled_next(f, &l)) > 0) {
		double before = cpu_ms();
		size_t n = changepoints(l.y, l.n, found, ROOM);
		double took = cpu_ms() - before;
		printf("%s\t%s\t%zu", l.id, l.kind, l.n);
		print_places(l.n_changes, true_at, &l);
		print_places(n, found_at, found);
		printf("\t%.3f\n", took);
	}
	return more < 0;
}

/* SPDX-License-Identifier: MIT */
/* Which requests would have been hits? Hit ratios of LRU, FIFO, SIEVE, S3-FIFO as published, the store's own
 * policy and Belady's OPT, for caches of 1, 5 and 20 % of all bytes of a trace.
 *
 * usage: gate_eviction [--sized] [--requests N] [TRACE...]      without a trace: made-up ones */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caches.h"

static const double shares[] = { 0.01, 0.05, 0.2 };
#define KINDS_MAX 24

/* Sums over all points: of the share of the way from LRU to OPT. */
static double closed[KINDS_MAX], worst[KINDS_MAX], best;
static int points;

static void
print_head(void)
{
	printf("| trace | cache |");
	for (const struct cache_kind *k = cache_kinds; k->name; k++)
		printf(" %s |", k->name);
	printf("\n");
}

static void
print_point(const struct trace *t, double share)
{
	double ratio[KINDS_MAX], top = -9;
	int n = 0;

	printf("| %s | %g %% |", t->name, share * 100);
	for (const struct cache_kind *k = cache_kinds; k->name; k++, n++) {
		struct cache_result r = k->run(t, (uint64_t)((double)t->bytes * share));
		ratio[n] = (double)r.hits / (double)t->n;
		printf(" %.2f |", 100 * ratio[n]);
		fflush(stdout);
	}
	printf("\n");
	for (int i = 0; i < n; i++) {
		double c = (ratio[i] - ratio[0]) / (ratio[n - 1] - ratio[0]);
		closed[i] += c;
		if (i < n - 1 && c > top)
			top = c;
		if (ratio[i] - ratio[0] < worst[i])
			worst[i] = ratio[i] - ratio[0];
	}
	best += top;
	points++;
}

static void
print_trace(struct trace *t)
{
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
		print_point(t, shares[i]);
	trace_done(t);
}

static void
print_sums(void)
{
	printf("| share of the way from LRU to OPT | mean |");
	for (int i = 0; cache_kinds[i].name; i++)
		printf(" %.3f |", closed[i] / points);
	printf("\n| points below LRU | worst |");
	for (int i = 0; cache_kinds[i].name; i++)
		printf(" %.2f |", 100 * worst[i]);
	printf("\nbest of all at each point: %.3f\n", best / points);
}

int
main(int argc, char **argv)
{
	struct trace t;
	struct err e;
	size_t n = 1000000;
	int sized = 0, i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--sized"))
			sized = 1;
		else if (!strcmp(argv[i], "--requests") && i + 1 < argc)
			n = strtoull(argv[++i], NULL, 10);
	}
	print_head();
	if (i == argc)
		for (size_t k = 0; trace_name(k); k++) {
			trace_make(k, n, sized, &t);
			print_trace(&t);
		}
	for (; i < argc; i++) {
		if (trace_read(argv[i], &t, &e)) {
			fprintf(stderr, "%s\n", e.text);
			return 2;
		}
		print_trace(&t);
	}
	print_sums();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Which requests would have been hits? Hit ratios of LRU, FIFO, SIEVE, S3-FIFO as published, the store's own
 * policy and Belady's OPT, for caches of 1, 5 and 20 % of all bytes of a trace.
 *
 * usage: gate_eviction [--sized] [--cost] [--requests N]
 *        gate_eviction [--format lines|oracleGeneral|csv|twitter] [--columns ID[,SIZE]] [--uniform] [--cost]
 *            [--requests N] TRACE...
 *
 * Without a trace: made-up ones. --sized: their objects have sizes. --cost: objects differ in what a miss
 * costs, and the share of that cost that was saved is printed instead. TRACE -: what is piped in. --requests: so
 * many of a trace, else all of it, and a million of a made-up one. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caches.h"

static const double shares[] = { 0.01, 0.05, 0.2 };
#define KINDS_MAX 24

/* Over all points: sums of the share of the way from LRU to OPT, least difference to LRU, sums. */
static double closed[KINDS_MAX], worst[KINDS_MAX], sum[KINDS_MAX];
static int points, ways;   /* ways: those where OPT is better than LRU */
static bool by_cost;

static void
print_head(void)
{
	printf("| trace | cache |");
	for (const struct cache_kind *k = cache_kinds; k->name; k++)
		printf(" %s |", k->name);
	printf("\n|---|---|");
	for (const struct cache_kind *k = cache_kinds; k->name; k++)
		printf("---:|");
	printf("\n");
}

static void
print_point(const struct trace *t, double share)
{
	double ratio[KINDS_MAX], whole = 0;
	int n = 0;

	for (size_t i = 0; i < t->n; i++)
		whole += (double)t->costs[t->ids[i]];
	printf("| %s | %g %% |", t->name, share * 100);
	for (const struct cache_kind *k = cache_kinds; k->name; k++, n++) {
		struct cache_result r = k->run(t, (uint64_t)((double)t->bytes * share), by_cost);
		ratio[n] = by_cost ? r.saved / whole : (double)r.hits / (double)t->n;
		printf(" %.2f |", 100 * ratio[n]);
		fflush(stdout);
	}
	printf("\n");
	double way = n ? ratio[n - 1] - ratio[0] : 0;
	for (int i = 0; i < n; i++) {
		closed[i] += way > 0 ? (ratio[i] - ratio[0]) / way : 0;
		sum[i] += ratio[i];
		if (ratio[i] - ratio[0] < worst[i])
			worst[i] = ratio[i] - ratio[0];
	}
	points++;
	ways += way > 0;
}

static void
print_trace(struct trace *t)
{
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
		print_point(t, shares[i]);
	trace_done(t);
}

static void
print_row(const char *what, const double *figures, double each)
{
	printf("| %s | |", what);
	for (int i = 0; cache_kinds[i].name; i++)
		printf(" %.2f |", figures[i] * each);
	printf("\n");
}

struct options {
	struct trace_how how;
	int sized;
};

/* The first word that is a trace; -1: an option that there is not. */
static int
read_options(int argc, char **argv, struct options *o)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		if (!strcmp(argv[i], "--sized"))
			o->sized = 1;
		else if (!strcmp(argv[i], "--cost"))
			by_cost = true;
		else if (!strcmp(argv[i], "--uniform"))
			o->how.uniform = true;
		else if (!strcmp(argv[i], "--requests") && value)
			o->how.requests = strtoull(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--format") && value)
			o->how.format = argv[++i];
		else if (!strcmp(argv[i], "--columns") && value &&
		    sscanf(argv[i + 1], "%d,%d", &o->how.id_column, &o->how.size_column) >= 1 && o->how.id_column > 0)
			i++;
		else
			return -1;
	}
	return i;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct trace t;
	struct err e = { 0 };
	int i = read_options(argc, argv, &o);

	if (i < 0) {
		fprintf(stderr, "usage: gate_eviction [--sized] [--cost] [--requests N]\n"
		    "       gate_eviction [--format lines|oracleGeneral|csv|twitter] [--columns ID[,SIZE]] [--uniform] [--cost]\n"
		    "           [--requests N] TRACE...\n");
		return 2;
	}
	print_head();
	if (i == argc)
		for (size_t k = 0; trace_name(k); k++) {
			trace_make(k, o.how.requests ? o.how.requests : 1000000, o.sized, &t);
			print_trace(&t);
		}
	for (; i < argc; i++) {
		if (trace_read(argv[i], &o.how, &t, &e)) {
			fprintf(stderr, "gate_eviction: %s\n%s%s", e.text, e.hint, *e.hint ? "\n" : "");
			return 2;
		}
		print_trace(&t);
	}
	print_row("mean", sum, 100.0 / points);
	print_row("mean share of the way from LRU to OPT", closed, ways ? 1.0 / ways : 0);
	print_row("furthest below LRU, points", worst, 100);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A part of the record (run.h): what comparisons measured and concluded. */
#pragma once

#include "run/run_load.h"

struct run_effect { double ratio, low, high; };
struct run_effects { struct run_effect latency_p50, latency_p99, throughput, cpu_per_request; };

/* The figures of a route in a block. NAN: too few answers, or too many errors, for it. */
struct run_block_route {
	const char *route;
	int64_t requests;
	double p50, p95, p99, error_rate;
};

/* One arm under load for a while: what proofs are made of. A pair is two neighbouring blocks, one
 * of each arm, that were offered the very same requests at the same times. */
struct run_block {
	int64_t pair;              /* from 0 */
	const char *arm;           /* "A" or "B" */
	const char *load;          /* "rate": open loop; "saturation": as fast as answers come */
	double started, seconds;
	double rate, throughput;   /* offered, answered */
	double mean, p50, p95, p99;   /* NAN where errors or timeouts hide the quantile */
	double error_rate;         /* with timeouts and what was never sent */
	double cpu_per_request;    /* seconds of the service */
	double rss_bytes;
	double spin;               /* seconds that a fixed piece of work took: the machine's own speed */
	const char *void_why;      /* counts for nothing, and why; NULL: it counts */
	const char *late_why;      /* its latencies do not count, and why: they are NAN; NULL: they do */
	struct run_block_route *routes; size_t n_routes;   /* empty when there is one */
};

/* One figure of A beside that of B. */
struct run_comparison {
	const char *metric;        /* latency_p50 latency_p95 latency_p99 throughput cpu_per_request
	                            * rss_bytes error_rate */
	const char *route;         /* NULL: all together */
	double before, after;      /* medians of the blocks */
	double ratio, low, high;   /* after / before, 95 %; of error_rate the difference */
	double margin;             /* share (of error_rate: difference) below which nobody cares */
	double detectable;         /* the smallest share that would have been found, power 80 % */
	int64_t pairs, pairs_needed;   /* used; that would decide it, 0 unknown */
	bool primary;              /* decides first */
	const char *verdict;       /* better same worse inconclusive */
};

/* Where the change comes from: one function, statement, wait or peer. A function that was renamed
 * is two of them: one that is gone (after 0), one that is new (before 0). */
struct run_difference {
	const char *kind;          /* "function", "query", "wait", "call" */
	const char *what;
	const char *route;         /* NULL: all */
	double before, after;      /* seconds per request, a mean over all requests */
	double calls_before, calls_after;   /* per request of the route; NAN unknown */
	double share;              /* of the whole change of its sort (CPU or time), -1..1; NAN unknown */
};

/* A stack in both profiles, for the flame graph of the difference. */
struct run_diff_stack {
	const char *kind;          /* as in run_stack */
	const char *frames;        /* names as they are in both builds */
	double before, after;      /* seconds per request */
};

/* A request that B answers in another way than A. */
struct run_answer {
	const char *route;
	const char *differs;       /* "status", "length", "body" */
	const char *before, *after;   /* "200", "1532 bytes", "hash 3f2a..." */
	int64_t count, of;         /* so many of the sampled requests */
};

/* How quiet the machine was, and what can be said on it. */
struct run_noise {
	const char *grade;         /* "quiet", "usable", "noisy" */
	double spin_p99_over_p50;  /* of a fixed piece of work, without load */
	double spin_spread;        /* largest over smallest mean of the blocks */
	double block_cpu_sd, block_p99_sd;   /* of the log ratio within pairs */
	double steal;
};

struct run_arm {
	const char *name;          /* "A" or "B" */
	const char *what;          /* URL, command, checkout or run, as given but for secrets */
	const char *folder;        /* run with its profile, below this one's; NULL none */
	double warm_up;            /* seconds until it was steady; NAN it never was */
	int64_t starts;            /* times that prony started it; 0: it did not */
	double placement;          /* largest over mean share of a worker's connections; NAN unknown */
};

struct run_proof {
	const char *step;          /* of the plan; NULL: two arms that were named */
	enum run_source source;    /* measured in pairs, or estimated from two finished runs */
	struct run_baseline before, after;
	struct run_effects effect;
	const char *verdict;       /* better same worse inconclusive */
	const char *why;           /* in a sentence */
	bool kept;
	double seconds;
	double alpha;              /* chance that it claims a difference where none is */
	int64_t looks;             /* how often it has been looked at, with how many pairs at most */
	int64_t pairs_at_most;
	double rate;               /* offered in the pairs */
	struct run_arm *arms;             size_t n_arms;
	struct run_noise noise;
	struct run_comparison *comparisons; size_t n_comparisons;
	struct run_answer *answers;       size_t n_answers;      /* that differ */
	int64_t answers_compared;
	int64_t answers_varying;   /* A differs from itself, so only its status counts */
	struct run_difference *differences; size_t n_differences;   /* largest first */
	struct run_diff_stack *diff_stacks; size_t n_diff_stacks;   /* heaviest first */
	struct run_block *blocks;         size_t n_blocks;
};

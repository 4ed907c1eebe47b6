/* SPDX-License-Identifier: MIT */
/* A part of the record (run.h): figures, and what loads showed of a service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum run_source { SOURCE_NONE, SOURCE_MEASURED, SOURCE_ESTIMATED, SOURCE_MODELLED };

struct run_num {               /* a figure with its interval */
	double value, low, high;   /* low, high: 95 % unless said otherwise; NAN unknown */
	enum run_source src;
};

struct run_latency {
	double mean, p50, p95, p99, p999, max;
	double p99_low, p99_high;  /* 95 %, estimated from its seconds; NAN: too few of them */
	bool censored;             /* some requests never answered: the tail is a lower bound */
};

struct run_route {
	const char *route;         /* path of the URL */
	double rate;
	struct run_latency latency;
	double error_rate;
	int64_t requests;
	double body_bytes;         /* mean size of an answer */
	const char *content_type, *content_encoding;
	int64_t status;            /* the most frequent one */
	int64_t answered, errors, timeouts, in_flight;   /* add up to the requests */
};

struct run_baseline {
	double rate, throughput;
	struct run_latency latency;
	double error_rate, timeout_rate;
	double cpu;                /* cores used by the service */
	double rss_bytes, io_wait, net_bytes_per_s;
	double cpu_per_request;    /* seconds */
	struct run_route *routes;  size_t n_routes;
};

/* ---- how much it holds ------------------------------------------------------------------------ */

struct run_point {
	const char *phase;         /* that it was measured in */
	double rate, throughput, p50, p99, cpu, error_rate;
	bool sustained;            /* held without falling behind or missing the target */
	const char *missed_by;     /* "latency", "errors", "throughput"; NULL when sustained */
	double concurrency;        /* requests in the service, by Little's law; NAN where not steady */
	double modelled;           /* throughput there by the capacity model; NAN none */
};

/* The Universal Scalability Law: X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)). */
struct run_usl {
	double lambda, sigma, kappa;
	double lambda_low, lambda_high, sigma_low, sigma_high, kappa_low, kappa_high;   /* 95 % */
	struct run_num peak;       /* concurrency above which throughput falls; NAN: cannot be stated */
	struct run_num peak_throughput;
	struct run_num roof;       /* where there is no peak: throughput that it never passes */
	double r2;                 /* share of the variance explained */
	double n_min, n_max;       /* measured concurrencies; it tells nothing of 1.33 n_max and more */
	int64_t points, outliers;  /* used; left out for lying far off the others */
	bool superlinear;          /* sigma < 0 */
	enum run_source src;
};

struct run_capacity {
	double knee_rate, max_rate;
	double missed_rate;        /* lowest that was missed; NAN none */
	int64_t confirmed;         /* times that knee_rate was held again */
	bool at_least;             /* the search ended before the service did: knee_rate is a lower bound */
	const char *stopped_by;    /* "latency", "errors", "throughput", "generator", "limit", "interrupted" */
	struct run_point *curve;   size_t n_curve;
	struct run_usl usl;
	const char *usl_why;       /* it, or its peak, is unknown; NULL: nothing to add */
};

/* ---- the suite of load tests ------------------------------------------------------------------ */

/* How a service gives way under more load than it holds, mildest first. */
enum run_failure {
	FAILURE_NONE, FAILURE_QUEUE, FAILURE_ERRORS, FAILURE_TIMEOUTS, FAILURE_REFUSED, FAILURE_CRASH,
	FAILURE_GENERATOR          /* not the service's: the generator was the limit */
};

struct run_suite_phase {
	const char *phase;         /* of evidence.phases */
	double rate, throughput, p50, p99, error_rate;
	enum run_failure failure;
	const char *missed_by;     /* "latency", "errors", "throughput"; NULL: it was held */
};

struct run_recovery {
	const char *after;         /* "spike" or "stress" */
	double seconds;            /* NAN: not within the bound */
	double bound;
};

struct run_integrity {         /* a call of the user's own check */
	const char *when;          /* "before" or "after" */
	int64_t status;            /* its exit status; 128 + N: killed by signal N */
	const char *said;          /* its last line */
};

struct run_suite {
	double normal_rate, peak_rate;
	struct run_suite_phase *phases; size_t n_phases;
	const char *breaking_phase; double breaking_rate;    /* where it first gave way */
	enum run_failure failure;
	const char *worst_phase;    double worst_rate;       /* where it gave way worse than that */
	enum run_failure worst;
	struct run_recovery *recoveries; size_t n_recoveries;
	double drift, drift_low, drift_high;   /* of p99 in the soak: share of it a minute, 95 % */
	const char *hint;          /* what the drift may mean; NULL none */
	struct run_integrity *integrity; size_t n_integrity;
};

/* ---- phases, and who made them ---------------------------------------------------------------- */

/* A part of the requests' time; NAN: it did not occur. */
struct run_span { double p50, p99, max; };

/* One load phase. Identity: scheduled = sent + unsent, sent = answered + errors + timeouts +
 * in_flight. */
struct run_phase {
	const char *name;          /* warm-up baseline knee-3 trace ... */
	double started;            /* seconds since the run began */
	double seconds, rate;      /* offered */
	int64_t scheduled, unsent, sent, answered, timeouts, in_flight;
	int64_t errors;            /* the sum of the classes in phase_parts.def */
#define PHASE_ERROR(member, which, about) int64_t member;
#include "run/phase_parts.def"
	const char *first_error;          /* in words; NULL none */
	struct run_latency latency;       /* intended start to last byte */
	struct run_latency service;       /* really sent to last byte */
#define PHASE_SPAN(member, which, about) struct run_span member;
#include "run/phase_parts.def"
	int64_t tokens, tokens_estimated; /* estimated: counted by events */
	double lag_p99, lag_max;          /* the generator's own: sent late while a connection was free */
	const char *engine;               /* "io_uring" or "epoll" */
	double tick;                      /* arrivals were due at multiples of it; 0 exactly */
	double throughput;                /* answered per second */
	double generator_cpu;             /* share of one core, busiest worker */
	bool generator_limited;
	bool generator_late;              /* in nothing else: CPU time and counts hold, latencies do not */
	const char *generator_why;
	double service_cpu;               /* cores used by the service meanwhile; NAN unknown */
	double *latency_by_second;  size_t n_latency_by_second;   /* p99 per second */
	double *rate_by_second;     size_t n_rate_by_second;      /* answered */
	double *offered_by_second;  size_t n_offered_by_second;   /* the schedule's; empty: closed loop */
	double *p50_by_second;      size_t n_p50_by_second;
	double *errors_by_second;   size_t n_errors_by_second;    /* with timeouts, a count */
};

/* One of several generators that offered the measured load together. */
struct run_worker {
	const char *name, *host;
	double share;              /* of the load */
	int64_t scheduled, unsent, sent, answered, errors, timeouts, in_flight;   /* as in run_phase */
	double clock_error;        /* seconds that its start may be off; NAN unknown */
	double cpu, lag_p99;       /* as in run_phase; NAN unknown */
	bool lost;
	double lost_after;         /* seconds; NAN when it was not */
	const char *why;           /* it was lost; NULL: it fell silent */
};

/* How alike the answers of a route are, asked nearly idle: the same route, not always the same request. */
struct run_repeat {
	const char *route;
	int64_t answers;           /* looked at */
	double same;               /* share of them that are the commonest one, byte for byte */
	double bytes;              /* of that one */
};

/* One component had less CPU for a moment, to see whether answers come slower (experiment/press.h). */
struct run_press {
	const char *kind;          /* "service", or as in run_peer */
	const char *name;          /* of its process */
	const char *address;       /* of a peer, as in run_peer; NULL: the service */
	int64_t connections;       /* requests at once, in a closed loop */
	double seconds;            /* that it was pressed, sum; NAN: it was not */
	double cores, reach;       /* that it used, that it could use */
	double taken;              /* share of reach that was taken away */
	double stopped;            /* share of the quota's periods in which it ran into it */
	double throughput, pressed_throughput;    /* per second */
	double latency, pressed_latency;          /* means */
	double drop, drop_low, drop_high;         /* of throughput: share, 95 % */
	const char *why;           /* it tells nothing; NULL: it does */
};

/* SPDX-License-Identifier: MIT */
/* The run: the one record that everything meets in.
 *
 * Instruments write evidence into it, analysts read evidence and write conclusions, faces read.
 * Nobody else stores anything about a measurement. Every struct below (and of run_measured.h and
 * run_proof.h) is described a second time, field by field, in run_fields.c (run_proof_fields.c);
 * that table is what writes run.json, reads it back and prints the JSON schema. Names in run.json are a
 * contract with other programs (docs/architecture.md).
 *
 * Units are SI: seconds, bytes, shares of 1, per second. NAN means "not known" and is left out of
 * run.json; so are NULL strings and empty lists. All memory belongs to run->arena: nothing here is
 * freed one by one. Not thread-safe: one writer at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "run/run_measured.h"
#include "run/run_proof.h"

enum run_verdict {
	VERDICT_NONE, VERDICT_MET, VERDICT_MISSED, VERDICT_INCONCLUSIVE, VERDICT_GENERATOR_LIMITED,
	VERDICT_IDLE, VERDICT_ERROR
};
enum run_class { CLASS_NONE, CLASS_CPU, CLASS_IO, CLASS_MEMORY, CLASS_CONTENTION };
enum run_level { LEVEL_NONE, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH };

/* What a request's time went to. PART_QUEUE exists only in evidence: diagnosis charges it to
 * what the workers were doing. */
enum run_part_kind {
	PART_NONE, PART_CPU, PART_RUNQUEUE, PART_LOCK, PART_DISK, PART_DB, PART_CACHE, PART_NET,
	PART_GC, PART_FAULT, PART_SLEEP, PART_OTHER, PART_QUEUE, PART_KINDS
};

/* ---- what was asked ------------------------------------------------------------------------ */

struct run_spec {
	const char *system;
	const char **urls;         size_t n_urls;
	const char **issues;       size_t n_issues;
	const char **targets;      size_t n_targets;     /* as written */
	const char *database;      /* without user and password */
	double rate, peak_rate;    /* per second; 0 not given */
	double budget_per_month;
	const char *currency;
	double measure_seconds, timeout_seconds;
	int64_t connections;
	bool closed;               /* each connection waits for its answer; else arrivals come by the clock */
	int64_t seed;
	const char *arrivals;      /* "poisson" or "constant" */
	const char *workload;      /* what is asked, wherever it runs: 16 hexadecimal digits of a hash */
	bool observe;
	bool literals;             /* an example of each statement was asked for: run_query.example */
	bool find_max;             /* the highest rate was asked for */
};

/* ---- where it ran -------------------------------------------------------------------------- */

struct run_host {
	const char *kernel, *cpu_model, *clocksource, *virtualisation;
	int64_t cpus;
	int64_t memory_bytes;
	double steal;              /* share of CPU time stolen during the run */
	bool generator_on_host;    /* the generator shares this host with the service */
};

/* One thing that prony can or cannot see here. */
struct run_eye {
	const char *name;          /* "on-CPU stacks", "off-CPU stacks", "SQL", ... */
	bool open;
	const char *means;         /* how it is seen, or what is lost */
	const char *cure;          /* the exact command that would open it; NULL when open */
};

struct run_process {
	int64_t pid, parent;
	int64_t start_ticks;       /* when it started, clock ticks since boot: tells a pid from its reuse */
	const char *exe;           /* path */
	const char *name;          /* comm */
	const char *runtime;       /* node python java go ruby php nginx native ... */
	const char *framework;     /* gunicorn, flask, express ...; NULL unknown */
	int64_t *ports;            size_t n_ports;
	int64_t threads;
	const char *cgroup;        /* path inside its hierarchy */
	const char *container;     /* id, NULL when not in one */
	double cpu_limit;          /* cores by quota; NAN none */
	int64_t memory_limit;      /* bytes; 0 none */
};

struct run_peer {
	const char *kind;          /* postgresql redis mysql http sqlite dns ... */
	const char *address;       /* host:port or file */
	int64_t connections;
	const char *process;       /* command name of the process on this host that listens there */
	int64_t pid;               /* of that process; 0 unknown */
};

/* Processes of the host that are neither the service nor prony, by their command's name. */
struct run_neighbour {
	const char *name;
	int64_t processes;
	double cpu;                /* cores used during the traced measurement */
	bool peer;                 /* one of them is a peer of the service: it may work for it */
};

struct run_system {
	const char *name;
	const char **targets;      size_t n_targets;     /* URLs */
	struct run_process *processes; size_t n_processes;
	struct run_peer *peers;    size_t n_peers;
	struct run_neighbour *neighbours; size_t n_neighbours;   /* busiest first */
};

/* ---- what came out ------------------------------------------------------------------------- */

struct run_target {
	const char *metric;        /* "latency_p99", "errors", "rate", ... */
	const char *op;            /* "<" or ">" */
	const char *route;         /* NULL: all routes together */
	double limit, at_rate;
	double value, low, high;
	double gap;                /* how far from the limit: value/limit for "<", limit/value for ">"; 1 is on
	                            * it, above 1 is missed */
	bool met;
	enum run_source src;
};

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

/* ---- the suite of load tests --------------------------------------------------------------- */

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

/* ---- evidence: what the instruments saw ---------------------------------------------------- */

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

struct run_series {            /* one sampled quantity */
	const char *name;          /* Prometheus-like: "service_cpu_cores", "host_psi_io_ratio" */
	const char *unit;          /* seconds bytes ratio per_second cores count */
	const char *scope;         /* "service" or "host" */
	double mean, min, max;     /* over the traced measurement */
	double slope_per_s, slope_low, slope_high;   /* growth over it; NAN unknown */
	double *points;            size_t n_points;  /* <= 120, evenly spaced over the whole run */
};

struct run_part {
	enum run_part_kind kind;
	const char *where;         /* function, lock, statement, peer, file, syscall; NULL unknown */
	double share, seconds;     /* of the group's total; seconds per request */
};

/* Where the requests of one route spent their time, as painted by trace. Sums to 1. */
struct run_time {
	const char *route;
	const char *scope;         /* "all" or "slow": the slowest 5 % */
	int64_t requests;
	double seconds;            /* mean, arrival in the kernel to last byte written */
	struct run_part *parts;    size_t n_parts;
};

/* While requests waited (for a lock, or in a queue for a worker), the holders were doing this. */
struct run_wait {
	enum run_part_kind kind;   /* PART_LOCK, PART_QUEUE or PART_RUNQUEUE */
	const char *where;         /* the lock or the queue, as in run_part.where */
	const char *site;          /* function that holds or releases it; NULL unknown */
	int64_t waits;
	double seconds;            /* sum */
	double mean_waiters;       /* how many waited at the same time */
	struct run_part *holder;   size_t n_holder;
};

/* Where threads of the service were, on average: sampled, where requests could not be traced. */
struct run_state {
	enum run_part_kind kind;
	const char *where;         /* as in run_part; NULL unknown */
	double threads;            /* mean number of threads there */
};

struct run_thread {
	int64_t pid, tid;
	const char *name;
	bool loop;                 /* waits in epoll/poll/select: an event loop */
	double cpu, runqueue;      /* shares of the traced time */
	double blocked;            /* off CPU outside waiting for work */
	double longest_run;        /* longest stretch on CPU between two polls, seconds; NAN unknown */
	const char *longest_in;    /* function that most of that stretch was in; NULL unknown */
	double helped;             /* share of the time at work for a loop beside it; NAN: no helper */
};

struct run_function {
	const char *name;          /* demangled */
	const char *module;        /* file name of the object */
	const char *file; int64_t line;  /* NULL and 0 when unknown */
	const char *language;      /* native python javascript java kernel */
	double self, total;        /* shares of on-CPU samples of the service */
	int64_t samples;
	bool application;          /* in the service's own program or script, not a library or the kernel */
	double spinning;           /* share of self that only waits for another CPU; NAN unknown */
	double requests;           /* share of the requests that are in it; NAN: too short to tell */
	double at_once;            /* of them at the same time, while one is; NAN likewise */
	double at_once_even;       /* the same if they came independently of each other */
};

struct run_stack {
	const char *kind;          /* "cpu" or the off-CPU part kind: lock disk db net sleep ... */
	const char *frames;        /* "root;caller;leaf" */
	double seconds;
	double slow, rest;         /* share of what stacks saw of the slow requests' time, and of the
	                            * others'; NAN: of no request */
};

/* One request in full. Its stretches follow each other and sum to it; the smallest are counted
 * with a neighbour. */
struct run_stretch {
	enum run_part_kind kind;
	const char *where;         /* as in run_part.where, cut to what a label can hold */
	double at, seconds;        /* `at`: since the request arrived */
};
struct run_exemplar {
	const char *route;
	const char *rank;          /* "slowest", or "typical": the median of its route */
	double seconds;            /* arrival in the kernel to last byte written */
	double at;                 /* it arrived, since tracing began */
	struct run_stretch *stretches; size_t n_stretches;
};

struct run_query {             /* one statement or command, literals removed */
	const char *engine;        /* sqlite postgresql redis */
	const char *database;      /* file or host:port/name */
	const char *fingerprint;
	const char *example;       /* one of them as it was sent, as far as it was copied; NULL: not asked for */
	const char *route;         /* the route that runs it most; NULL unknown */
	double calls, seconds;     /* during the trace: count, sum of durations */
	double per_request;        /* mean calls per request of that route */
	double most_per_request;   /* p95 of calls per request */
	double rows;               /* rows returned per call; NAN unknown */
	double bytes;              /* of an answer, mean; NAN unknown */
	double errors;             /* share of the calls that the engine refused; NAN unknown */
	double released;           /* of its longer calls: share, beyond chance, that end with another request's
	                            * transaction; NAN unknown */
	double at_once;            /* share of the calls of a request that overlap another of it; NAN unknown */
	const char **plan;         size_t n_plan;        /* EXPLAIN lines */
	const char *scan_table;    /* table read without an index; NULL none */
	double scan_rows;          /* rows in it, estimated */
	const char *index_table;   /* an index that the planner itself would use */
	const char **index_columns; size_t n_index_columns;
	const char *index_plan;    /* the plan line with that index */
	bool changeable;           /* prony may make an index there, and its path means the same to prony */
};

struct run_call {              /* calls to a peer that is no database of ours */
	const char *kind;          /* "http" "postgresql" "redis" "dns" "tcp" "unix" */
	const char *peer;          /* host:port, or path of a Unix socket */
	const char *route;
	double calls, seconds, per_request;
	double connects_per_request;
	double handshakes_per_request;    /* TLS */
	double errors;             /* share of the answers that were 429 or 5xx; NAN unknown */
	double limited;            /* of those: 429; NAN unknown */
	double repeated;           /* share of the calls that asked the same again after an error; NAN unknown */
	double writes;             /* that a call is asked in, mean; NAN unknown */
	double as_long_as_ack;     /* share of them that took 36 to 60 ms; NAN unknown */
};

/* A function of the application that waited, or (queue) handed work to a pool. */
struct run_site {
	enum run_part_kind kind;   /* for what */
	const char *function, *file; int64_t line;   /* NULL and 0 when unknown */
	double seconds;            /* sum; 0 in a pool's queue */
	int64_t stacks;            /* sampled in it */
};

struct run_gc {                /* garbage collections of a process during the trace */
	int64_t pid;
	const char *runtime;
	int64_t collections, full; /* full: of the whole heap, as far as the runtime tells them apart */
	double seconds;            /* that the collecting threads took, sum */
	double longest;            /* one pause, seconds */
	double kept_per_s;         /* growth of what survived them, bytes a second; NAN unknown */
};

/* A process that serves no requests, but works through what its children bring it. */
struct run_loader {
	int64_t pid;
	const char *name;          /* of its program */
	const char *queue;         /* run_wait.where of its waits */
	int64_t workers;           /* children that bring it something */
	int64_t steps;             /* stretches of work between two waits, estimated */
	double seconds;            /* a step, mean */
	double waited;             /* share of the time that it waits for its workers */
	double busy;               /* workers that are at work, mean number */
	double orders;             /* share of their time that they are not: no order, or no room */
};

struct run_trace {
	const char *mode;          /* "bpf", "perf", "proc" or "none" */
	double seconds;            /* traced */
	int64_t requests;          /* server-side spans complete; steps of loaders, where there are those */
	int64_t samples;           /* on-CPU */
	double unwound;            /* share of stacks that reach their root */
	double symbolised;         /* share of user frames with a name */
	double overhead_cpu;       /* cores used by prony's own tracing */
	double added;              /* share of the service's CPU that it added; NAN unknown */
	double dear;               /* share of CPU that following requests adds to them where probes are in their
	                            * way; NAN: none are, or the load was given */
	double pieces;             /* writes that an answer leaves the service in, mean; NAN unknown */
	double linked;             /* share of the calls to peers whose request is certain; NAN no calls */
	int64_t dropped;
	struct run_time *routes;       size_t n_routes;      /* before charging waits to holders */
	struct run_wait *waits;        size_t n_waits;
	struct run_state *states;      size_t n_states;      /* most threads first; empty with BPF */
	struct run_thread *threads;    size_t n_threads;     /* busiest 64 */
	struct run_function *functions; size_t n_functions;  /* hottest 50 */
	struct run_stack *stacks;      size_t n_stacks;      /* heaviest 1500, for the flame graphs */
	struct run_query *queries;     size_t n_queries;
	struct run_call *calls;        size_t n_calls;
	struct run_exemplar *exemplars; size_t n_exemplars;  /* slowest and typical, route by route */
	struct run_site *sites;        size_t n_sites;       /* longest first */
	struct run_gc *gc;             size_t n_gc;          /* empty: none, or not seen */
	struct run_loader *loaders;    size_t n_loaders;     /* longest waits first; only where no request came */
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

struct run_evidence {
	struct run_phase *phases;  size_t n_phases;
	struct run_press *presses; size_t n_presses;
	struct run_worker *workers; size_t n_workers;   /* empty: one process alone */
	struct run_series *series; size_t n_series;
	struct run_repeat *repeats; size_t n_repeats;
	struct run_trace trace;
	double noise;              /* coefficient of variation of block p50 at the traced load */
};

/* ---- conclusions --------------------------------------------------------------------------- */

#define HYPOTHESIS 0.6             /* less confidence than this */

struct run_finding {
	const char *id;            /* F1, F2 ... in order: the first is the limit */
	const char *kind;          /* "cpu.hot-function": design.md §3 */
	enum run_class class;
	double share;              /* of (slow-request) time that goes away when it is fixed */
	double confidence;         /* below HYPOTHESIS it is called one */
	const char *basis;         /* "attributed": from what was seen; "causal": by an experiment */
	const char *where;
	const char *file; int64_t line;   /* source of the function named in `where`; NULL and 0 unknown */
	const char *route;         /* NULL: all */
	const char *summary;       /* one sentence for people */
	const char **evidence;     size_t n_evidence;
	const char **against;      size_t n_against;     /* evidence that speaks against it */
	enum run_source source;
};

struct run_ruled_out { const char *kind, *why; };

/* A question of the decision path, with what decided it. */
struct run_branch {
	const char *answer;
	const char *figure;        /* in words; NULL none */
	bool took;
};
struct run_fork {
	const char *question;
	struct run_branch *branches; size_t n_branches;
};

/* What the service asks others, or its disks, for: an edge of the service map, over all routes. */
struct run_link {
	const char *kind;          /* as in run_peer, or "disk" */
	const char *peer;          /* NULL: several, or not known */
	double share;              /* of the requests' time */
	double seconds;            /* per request */
	double calls;              /* per request; NAN unknown */
};

/* How the service uses memory under the measured load. */
struct run_memory {
	double rss_bytes;
	struct run_num growth;     /* bytes per second after warm-up */
	double limit_bytes;        /* its own, else the host's; NAN unknown */
	bool limit_own;
	struct run_num full_in;    /* seconds until the limit; NAN unless it grows for certain */
	double gc_share, fault_share;     /* of the requests' time */
	double minor_faults, major_faults;   /* per second */
	double swap_bytes;
};

struct run_predicted {         /* NAN value: no prediction */
	struct run_num latency_p50, latency_p99, throughput, cpu_per_request;
};

struct run_stop {              /* a load that ended before its time because it did harm */
	const char *what;          /* was seen, in words; NULL: it did not */
	const char *phase;
	double at;                 /* seconds since that phase began */
	const char *next;          /* what to do about it */
};

struct run_step {
	const char *id;            /* P1, P2 ... */
	const char *finding;       /* F1 */
	const char *action;        /* "db.index", "code.function", ... */
	const char *what;          /* one line for people */
	struct run_predicted predicted;   /* with this step AND all before it */
	double ceiling;            /* Amdahl: at most this many times faster by this step alone */
	enum run_level effort, risk;
	int64_t priority;
	const char *apply, *undo;  /* exact text */
	const char *executor;      /* who of prony can apply it: "sqlite"; NULL: people */
	const char *on;            /* what it is applied to: a database's file; NULL: the text says it */
	const char *tradeoff;      /* what it costs: complexity, correctness, blast radius */
	const char *then;          /* what limits after it */
	bool automatic;            /* prony can apply it itself */
};

struct run_self {              /* prony's own cost */
	double cpu;                /* cores, mean over the run, generator left out */
	double generator_cpu;      /* cores of the generator, mean */
	int64_t rss_bytes;         /* peak */
	int64_t dropped_events;
	double seconds;            /* wall time of the run */
};

struct run {
	struct arena *arena;
	const char *folder;        /* where its files are; NULL when it is only in memory */

	const char *schema;        /* RUN_SCHEMA */
	const char *id, *created, *tool;   /* created: UTC, RFC 3339 */
	bool sealed;               /* complete; false: interrupted or still being written */
	enum run_verdict verdict;
	const char *headline;      /* the verdict as one sentence */
	const char *healthy;       /* why nothing is wrong, when nothing is; else NULL */
	bool fix;                  /* steps were applied: a proof each */
	struct run_stop safety_stop;
	const char *error;         /* why the run could not be finished; else NULL */
	struct run_spec spec;
	struct run_host host;
	struct run_eye *eyes;      size_t n_eyes;
	struct run_system system;
	struct run_target *targets; size_t n_targets;
	struct run_baseline baseline;
	struct run_capacity capacity;
	struct run_suite suite;
	struct run_time *time;     size_t n_time;         /* after charging waits to holders */
	struct run_finding *findings; size_t n_findings;
	struct run_ruled_out *ruled_out; size_t n_ruled_out;
	struct run_fork *forks;    size_t n_forks;        /* the decision path, question by question */
	struct run_link *links;    size_t n_links;        /* the service map, most time first */
	struct run_memory memory;
	struct run_step *plan;     size_t n_plan;
	struct run_proof *proofs;  size_t n_proofs;
	struct run_self self;
	struct run_evidence evidence;
};

#define RUN_SCHEMA "prony.run/1"

/* A fresh run: figures are NAN, lists empty. */
struct run *run_new(void);
void run_free(struct run *r);   /* accepts NULL */

static inline void
run_free_p(struct run **r)
{
	run_free(*r);
}

/* Add to a list of the run and return the new element, its figures NAN:
 * RUN_ADD(run, finding, run->findings, run->n_findings)->kind = ...
 * Older element pointers die when the list moves. */
#define RUN_ADD(run, type, items, n) \
	((struct run_##type *)run_add_((run), &run_##type##_type, \
	    (void **)(1 ? &(items) : (struct run_##type **)NULL), &(n)))
/* Add a string (copied) to a list of strings. */
#define RUN_ADD_STR(run, items, n, s) \
	(*(ARENA_PUSH((run)->arena, items, n)) = run_str((run), (s)))

struct run_type;
void *run_add_(struct run *r, const struct run_type *type, void **items, size_t *n);
extern const struct run_type run_type, run_eye_type, run_process_type, run_peer_type, run_neighbour_type,
    run_target_type, run_route_type, run_point_type, run_phase_type, run_series_type,
    run_part_type, run_time_type, run_wait_type, run_state_type, run_thread_type, run_function_type,
    run_stack_type, run_query_type, run_call_type, run_gc_type,
    run_site_type, run_loader_type, run_finding_type, run_ruled_out_type,
    run_step_type, run_proof_type, run_suite_phase_type, run_recovery_type, run_integrity_type,
    run_worker_type, run_block_type, run_block_route_type, run_comparison_type, run_difference_type,
    run_answer_type, run_arm_type, run_diff_stack_type, run_stretch_type, run_repeat_type, run_exemplar_type,
    run_branch_type, run_fork_type, run_link_type, run_press_type;

/* Copy into the run's arena; NULL stays NULL. */
const char *run_str(struct run *r, const char *s);
const char *run_printf(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const char *part_kind_name(enum run_part_kind k);
const char *verdict_name(enum run_verdict v);
const char *failure_name(enum run_failure f);    /* "" for FAILURE_NONE */

/* SPDX-License-Identifier: MIT */
/* A part of the record (run.h): what tracing saw inside a service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a request's time went to. PART_QUEUE exists only in evidence: diagnosis charges it to
 * what the workers were doing. */
enum run_part_kind {
	PART_NONE, PART_CPU, PART_RUNQUEUE, PART_LOCK, PART_DISK, PART_DB, PART_CACHE, PART_NET,
	PART_GC, PART_FAULT, PART_SLEEP, PART_OTHER, PART_QUEUE, PART_KINDS
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
	                            * transaction; where only the server was asked: of its time, waiting for a
	                            * lock; NAN unknown */
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
	double handshakes_per_request;    /* TLS; NAN none seen */
	double connecting;         /* share of the time with it that opening connections took, as far as that was
	                            * waited for in a call; NAN unknown */
	double bytes;              /* of an answer, mean; NAN unknown */
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

struct run_kept { double at, bytes; };   /* seconds since tracing began, before it too */

struct run_gc {                /* garbage collections of a process during the trace */
	int64_t pid;
	const char *runtime;
	int64_t collections, full; /* full: of the whole heap, as far as the runtime tells them apart */
	double seconds;            /* that the collecting threads took, sum */
	double longest;            /* one pause, seconds */
	double kept_per_s;         /* growth of what survived them, bytes a second; NAN unknown */
	struct run_kept *kept;         size_t n_kept;        /* what collections of the whole heap left, in order of time */
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

/* SPDX-License-Identifier: MIT */
/* The run: the one record that everything meets in.
 *
 * Instruments write evidence into it, analysts read evidence and write conclusions, faces read.
 * Nobody else stores anything about a measurement. Its parts have headers of their own: what
 * loads showed (run_load.h), what tracing saw (run_trace.h), what comparisons concluded (run_proof.h). Every
 * struct is described a second time, field by field, in run_X_fields.c beside its header; these tables are
 * what writes run.json, reads it back and prints the JSON schema. Names in run.json are a contract with
 * other programs (docs/architecture.md).
 *
 * Units are SI: seconds, bytes, shares of 1, per second. NAN means "not known" and is left out of
 * run.json; so are NULL strings and empty lists. All memory belongs to run->arena: nothing here is
 * freed one by one. Not thread-safe: one writer at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "run/run_load.h"
#include "run/run_proof.h"
#include "run/run_trace.h"

enum run_verdict {
	VERDICT_NONE, VERDICT_MET, VERDICT_MISSED, VERDICT_INCONCLUSIVE, VERDICT_GENERATOR_LIMITED,
	VERDICT_IDLE, VERDICT_ERROR
};
enum run_class { CLASS_NONE, CLASS_CPU, CLASS_IO, CLASS_MEMORY, CLASS_CONTENTION };
enum run_level { LEVEL_NONE, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH };

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
	int64_t behind;            /* pid of the proxy of the service that passes requests on to it; 0: none does */
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

/* ---- evidence: what the instruments saw ---------------------------------------------------- */

struct run_series {            /* one sampled quantity */
	const char *name;          /* Prometheus-like: "service_cpu_cores", "host_psi_io_ratio" */
	const char *unit;          /* seconds bytes ratio per_second cores count */
	const char *scope;         /* "service" or "host" */
	double mean, min, max;     /* over the traced measurement */
	double slope_per_s, slope_low, slope_high;   /* growth over it; NAN unknown */
	double *points;            size_t n_points;  /* <= 120, evenly spaced over the whole run */
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
    run_stack_type, run_query_type, run_call_type, run_gc_type, run_kept_type,
    run_site_type, run_loader_type, run_finding_type, run_ruled_out_type,
    run_step_type, run_proof_type, run_suite_phase_type, run_recovery_type, run_integrity_type,
    run_worker_type, run_block_type, run_block_route_type, run_comparison_type, run_difference_type,
    run_answer_type, run_arm_type, run_diff_stack_type, run_stretch_type, run_repeat_type, run_exemplar_type,
    run_branch_type, run_fork_type, run_link_type, run_press_type;

/* Copy into the run's arena; NULL stays NULL. */
const char *run_str(struct run *r, const char *s);
const char *run_printf(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What can or cannot be seen here: adds it, or corrects what was said of the same before. `cure` counts for what is
 * not open. */
void run_eye(struct run *r, const char *name, bool open, const char *means, const char *cure);

const char *part_kind_name(enum run_part_kind k);
const char *part_kind_words(enum run_part_kind k);   /* for people */
const char *verdict_name(enum run_verdict v);

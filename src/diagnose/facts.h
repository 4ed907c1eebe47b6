/* SPDX-License-Identifier: MIT */
/* Facts: what every detector asks of a run, worked out once.
 *
 * The scope is the slow requests when trace told them apart, else all; shares are of the time of
 * the scope over all routes, after charging (charge.h). Unknown figures are NAN. Private to
 * diagnose/. */
#pragma once

#include "run/run.h"

/* CPU time of the scope by application function. */
struct hot {
	const char *name;
	const struct run_function *function;   /* NULL: not among the listed functions */
	double own;      /* itself and the library code that it called directly */
	double total;    /* with all that it called, without the kernel and an embedded database */
	struct hot_inside { const char *name; double share; } inside[4];   /* own, in the engine */
	const char *library;     /* function of another module than libc that it called; NULL none */
	const char *of;          /* that module */
	double in_library;       /* of own, the part that was spent there */
};

/* CPU time that the system takes for memory, by the application's function that causes it. */
struct toll {
	const char *by;          /* NULL: not known */
	double faults;           /* bringing in and giving back pages */
	double allocator;
	double connecting;       /* opening and closing connections */
};

struct facts {
	struct run *run;                /* for text only: detectors write nothing else */
	const struct run_trace *trace;
	const struct run_phase *phase;  /* the traced load; NULL none */
	const char *scope;              /* "slow", "all", or NULL: no request was traced */
	double requests;                /* in the scope */
	double seconds;                 /* mean time of a request in the scope */
	struct run_part *parts;         /* charged, all routes of the scope together */
	size_t n_parts;
	double charged[PART_KINDS];     /* share by kind, charged */
	double raw[PART_KINDS];         /* share by kind, as painted */
	struct run_part *cpu_parts;     /* the CPU time of the scope by function */
	size_t n_cpu_parts;
	double waiting;                 /* threads of the service that wait for a CPU, mean */
	bool estimated;                 /* no requests were traced: parts come from samples */
	bool waits_sampled;             /* of them: also what threads waited for was seen */

	struct hot *hot;                /* largest own first */
	size_t n_hot;
	struct toll *tolls;
	size_t n_tolls;
	double db_cpu;                  /* CPU share in an embedded database outside its statements */

	double cores_used;              /* by the service during the traced load */
	double cores_allowed;           /* quota or host, whichever is less */
	double cpu_limit;               /* quota, cores; NAN none */
	double utilisation;             /* cores_used / cores_allowed */
	double host_busy;               /* share of the host's CPUs */
	const struct run_thread *busiest;     /* most CPU; NULL none */
	const struct run_thread *loop;        /* the busiest event loop; NULL none */
	const struct run_process *loop_of;    /* its process; NULL unknown */

	double outside;    /* share of the answer time that passed before the service saw the request */
	double stalled;    /* the part of it in which the kernel holds an answer's second piece back */
	bool blocked_workers;           /* a worker is taken nearly all the time, mostly off CPU */
	bool at_ease;      /* targets given, all met, CPU to spare: only clear defects count */
	bool at_rest;      /* likewise, at the rate that was asked for and with half of each limit to spare: what
	                    * a request has to wait for anyway is no finding */
	bool rate_asked;   /* a target names a rate: more than that is not asked of the service */
	bool end_found;    /* the highest rate that keeps the targets was looked for and found */
	double min_share;  /* findings below are noise */
	double trust;      /* 0..1: how good the evidence is */
	const char *doubt; /* why trust is below 1; NULL */
};

/* Work them out. Of a run in which no request was traced they are estimates from samples, and say so. */
void facts_make(struct facts *f, struct run *r);

/* Share of the charged time in parts of a kind; where NULL: anywhere. */
double facts_share(const struct facts *f, enum run_part_kind kind, const char *where);
/* The same, and the lock waits during which a lock's holder was there. */
double facts_share_held(const struct facts *f, enum run_part_kind kind, const char *where);
/* The route with most of that time, when it has at least 60 % of it and is not the only one. */
const char *facts_route(const struct facts *f, enum run_part_kind kind, const char *where);

/* A series of the record by its name; NULL: it was not sampled. */
const struct run_series *facts_series(const struct facts *f, const char *name);
double facts_mean(const struct facts *f, const char *name);   /* of a series; NAN none */
/* The measurement of one request at a time; NULL: none, or it is the one that was traced. */
const struct run_phase *facts_alone(const struct facts *f);
/* Does its event loop compute, or wait for a CPU, all the time? */
bool facts_loop_full(const struct facts *f);
/* The first process of the service, or of what answers behind its proxies; NULL: none was found. */
const struct run_process *facts_first_process(const struct facts *f);
/* The service's main runtime ("node", "python", ...); "native" when unknown. */
const char *facts_runtime(const struct facts *f);

/* A share of computing with its part of the waits for a CPU: they shrink with the computing as far
 * as the service itself keeps the CPUs busy. Embedded databases compute too. */
double facts_with_runqueue(const struct facts *f, double share);

/* Confidence in a share of which `direct` was measured and the rest attributed: less when the
 * greater part is waiting for a CPU. */
double facts_attribution(double share, double direct);

/* The function that CPU time should be blamed on; NULL: none stands out. */
const struct hot *facts_hottest(const struct facts *f);
/* Its name, with the library's function that it spends most of its own time in: "send (deflate in
 * libz.so.1)". */
const char *facts_hot_place(const struct facts *f, const struct hot *h);
/* What fixing it would save: its CPU time and its part of the waits for a CPU. */
double facts_hot_share(const struct facts *f, const struct hot *h);

/* "score_cart (shop.py:12)": as much of it as is known. */
const char *facts_place(const struct facts *f, const struct hot *h);
/* The engine's function that most of its own time is in ("JsonStringify"); NULL: no single one. */
const char *facts_inside(const struct hot *h);
/* The function of the application that waited longest for this kind; NULL unknown. */
const struct run_site *facts_site(const struct facts *f, enum run_part_kind kind);
/* The same as "appendJournal (journal.js:9)"; NULL unknown. */
const char *facts_site_place(const struct facts *f, enum run_part_kind kind);
/* Share of the time on CPU in page faults and in giving pages back, and in the allocator; ret_by: the
 * function of the application that causes most of it, NULL unknown. */
double facts_faults(const struct facts *f, const char **ret_by);
double facts_allocator(const struct facts *f, const char **ret_by);
/* The same for opening and closing connections. */
double facts_connecting(const struct facts *f, const char **ret_by);

/* Where no request was traced samples of threads and connections tell where time goes (estimate.c); part of
 * facts_make. */
void facts_estimate(struct facts *f);
/* CPU time by function (hot.c); part of facts_make. */
void facts_make_hot(struct facts *f);

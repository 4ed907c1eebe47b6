/* SPDX-License-Identifier: MIT */
/* load: offers requests to a service at the times of a schedule, and tells what became of each.
 *
 * Open loop: arrival i is due at a time fixed before the run (load/schedule.h); latency counts
 * from that time. Nothing is dropped: scheduled = sent + unsent, sent = answered + errors +
 * timeouts + in flight. When the generator itself was the limit the phase says so
 * (generator_limited) and nobody may conclude anything about the service from it.
 *
 * One `struct load` at a time per thread; workers run in threads of their own. */
#pragma once

#include "base/err.h"
#include "base/progress.h"
#include "run/run.h"
#include "spec/spec.h"

struct load;
struct schedule;
struct sockaddr;
struct tally;

/* Resolve the URLs, all on one host and port, and open the generator. Does not connect yet. Phases
 * count their start from here. `spec` and `progress` must outlive the load. */
int load_open(const struct spec *spec, const struct progress *progress, struct load **ret,
    struct err *e);
void load_close(struct load *l);     /* accepts NULL */

static inline void
load_close_p(struct load **l)
{
	load_close(*l);
}

/* Choose the first address that takes a connection. */
int load_reach(struct load *l, struct err *e);

/* One request to each route, one after another: is it HTTP, does it answer, with what? Errors are
 * for people: unreachable, not HTTP, TLS where none is spoken, no answer in time, 4xx/5xx on every
 * route (-EBUSY where that may pass: 5xx, 429). A redirect is an answer. */
int load_probe(struct load *l, struct run *r, struct err *e);

/* Of a phase that several processes offer together (fleet/): which arrivals are this one's, when it
 * starts, and who else wants to know. */
struct load_share {
	int64_t number, of;       /* arrivals number, number + of, number + 2 of ... */
	int64_t start_ns;         /* absolute */
	void *ctx;
	void (*tell)(void *ctx, const struct tally *t);   /* each tally, as it comes */
	bool (*go_on)(void *ctx); /* asked twenty times a second; false: stop */
	int64_t drain_ns, behind_ns;   /* as phase_bounds has them; 0: as load_run does it */
};

/* Workers in other processes, instead of threads of this one. */
struct load_crew_end {
	int64_t unsent, window_ns, tick_ns;
	const char *first_error, *engine;   /* NULL none; valid as long as the crew */
	double cpu;               /* share of a core, busiest worker; NAN unknown */
	bool gone;                /* the service went away */
};

struct load_crew {
	int64_t start_ns;         /* absolute */
	void *ctx;
	int64_t (*told)(void *ctx);         /* since the start: all there was until then has been taken */
	struct tally *(*take)(void *ctx);   /* a list of what came since, the caller's */
	bool (*is_running)(void *ctx);
	void (*stop)(void *ctx);  /* ask them to; may be called again */
	void (*finish)(void *ctx, struct load_crew_end *ret);   /* once; then take() for the last time */
};

/* Whoever has phases offered by such workers. */
struct load_step;
struct load_elsewhere {
	void *ctx;
	int64_t workers;          /* how many there are at most */
	/* A phase begins: who offers it, and when. */
	int (*begin)(void *ctx, const struct load_step *step, const struct schedule *schedule, int64_t drain_ns,
	    int64_t behind_ns, struct load_crew *ret, struct err *e);
	/* It is over and in the record. */
	int (*end)(void *ctx, struct run *r, struct run_phase *p);
};

/* An answer, for who compares answers. Valid during the call.
 *
 * Arrival, step and route say which request it answers: with the same seed and draw it is the same,
 * byte for byte, but for the host that it names and what a flow has extracted from earlier answers;
 * ${time()} in a scenario is what else differs. The workers of a closed loop each count from 0, so
 * that an arrival comes as often as there are workers. Requests that had no answer when the phase
 * ended are not told of, and neither are those of a crew.
 *
 * Of HTTP the body is the service's, chunk framing and gzip undone (digest.h); of WebSocket the
 * message, of which the hash sees the first MiB; of Redis and PostgreSQL the whole answer as it came. */
struct load_answer {
	int64_t index;            /* of its arrival */
	int64_t step;             /* its place in the flow of that arrival, pauses counted; 0 the first */
	const char *route;        /* its name */
	int status;               /* 0: the protocol has none */
	bool failed;              /* not what was wanted, or none at all */
	int64_t body_bytes;
	uint64_t body_hash;       /* XXH3, 64 bits */
	const char *encoding;     /* not undone: the two above are of the encoded bytes; NULL none */
};

/* What to offer in one phase. */
struct load_step {
	const char *name;         /* of the phase: "warm-up", "baseline", "knee-3", "trace" */
	double rate;              /* per second over all routes, spread evenly */
	int64_t for_ns;
	int64_t closed;           /* >0: instead, on so many connections, each after the answer before */
	int64_t at_most;          /* stop after this many requests; 0: none */
	const struct schedule *schedule;  /* instead of the rate, whose peak and length are above; NULL */
	uint64_t draw;            /* added to the seed: other arrivals at the same rate */
	const struct load_share *share;   /* NULL: all of it */
	const struct load_crew *crew;     /* load's own: NULL: offered by this process */
	int64_t settle_ns;        /* latencies of the baseline count from here, to a quarter of a second or more */
	bool fresh;               /* close the connections of the phase before, so that new ones are made */
	int64_t answer_every;     /* tell of every so manieth arrival's answer; 0: of none */
	void (*answer)(void *ctx, const struct load_answer *a);   /* from the workers' threads, one at a time */
	void *answer_ctx;
};

/* Offer one phase and add it to r->evidence.phases (returned in ret_phase, valid until the next
 * phase). With `baseline` also fill r->baseline (its load figures and routes) and write
 * latency.hlog into the run's folder. Fails only when the target cannot be reached at all, or went
 * away meanwhile; the phase is recorded in that case too. Ends early when stop_requested(). */
int load_run(struct load *l, const struct load_step *step, bool baseline, struct run *r,
    struct run_phase **ret_phase, struct err *e);

/* How well the highest rate is to be known. */
struct load_aim {
	const char *name;         /* of the phases: "knee" gives "knee-1", "knee-2" ... */
	double precision;         /* 1.07: within 7 % */
	int confirmations;        /* times that it has to be held again */
	int64_t soak_ns;          /* how long each time; 0: twice as long as a step */
	bool exact;               /* steps settle, and last until the interval of the promised latency
	                           * decides, soak_ns at most; the last confirmation is the baseline */
	int64_t well_ns;          /* wait so long after errors for an answer that is none */
	int64_t budget_ns;
};

/* Search the highest rate at which the targets hold: double it until they are missed, the service
 * falls behind or the generator is the limit; bisect; confirm; test the rates that targets are
 * promised at. Starts from r->baseline's latency when it is known. Fills r->capacity; adds phases
 * "NAME-N" and "target-N". The budget bounds it; up to eight seconds more are taken where a rate
 * held once was missed the second time and nothing near below it was tried. When the service was
 * never pushed over (stopped_by "generator", "limit" or "interrupted") the knee is a lower bound:
 * capacity.at_least. With `exact` stopped_by names these three also when it was, but the search did
 * not come to its end. */
int load_find(struct load *l, const struct load_aim *aim, struct run *r, struct err *e);

/* The same as `prony check` asks it: within 7 %, held twice. */
int load_find_knee(struct load *l, int64_t budget_ns, struct run *r, struct err *e);

/* ---- the suite ---- */

struct load_suite {
	double normal, peak;      /* per second; 0: half of the knee, nine tenths of it */
	int64_t phase_ns;         /* length of normal load and of peak */
	int64_t soak_ns;
	bool quick;               /* shorter searches, shorter waits */
};

/* Baseline, knee, normal load, peak, spike, recovery, stress to the breaking point, recovery, soak.
 * Fills r->suite, r->capacity, and r->baseline with the peak. A service that dies on the way is a
 * result, not an error; what comes after it is left out. Ends early when stop_requested(). */
int load_suite(struct load *l, const struct load_suite *plan, struct run *r, struct err *e);

/* From here on all phases are offered elsewhere; NULL: here. `x` outlives them. */
void load_set_elsewhere(struct load *l, const struct load_elsewhere *x);

/* CPU of the service between two calls is asked for through this hook (cores since the last
 * call), so that phases and curve points carry it; may stay unset. */
void load_set_cpu_hook(struct load *l, double (*cores)(void *ctx), void *ctx);

/* Spread the connections evenly over the processes that accept them. A kept connection stays with the
 * process that accepted it, so that chance decides which of a service's workers is overloaded, and two
 * measurements differ by that chance alone. Closes what is open, opens connections, asks `owner` which
 * process holds the other end of each (0: not known), and closes what is too many of one;
 * `connections` are left open (at most those of the spec), on as many threads as the phase before had
 * or more where they are many. The phases that follow use these connections and threads and no more,
 * in turn and not the last one first, until one is `fresh`. No request is sent, so that a service
 * that accepts a connection only with its first bytes (TCP_DEFER_ACCEPT) tells nothing.
 *
 * `owner` is called in this thread, with both addresses NULL before each look over all connections,
 * so that it can remember what it finds for the length of that look; a NULL `owner` knows nothing.
 * *ret_placement is largest over mean number per process (of so many as there are connections), 1 is
 * even; more where a bound of time was met first. NAN: not known, or one process only; then no
 * connection is left open, so that the next phase makes its own. Takes some tens of milliseconds, more
 * where processes race for connections and one wins nearly always; about 5 s at most. */
int load_spread(struct load *l, int64_t connections,
    int64_t (*owner)(void *ctx, const struct sockaddr *local, const struct sockaddr *remote),
    void *ctx, double *ret_placement, struct err *e);

/* Worker i's part of `whole`: as even as it goes, and at least one. */
uint32_t load_part(uint32_t whole, uint32_t workers, uint32_t i);

/* How many routes figures are kept of, and whether each arrival is one request. */
void load_routes(const struct load *l, size_t *ret_n, bool *ret_single);

/* Requests of an arrival, on average over the flows by their weights. */
double load_requests_per_arrival(const struct load *l);

/* CPU used by the generator so far, seconds. */
double load_cpu_seconds(const struct load *l);

/* SPDX-License-Identifier: MIT */
/* Private to src/load. */
#pragma once

#include "load/load.h"
#include "load/program.h"
#include "load/safety.h"
#include "load/worker.h"

#define LOAD_ADDRESSES   8
#define LOAD_CONNECTIONS 256          /* when the spec names none */
#define LOAD_SPARE       32           /* that a worker can have open beside, while they are chosen */
#define LOAD_PER_WORKER  256          /* connections that one worker keeps busy easily */

struct load {
	const struct spec *spec;
	const struct progress *progress;
	struct program program;
	struct addr addrs[LOAD_ADDRESSES];
	int n_addrs;
	struct addr to;                   /* the one that answers; size 0: not tried yet */
	struct worker *workers;
	uint32_t n_workers, connections;
	uint32_t n_active;                /* workers of the last phase */
	uint32_t n_spread, spread_over;   /* connections that load_spread left, over so many workers */
	uint32_t n_processes;             /* that it has found; 0 not known */
	struct safety safety;
	const struct load_elsewhere *elsewhere;   /* NULL: phases are offered here */
	double (*cores)(void *ctx);
	void *cores_ctx;
	int64_t opened_ns;                /* phases count from here */
	int64_t cpu_ns;                   /* of all workers so far */
};

/* What became of the requests of a second. */
struct second {
	double p50, p99;                  /* seconds; NAN: no latency was seen */
	double answered, errors;          /* counts; timeouts are errors */
};

/* What is known of a phase while it runs. */
struct phase_view {
	int64_t passed_ns;
	struct histogram latency;         /* from settle_ns on */
	const struct tally *total;
	const struct second *seconds;     /* those that are over */
	size_t n_seconds;
};

/* What a search needs beyond a load_step. */
struct phase_bounds {
	int64_t drain_ns;                 /* wait so long for the last answers */
	int64_t behind_ns;                /* end when so far behind the schedule; 0: never */
	int64_t settle_ns;                /* latency counts from here */
	bool (*enough)(void *ctx, const struct phase_view *v);   /* end when it says so; NULL: never */
	void *ctx;
	struct histogram *ret_latency;    /* of all routes; the caller releases it; may be NULL */
};

int phase_run(struct load *l, const struct load_step *step, const struct phase_bounds *bounds,
    bool baseline, struct run *r, struct run_phase **ret_phase, struct err *e);

/* Can the service be connected to, right now? 0 or -errno. */
int load_knock(const struct addr *to, int64_t timeout_ns);

/* Wait until the service answers one request: what it was busy with before is done then. False: the
 * answer is an error. */
bool load_settle(struct load *l, struct run *r, int64_t timeout_ns);

/* Errors and timeouts. */
int64_t tally_failures(const struct tally *t);

/* What became of the requests of a phase, as the run's record has it. */
void phase_record(struct run_phase *p, const struct tally *total);
/* The identity that everything rests on: scheduled = sent + unsent, sent = answered + errors +
 * timeouts + in flight. A bug where it does not hold. */
int phase_balance(const struct run_phase *p, struct err *e);
/* Was the generator the limit? Sets generator_limited, generator_late and generator_why. */
struct phase_signs {
	bool closed;
	double waited;                    /* for a CPU: share of the time, busiest worker */
	int out_of;                       /* errno of a local lack, 0 none */
	double throttled;                 /* by a CPU quota: share of the time */
	double stolen;                    /* by the hypervisor, from all CPUs: share of the time */
	double promised_s;                /* the tightest latency that a target names; 0 none */
};
void phase_judge(struct run *r, struct run_phase *p, const struct tally *total,
    const struct phase_signs *signs);
void phase_baseline(const struct load *l, struct run *r, const struct run_phase *p,
    const struct tally *total);

/* SPDX-License-Identifier: MIT */
/* A phase while it runs. Private to load_phase*.c; the control thread's alone. */
#pragma once

#include "base/buf.h"
#include "load/load_int.h"
#include "load/told.h"
#include "stats/bootstrap.h"

struct phase {
	struct load *l;
	struct run *run;
	const struct load_step *step;
	struct worker_task task;
	struct told told;
	int64_t throttled_ns, stolen_ns;   /* before it: throttle.h */
	int64_t until_ns;               /* it lasts: task.for_ns, or until it was ended early */
	uint32_t active;                /* workers here */
	struct load_crew_end crew;      /* how it went elsewhere */
	struct tally *total;
	struct tally **seconds;         /* those still open; the last is the drain */
	size_t n_seconds, first_open;
	struct second *closed;          /* what became of the others */
	struct bootstrap *latency;      /* of the whole ones */
	const struct phase_bounds *bounds;
	struct tally *settled;          /* from bounds->settle_ns on; NULL: that is all */
	bool want_log;
	struct buf log;
	double service_cpu;
	int64_t said_ns, said_done;
	double rate_now, offered_now;
	struct schedule_reader offered; /* passed over up to said_ns; the closed loop has none */
	int64_t said_offered;
};

/* How many processes offer the load together. */
static inline int64_t
phase_sharers(const struct load_step *step)
{
	return step->share ? step->share->of : 1;
}

/* From settle_ns on. */
static inline const struct tally *
phase_settled(const struct phase *p)
{
	return p->settled ? p->settled : p->total;
}

/* ---- load_phase_seconds.c ---- */

/* Take what the workers have handed over, and sort it into seconds. */
void phase_collect(struct phase *p);
/* The first open second is over. */
void phase_close_second(struct phase *p);
/* The seconds within `window_ns`, into the record. */
void phase_write_seconds(const struct phase *p, struct run_phase *out, int64_t window_ns);

/* ---- load_phase_say.c ---- */

/* Tell who looks on how it goes, some times a second. */
void phase_say(struct phase *p, int64_t now);

/* ---- load_phase_write.c ---- */

/* Add the phase to the record: it is over, and all of it collected. */
struct run_phase *phase_write(struct phase *p);
/* By what it is seen whether the generator was the limit. */
struct phase_signs phase_signs_of(const struct phase *p);

/* SPDX-License-Identifier: MIT */
/* The leader's book of its workers: who lives, what each has done. Private to src/fleet.
 *
 * A crew offers one phase or several, one after another. Who was lost stays lost: the later phases are shared by
 * those who are left.
 *
 * Pure: what came from the server is passed in, and so is the time. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "load/load.h"
#include "load/schedule.h"
#include "load/tally.h"
#include "run/run.h"

#define FLEET_SILENCE_NS  INT64_C(3000000000)   /* without a sign of life: lost */
#define FLEET_TEXT_MAX    160

enum member_state { MEMBER_RUNNING, MEMBER_FINISHED, MEMBER_LOST };

/* What a worker says when it is done. */
struct last_words {
	int64_t scheduled, unsent, sent;
	int64_t window_ns, tick_ns;
	double cpu, lag_p99;           /* share of a core, busiest thread; seconds; NAN unknown */
	bool limited, gone;            /* it was the limit itself; the service went away */
	char why[FLEET_TEXT_MAX], first_error[FLEET_TEXT_MAX], engine[16];
};

/* What one has done in a phase, or in all. */
struct member_sums {
	int64_t scheduled, sent, unsent, answered, errors, timeouts, in_flight;
};

#define CREW_NO_PART SIZE_MAX

struct member {
	char token[20], name[64], host[64];
	int64_t clock_error_ns;
	enum member_state state;
	size_t part;                   /* of this phase, among crew.n_parts; CREW_NO_PART: none */
	int64_t heard_ns;              /* last sign of life, absolute */
	int64_t lost_ns;               /* of it, since the first start; of MEMBER_LOST */
	int64_t told_ns;               /* it has told all up to there, since the start */
	struct last_words end;         /* of MEMBER_FINISHED */
	const char *why;               /* MEMBER_LOST, in words; NULL: silence */
	/* The sums of what it has told of this phase; of a lost one also what it has not. */
	struct member_sums now;
	struct member_sums before;     /* of the phases before */
	double cpu, lag_p99;           /* of those the most; NAN unknown */
};

struct crew {
	struct arena *arena;
	struct member *members;
	size_t n_members, n_parts, n_routes;
	int64_t start_ns, for_ns, first_ns;   /* of this phase; when the first one began */
	bool cut;                      /* the leader had enough before the end */
	bool single;                   /* each arrival is one request */
	const struct schedule *schedule;   /* NULL: a closed loop */
};

void last_words_encode(const struct last_words *w, struct buf *out);
bool last_words_decode(const void *bytes, size_t size, struct last_words *ret);

/* The next phase, of which start_ns, for_ns and schedule are set: shared by who is not lost, by `most` of them at
 * most (0: all). Returns how many that are. */
size_t crew_begin(struct crew *c, size_t most);

/* A message of member `number`: "beat", "tally", "end" or "fail" (with a text). Returns the tally,
 * the caller's, if it brought one. Nothing counts any more of a member that was lost; what makes no
 * sense makes its sender lost. */
struct tally *crew_hear(struct crew *c, size_t number, const char *kind, int64_t told_ns,
    const void *bytes, size_t size, int64_t now);

/* Who was silent for too long is lost. Returns the one that was found now, NULL: none. */
const struct member *crew_sweep(struct crew *c, int64_t now);
bool crew_is_running(const struct crew *c);
/* All that was done until then, since the start, has been told. */
int64_t crew_told(const struct crew *c);
/* Who was lost in this phase; NULL: nobody. */
const struct member *crew_lost_now(const struct crew *c);

/* All is over: close the books of the lost. Their share up to the window's end counts as scheduled
 * and unsent, what they had sent and not told the end of as in flight. Returns that as a tally. */
struct tally *crew_close(struct crew *c, struct load_crew_end *ret);

/* The phase is the generator's fault when it was one worker's. */
void crew_judge(const struct crew *c, struct run *r, struct run_phase *p);
/* What each did in all phases, into the run. */
void crew_record(const struct crew *c, struct run *r);

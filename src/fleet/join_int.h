/* SPDX-License-Identifier: MIT */
/* A worker's own. Private to join.c and enlist.c. */
#pragma once

#include "base/progress.h"
#include "fleet/fleet_plan.h"
#include "fleet/link.h"
#include "fleet/order.h"
#include "load/asked.h"
#include "load/tally.h"

struct join {
	struct link *link;
	struct meeting at;
	struct fleet_keys keys;
	char token[FLEET_TOKEN_MAX], host[64], folder[64];
	struct fleet_plan plan;
	struct spec *spec;             /* of the plan */
	struct load *load;
	struct asked asked;
	int64_t offset_ns, clock_error_ns;
	size_t number;                 /* among all workers; */
	size_t part, parts;            /* of those who take part in a phase */
	size_t phase;                  /* that is begun; 0: none yet */
	char last[48];                 /* entry of the stream of starts */
	struct order order;
	int64_t start_ns;
	struct tally *untold;          /* one a second */
	int64_t told_ns, asked_ns;     /* when, absolute */
	bool called_off;               /* by the leader: this phase, */
	bool over;                     /* or all */
	int code;                      /* of the link, or of the leader's death */
	struct err *e;
};

/* Wait for the call of a leader, be ready for its plan, sign up. */
int join_enlist(struct join *j, const struct spec *own, const struct progress *progress);
/* Wait for the start of a phase that is this worker's too: it is in `order`. With `over` there is none. */
int join_await(struct join *j);

/* Does the leader live, and want this worker to go on? `numbered`: it has a number already. */
int join_ask(struct join *j, bool numbered);

/* A message to the leader: "beat", "tally", "end"; `complete`: with it all is told until now. And that this worker
 * fails, in words. */
int join_tell(struct join *j, const char *kind, bool complete, const void *bytes, size_t size);
int join_fail(struct join *j, const char *why);

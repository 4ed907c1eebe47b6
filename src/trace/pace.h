/* SPDX-License-Identifier: MIT */
/* pace: when to record, so that a busy service does not fill the tape in its first second.
 *
 * Recording goes on without a break while the tape would hold for `horizon` at the rate of the last
 * second; else windows of a second, or of a fifth of it for a very busy service, alternate with
 * pauses that stretch what is left over that horizon. A window ends before the tape is full: a torn one
 * would tell half of its requests. Windows of a second also alternate with pauses where recording costs
 * the service more than it may (toll.h). One that was cut because events came faster than they were taken is
 * followed by a pause of at least its length. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	int64_t horizon;       /* how long tracing is expected to last; 0: 15 s */
	bool open;
	int64_t since;         /* this second, or this pause, began */
	int64_t pause;
	int64_t pause_least;   /* what recording costs ends only in pauses of this length; 0: at once */
	bool cut;              /* the window has ended by itself; the caller's */
	double excess;         /* of the toll, as it is now: the caller's; at most 1 is no reason to pause */
	size_t records_then;
	double rate;           /* records per ns, of the last second recorded */
};

enum pace_step { PACE_GO_ON, PACE_OPEN, PACE_CLOSE };

/* Call some fifty times a second. `records` of `max` are on the tape. */
enum pace_step pace_step(struct pace *p, int64_t now, size_t records, size_t max);

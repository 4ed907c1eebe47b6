/* SPDX-License-Identifier: MIT */
/* Peers where no request was traced: what the kernel counts of the connections to them. By Little's law the
 * connections that wait are the requests there. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

#define TALKS_REPEATED 5      /* questions to one peer per request: one too many by four */

/* Seconds of a question, mean; NAN unknown. */
double talks_seconds(const struct run_call *c);
/* Answers of this peer take longer than requests do: who waits for them (the next job of a queue) serves none. */
bool talks_background(const struct facts *f, const struct run_call *c);
/* A peer all of whose connections wait nearly all the time; `part`: what waiting for it counts for, PART_NONE
 * any. NULL: there is none, or requests were traced. */
const struct run_call *talks_taken(const struct facts *f, enum run_part_kind part);
/* Single questions are too brief to be what its connections are too few for. */
bool talks_brief(const struct run_call *c);
/* The peer of this part that is asked most often per request; NULL: none, or each
 * statement was seen. */
const struct run_call *talks_most(const struct facts *f, enum run_part_kind part);
/* Share of the time that waits for it, with what asking costs on CPU, estimated. */
double talks_share(const struct facts *f, const struct run_call *c, enum run_part_kind part);
/* Lines that all give: calls and time of each. */
void talks_evidence(struct draft *d, const struct run_call *c);

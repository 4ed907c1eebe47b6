/* SPDX-License-Identifier: MIT */
/* A second server is asked the same when the first takes longer than most answers do (Dean, Barroso, "The Tail at
 * Scale", CACM 2013): only requests that change nothing, and no more of them than the budget of retries allows. The first
 * answer that is no failure wins, the other one is not awaited any more.
 *
 * An errand has its first side in its own members and its second in `other`. */
#pragma once

#include "gate/gate_worker.h"

/* The request is with the first: soon it may be time for a second. */
void hedge_await(struct errand *x);
int64_t hedge_next_ns(const struct gate_worker *w);   /* when it is for somebody; INT64_MAX: for nobody */
void hedge_turn(struct gate_worker *w);
/* No second one (any more). */
void hedge_stop(struct errand *x);

/* These bytes are of the first one's answer. False: it is a failure, and the second goes on in its place. */
bool hedge_first_answers(struct errand *x, const char *bytes, size_t size);
/* The first is lost. True: the second goes on in its place. */
bool hedge_takes_over(struct errand *x);

/* ---- told by the second one's connection ---- */
void hedge_connected(struct up *u);
void hedge_received(struct up *u, const char *bytes, size_t size);
void hedge_lost(struct up *u, int code);

/* SPDX-License-Identifier: MIT */
/* An errand at one server: begun when the server is chosen, ended once, whatever becomes of it. What is learned of
 * servers and counted of them passes here. */
#pragma once

#include "gate/desk/inquiry.h"

/* What a request is assigned to a server by, where that goes by a hash; else 0. */
uint64_t attempt_hash(const struct gate_worker *w, const struct inquiry *q, struct client *c);

/* Choose a server. False: the upstream is not to be asked now, the errand has failed. */
bool attempt_begin(struct errand *x);
/* Choose a second one, none of these; it has a connection left, and the budget of retries allows it. False: there
 * is none. */
bool attempt_begin_second(struct errand *x, const struct server_set *others);
/* It is being asked, on a connection. */
void attempt_asked(struct errand *x);
/* The head of its answer, at last. */
void attempt_answered(struct errand *x, int status);
/* It has failed this errand: may another try be made? */
bool attempt_again(struct errand *x);
/* Over. OUTCOME_UNKNOWN leaves what the head has told. Nothing when it is over already. */
void attempt_end(struct errand *x, enum outcome outcome);

/* SPDX-License-Identifier: MIT */
/* An errand at one server: begun when the server is chosen, ended once, whatever becomes of it. What is learned of
 * servers and counted of them passes here. */
#pragma once

#include "gate/gate_worker.h"

/* x->server is to be asked. */
void attempt_begin(struct errand *x);
/* It is being asked, on a connection. */
void attempt_asked(struct errand *x);
/* The head of its answer, at last. */
void attempt_answered(struct errand *x, int status);
/* Over. OUTCOME_UNKNOWN leaves what the head has told. Nothing when it is over already. */
void attempt_end(struct errand *x, enum outcome outcome);

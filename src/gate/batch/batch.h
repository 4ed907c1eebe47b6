/* SPDX-License-Identifier: MIT */
/* Requests of a route that go to its server as one call, whose answer is taken apart for them again.
 *
 * An errand joins a batch where it would have gone to a server, and gets its item as if a server had sent it: what is
 * stored of it, who else waits for it, compression and the access log are as ever. A batch collects what one worker
 * has for one host with the same fields (gate_batch.fields), and is closed at the end of the turn in which no call of
 * its route is under way with this worker, in which it is full, or its wait is over. So a request alone waits for
 * nobody, and what comes at once goes together.
 *
 * Who asks in his own name is not mixed with others: a request with Authorization or Cookie goes by itself, unless the
 * route names that field. The call is in nobody's name.
 *
 * What becomes of all: the call's own failure (502, 503, 504), its status where that is 403, 429 or above 499, 502
 * for any other one and for an answer that does not fit or is too large. With 401 each asks for itself, as each needs
 * the challenge. An item that is not there, or null, is 404 to those who asked for it. */
#pragma once

#include "gate/desk/inquiry.h"

int batches_open(struct gate_worker *w);     /* 0 or -ENOMEM */
void batches_close(struct gate_worker *w);

/* The errand, whose question is written, is in a batch from now on. False: it has to go by itself. */
bool batch_join(struct errand *x, const struct inquiry *q);

/* Asks what is due; once a turn. */
void batches_turn(struct gate_worker *w);
/* When to turn next; INT64_MAX: nothing is being collected. */
int64_t batches_next_ns(const struct gate_worker *w);

/* SPDX-License-Identifier: MIT */
/* A request on its way to a server, and the answer on its way back.
 *
 * One canonical request reaches the server: what the client sent is read, and written anew. Bodies
 * pass as they come, in both directions, and who sends faster than the other reads has to wait. */
#pragma once

#include "gate/worker.h"

void exchange_begin(struct client *c, const struct http1_request *r);

/* ---- told by the client ---- */
/* Bytes of the body (or of the tunnel): how many were of use now. */
size_t exchange_question(struct exchange *x, const char *bytes, size_t size);
void exchange_question_late(struct exchange *x);   /* the body has stopped coming */
bool exchange_client_deaf(struct exchange *x);     /* as client_ended */
void exchange_client_ready(struct exchange *x);    /* it has taken what waited for it */
void exchange_left(struct exchange *x);            /* it is gone */

/* ---- told by the connection to the server ---- */
void exchange_got_up(struct exchange *x, struct up *u);   /* connected, and its own from now on */
void exchange_received(struct exchange *x, const char *bytes, size_t size);
bool exchange_up_ended(struct exchange *x);        /* it sends no more; true: the connection stays */
void exchange_up_ready(struct exchange *x);        /* it has taken what waited for it */
void exchange_up_lost(struct exchange *x, int code);      /* broken; x->up is gone. ETIMEDOUT: by us, it took too long */
void exchange_no_up(struct exchange *x, int status, const char *why);   /* there is no connection to be had */

/* ---- among the files of the exchange ---- */
void exchange_fail(struct exchange *x, int status, const char *why);
void exchange_complete(struct exchange *x);        /* the answer has ended */
bool exchange_to_up(struct exchange *x, const struct engine_piece *pieces, uint32_t n);
/* request.c */
void request_write(struct exchange *x, const struct http1_request *r);
size_t request_body(struct exchange *x, const char *bytes, size_t size);
/* response.c */
void response_received(struct exchange *x, const char *bytes, size_t size);
bool response_ended(struct exchange *x);           /* the stream; was that the answer's end? */

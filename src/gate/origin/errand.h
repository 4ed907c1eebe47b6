/* SPDX-License-Identifier: MIT */
/* A request on its way to a server, and the answer on its way back.
 *
 * One canonical request reaches the server: what the client sent is read, and written anew. Bodies
 * pass as they come, in both directions, and who sends faster than the other reads has to wait. */
#pragma once

#include "gate/desk/inquiry.h"

/* How a request goes to a server. */
struct errand_how {
	bool straight;                      /* the cache of its route has no part in it */
	struct store_fill *fill;            /* the answer is stored when it may be; NULL: not */
	uint64_t flight;                    /* of the fill */
	bool late;                          /* without a fill, but it may be stored: nobody waits for it */
	const struct store_object *stale;   /* what is to be validated; NULL: nothing */
	const struct store_object *part;    /* a part of what is asked; NULL: none */
	enum cache_forward forward;
	enum warm_why warm;                 /* for nobody */
	bool secure;                        /* in nobody's name: of an https URL */
};

/* `raw`: the bytes of the request's head. */
void errand_begin(struct client *c, const struct inquiry *q, struct text raw, const struct errand_how *how);
/* The same for nobody: to refresh what is stored, in the name of the client who met it. */
void errand_refresh(struct client *c, const struct inquiry *q, struct text raw, const struct errand_how *how);

/* The same in nobody's name. False: out of memory, the fill has ended. */
bool errand_for_nobody(struct gate_worker *w, const struct inquiry *q, struct text raw,
    const struct errand_how *how);

/* A request of the gate's own, the bytes of which it takes: the whole of it, and to be sent again like a GET. `client`
 * gets the answer, without chunks and interim ones, or a refusal, maybe at once. */
void errand_own(struct client *client, const struct gate_route *route, struct buf *question);

/* ---- told by the client ---- */
/* Bytes of the body (or of the tunnel): how many were of use now. */
size_t errand_question(struct errand *x, const char *bytes, size_t size);
/* The body has ended, where only the client knows that. */
void errand_question_over(struct errand *x);
void errand_question_late(struct errand *x);   /* the body has stopped coming */
/* It sends no more; true: it may still get its answer. `more`: some of what it sent was not used yet. */
bool errand_client_deaf(struct errand *x, bool more);
void errand_client_ready(struct errand *x);    /* it has taken what waited for it */
void errand_left(struct errand *x);            /* it is gone */

/* ---- told by the connection to the server ---- */
void errand_got_up(struct errand *x, struct up *u);   /* connected, and its own from now on */
void errand_received(struct errand *x, const char *bytes, size_t size);
bool errand_up_ended(struct errand *x);        /* it sends no more; true: the connection stays */
void errand_up_ready(struct errand *x);        /* it has taken what waited for it */
void errand_up_lost(struct errand *x, int code);      /* broken; x->up is gone. ETIMEDOUT: by us, it took too long */
void errand_no_up(struct errand *x, int status, const char *why);   /* there is no connection to be had */

/* ---- its time ---- */
/* Wait until then at most, or as long as its route allows when that is less. */
void errand_be_patient(struct errand *x, int64_t until_ns);
void errand_due(struct errand *x);             /* its timer */

/* ---- among the files of the errand ---- */
struct group *errand_group(const struct errand *x);   /* the servers that it may go to */
void errand_fail(struct errand *x, int status, const char *why);
void errand_complete(struct errand *x);        /* the answer has ended */
bool errand_to_up(struct errand *x, const struct engine_piece *pieces, uint32_t n);
/* errand_question.c */
/* `c`: in whose name; NULL: in nobody's. */
void question_write(struct errand *x, const struct inquiry *q, struct client *c);
/* Lines that say that nobody asks. */
void question_put_nobody(struct buf *b, struct text host, bool secure);
size_t question_body(struct errand *x, const char *bytes, size_t size);
void question_over(struct errand *x);
/* The client gets its answer elsewhere; the errand goes on for the store. */
void errand_part(struct errand *x);
/* errand_answer.c */
/* An answer that came with others, as if its server had sent it. */
void answer_whole(struct errand *x, const struct http1_response *r, struct text body);
void answer_received(struct errand *x, const char *bytes, size_t size);
bool answer_ended(struct errand *x);           /* the stream; was that the answer's end? */

/* SPDX-License-Identifier: MIT */
/* What an errand brings for the store: whether it may be kept, its bytes, its end. Whoever waits for it hears of each
 * step. */
#pragma once

#include "cache/storable.h"
#include "gate/origin/errand.h"

enum fill_verdict {
	FILL_RELAY,      /* nothing is stored (any more): the client gets the answer from the errand */
	FILL_BOTH,       /* stored as well as relayed: its length is not known */
	FILL_STORED,     /* the client has been answered, or is being, from the store */
	FILL_OVER,       /* the errand has brought all it was for, and is gone */
};

/* What the store is told of a response but for its cost: for how long it is of use there, its size, its tags. False:
 * it has more tags than can be told apart, and a purge of one could miss it. */
bool fill_meta(const struct gate_worker *w, const struct inquiry *q, const struct cache_terms *t, struct text head,
    struct text vary, uint64_t tags[STORE_TAGS_MAX], struct store_meta *ret);

/* The head of a final answer. */
enum fill_verdict fill_head(struct errand *x, const struct http1_response *r);
/* A stretch of its body. False: it cannot be kept, nothing more is stored. */
bool fill_data(struct errand *x, struct text data);
void fill_finish(struct errand *x);
/* Nothing will come of it. `status`: what those who wait are told; 0: let them ask themselves. */
void fill_abort(struct errand *x, int status);
/* May the client have what is stale, as there is no answer? True: it is being served, or nobody waits. */
bool fill_serve_stale(struct errand *x, int status);

/* ---- among the files of the fill ---- */

/* To be stored under this head with these terms; the client is not served yet. FILL_RELAY: it cannot be. */
enum fill_verdict fill_store(struct errand *x, struct inquiry *q, const struct http1_response *r,
    const struct cache_terms *t, struct text head);
void fill_refuse(struct errand *x, enum cache_refusal why);
/* What came is of no use, and what is stored is neither. */
enum fill_verdict fill_ask_anew(struct errand *x, struct inquiry *q);
/* Serve the client away from the errand, which it leaves first. */
void fill_serve(struct errand *x, struct inquiry *q, const struct store_object *o, const struct cache_terms *t,
    bool whole);
/* fill_part.c: a 206, or that there is nothing more of what is stored. `why`: may it be kept? */
enum fill_verdict fill_part_head(struct errand *x, struct inquiry *q, const struct http1_response *r,
    struct cache_terms *t, enum cache_refusal why);
/* What is stored behind it. False: it could not be added. */
bool fill_part_tail(struct errand *x);

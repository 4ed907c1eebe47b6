/* SPDX-License-Identifier: MIT */
/* Answers from the store: to a client, from an object that is there or still arriving. */
#pragma once

#include "cache/status_field.h"
#include "gate/desk/inquiry.h"

/* How the object came about, for Cache-Status (RFC 9211). */
struct serving_how {
	bool hit;                       /* it was there */
	enum cache_forward forward;     /* else why the origin was asked */
	bool collapsed;                 /* by another client's request */
	bool from_l2;                   /* the second level had it: a hit */
	uint64_t flight;                /* that is filling the object; 0: it is whole */
};

/* Does this object hold what is asked? A part may not. */
bool serving_can(const struct inquiry *q, const struct store_object *o, const struct cache_terms *t);

/* Answer. `terms`: of the object, as they are to count now. */
void serving_begin(struct client *c, struct inquiry *q, const struct store_object *o,
    const struct cache_terms *terms, const struct serving_how *how);

void serving_go_on(struct serving *s);   /* the client has taken what waited */
void serving_left(struct serving *s);    /* the client is gone */

/* The line of Cache-Status. */
void serving_put_status(struct buf *b, const struct cache_status *status);

/* SPDX-License-Identifier: MIT */
/* What becomes of a request: answered from the store, sent to a server, or made to wait for what another's request
 * brings. */
#pragma once

#include "gate/desk/inquiry.h"
#include "gate/warm/warm_why.h"

/* `raw`: the bytes of its head, of which `r` has views. */
void desk_take(struct client *c, const struct http1_request *r, struct text raw);
/* Look again: the store has changed. `waited`: it has waited for an answer, and will not for another. */
void desk_decide(struct client *c, struct inquiry *q, struct text raw, bool waited);
/* The same after the second level was asked, and what it had (`found`) is in the store now. */
void desk_decide_promoted(struct client *c, struct inquiry *q, struct text raw, bool found);
/* Fetch this for nobody, unless it is there and fresh. */
enum warm_skip desk_warm(struct inquiry *q, bool secure, struct text raw, enum warm_why why);
/* The client of one who waits is gone. */
void desk_left(struct await *a);

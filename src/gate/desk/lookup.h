/* SPDX-License-Identifier: MIT */
/* A miss of the store that asks the second level before it asks a server: once for all who wait for the same
 * flight. What is found becomes an object of the store, with what is left of its freshness, and the
 * request is decided anew; else it goes where it would have gone.
 *
 * Whoever has no flight (how->late: a Range, a HEAD, only-if-cached ...) asks alone, gets a fill only for what was
 * found, and is decided anew in any case. */
#pragma once

#include "gate/origin/errand.h"

/* False: the second level is not asked, and `how` is as it was. Else the lookup has its fill, and holds what
 * is here already; the client waits in client->lookup. */
bool lookup_begin(struct client *c, struct inquiry *q, struct text raw, const struct errand_how *how);
void lookup_left(struct lookup *k);   /* the client is gone: what comes is for the store alone */

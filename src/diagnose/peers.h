/* SPDX-License-Identifier: MIT */
/* Other servers that the service calls. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

/* The answer's own way to the client is no peer. */
bool peer_is_client(const char *where);
/* The calls to a peer; NULL: none recorded. */
const struct run_call *peer_call(const struct facts *f, const char *peer);
/* Share of the time waiting for that peer. Lock waits behind it stay the lock's: another server
 * is not made faster here, but nobody needs to hold a lock while asking it. */
double peer_share(const struct facts *f, const char *peer);

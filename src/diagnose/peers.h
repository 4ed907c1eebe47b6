/* SPDX-License-Identifier: MIT */
/* Other servers that the service calls. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

/* The answer's own way to the client is no peer. */
bool peer_is_client(const char *where);
/* The calls to a peer; NULL: none recorded. */
const struct run_call *peer_call(const struct facts *f, const char *peer);
/* Share of the time waiting for that peer, with the lock waits behind it. */
double peer_share(const struct facts *f, const char *peer);

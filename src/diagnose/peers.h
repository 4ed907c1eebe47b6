/* SPDX-License-Identifier: MIT */
/* Other servers that the service calls. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

/* The client's own connection is no peer: peers have an address. */
bool peer_is_client(const char *where);
/* A wait for a server that trace has no name for: of datagrams it does not see the peer. */
bool peer_is_unseen(const struct facts *f, const struct run_part *p);
#define PEER_UNSEEN "a server that was not seen"
/* Share of the time that sending answers to clients blocked. */
double peer_client_share(const struct facts *f);
/* The calls to a peer; NULL: none recorded. */
const struct run_call *peer_call(const struct facts *f, const char *peer);
/* So many calls of one request to one server are one too many by four. */
#define PEER_REPEATED 5
/* The server that a request calls over HTTP most often, where that is repeated; NULL: none. */
const struct run_call *peer_repeated(const struct facts *f);
/* From so many connections a request on, each request is taken to open one. */
#define PEER_CONNECTS_MIN 0.5
/* Share of the time waiting for that peer. Lock waits behind it stay the lock's: another server
 * is not made faster here, but nobody needs to hold a lock while asking it. */
double peer_share(const struct facts *f, const char *peer);

/* What observe knows of who is at an address; NULL: nothing. */
const struct run_peer *peer_at(const struct run *r, const char *address);
/* What is at the other end of these calls: "postgresql", ..., also where observe alone knows it. */
const char *peer_call_kind(const struct run *r, const struct run_call *c);
/* The part that waiting for a peer ("host:port") counts for, by what observe knows of it; else `kind`. */
enum run_part_kind peer_part_at(const struct run *r, enum run_part_kind kind, const char *where);

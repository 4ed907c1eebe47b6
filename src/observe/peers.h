/* SPDX-License-Identifier: MIT */
/* What the service talks to: connections it has opened, Unix sockets, SQLite files. */
#pragma once

#include "run/run.h"

/* Add the peers seen now to r->system.peers; of known ones keep the largest connection count. */
void peers_find(struct run *r);

/* Peers that turned out to be processes of the service are none. */
void peers_forget_own(struct run *r);

/* Peers that trace saw calls to, but that no connection was open to when it was looked: adds those on
 * this host whose process can be named. */
void peers_of_calls(struct run *r);

/* Pure. Kind of a peer by the name of its program (NULL: not known), else by its port. */
const char *peer_kind(const char *program, uint16_t port);
/* By the path of its Unix socket; NULL when it is none that prony knows. */
const char *peer_kind_unix(const char *path);

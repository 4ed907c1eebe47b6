/* SPDX-License-Identifier: MIT */
/* Where in the program it waits: from the stacks of threads that were blocked. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* The function of the service's own program that has most of the waiting of this kind, when it has at
 * least half of it; NULL: none, or not seen. */
const char *site_of(const struct facts *f, enum run_part_kind kind);

/* The waits of threads at sockets that trace knows no peer of: is it for something to arrive? Such are
 * datagrams; else they send to clients. */
bool site_receives(const struct facts *f);

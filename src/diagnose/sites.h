/* SPDX-License-Identifier: MIT */
/* Where in the program it waits: from the stacks of threads that were blocked. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* The waits of threads at sockets that trace knows no peer of: is it for something to arrive? Such are
 * datagrams; else they send to clients. */
bool site_receives(const struct facts *f);

/* SPDX-License-Identifier: MIT */
/* Libraries that speak to databases and other servers: what they compute belongs to the statements and calls
 * that they send and unpack. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

enum driver { DRIVER_SQL, DRIVER_KEY_VALUE, DRIVER_HTTP };

bool driver_has(enum driver d, const struct run_function *fn);
/* Does it open a connection, of whatever driver? */
bool driver_connects(const struct run_function *fn);
/* Share of the requests' time in which such drivers compute, with its part of the waits for a CPU. */
double driver_share(const struct facts *f, enum driver d);
/* The same with all that goes with the number of bytes that they send: receiving them, and the part that
 * this and unpacking have in the work for the garbage collector. */
double driver_unpacking(const struct facts *f, enum driver d);

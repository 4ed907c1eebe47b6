/* SPDX-License-Identifier: MIT */
/* Libraries that speak to databases: what they compute belongs to the statements that they send and
 * unpack. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* Share of the requests' time in which drivers of SQL databases (`sql`) or of key-value stores compute,
 * with its part of the waits for a CPU. */
double driver_share(const struct facts *f, bool sql);
/* The same with all that goes with the number of bytes that they send: receiving them, and the part that
 * this and unpacking have in the work for the garbage collector. */
double driver_unpacking(const struct facts *f, bool sql);

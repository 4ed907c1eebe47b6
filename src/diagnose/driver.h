/* SPDX-License-Identifier: MIT */
/* Libraries that speak to databases: what they compute belongs to the statements that they send and
 * unpack. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* Share of the requests' time in which drivers of SQL databases (`sql`) or of key-value stores compute,
 * with its part of the waits for a CPU. */
double driver_share(const struct facts *f, bool sql);

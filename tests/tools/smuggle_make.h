/* SPDX-License-Identifier: MIT */
/* Requests made to be read in two ways: a few ordinary ones behind each other, some with another hidden in the body, and
 * mutations of what readers are known to disagree on. A function of the seed. */
#pragma once

#include <stdint.h>

#include "base/buf.h"

/* One connection's bytes, appended; sound requests have the targets /q0, /q1 ..., hidden ones /evil. */
void smuggle_make(uint64_t seed, struct buf *out);

/* SPDX-License-Identifier: MIT */
/* How long the control group that this process is in has been kept from the CPUs by a quota, its own or
 * that of a group above: ns since the group was made; 0 where there is none, or it cannot be read. Any
 * thread. */
#pragma once

#include <stdint.h>

int64_t throttle_own_ns(void);

/* SPDX-License-Identifier: MIT */
/* Go's channels as queues of requests: in front of workers, or around what one at a time may do. Private to
 * diagnose/. */
#pragma once

#include "diagnose/detect.h"

/* The channel at which requests wait longest, and the share of their time; NULL none. */
const struct run_wait *channel_queue(const struct facts *f, double *ret_share);
/* Whoever passes it stays in the function that waits at it, one at a time: it is used as a lock. */
bool channel_is_lock(const struct facts *f, const struct run_wait *w);
/* Adds a finding when such a channel has much of the time. */
void channel_tell(const struct facts *f, struct draft *d);

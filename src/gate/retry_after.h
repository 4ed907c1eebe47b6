/* SPDX-License-Identifier: MIT */
/* When a server wants to be asked again: Retry-After in seconds or as a date (RFC 9110, section 10.2.3). Pure. */
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "net/http_fields.h"

#define RETRY_AFTER_MAX_NS (INT64_C(86400) * NS_PER_S)   /* a longer time counts as this one */

/* For how long not; 0: it does not say, or not in the future. A date is by the clock of the server, where the answer has
 * its Date, else by ours: `wall_ns`. */
int64_t retry_after_ns(const struct http_fields *fields, int64_t wall_ns);

/* SPDX-License-Identifier: MIT */
/* toll: what tracing takes of the service's CPU, and whether that is more than it may.
 *
 * The collector's programs run on the service's own threads, and it says what they took
 * (collect_paid); against that stands what the service used meanwhile. Both are counted from whenever,
 * in ns. Pure. */
#pragma once

#include <stdint.h>

#define TOLL_MOST 0.03         /* of the service's CPU, over windows and pauses */

struct toll { int64_t began, cpu, paid; };   /* when it was opened */

void toll_open(struct toll *t, int64_t now, int64_t cpu, int64_t paid);
/* So many times what it may be is paid in this window; 0 when that is next to nothing. */
double toll_excess(const struct toll *t, int64_t now, int64_t cpu, int64_t paid);
/* What was added to the CPU that a service would have used, as a share of it; NAN: it used none. What
 * is paid is part of what it used. */
double toll_share(int64_t cpu, int64_t paid);

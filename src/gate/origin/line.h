/* SPDX-License-Identifier: MIT */
/* Errands that wait, in the order in which they came. */
#pragma once

#include "gate/gate_worker.h"

/* It waits from now on; its timer runs until it will have waited for the time-out of its upstream's queue. */
void line_join(struct line *l, struct errand *x);
/* It waits no more. */
void line_leave(struct errand *x);

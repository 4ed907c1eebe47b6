/* SPDX-License-Identifier: MIT */
/* Errands that wait, in the order in which they came. */
#pragma once

#include "gate/gate_worker.h"

/* At its end. */
void line_append(struct line *l, struct errand *x);
/* The same, and it waits from now on; its timer runs until it will have waited for the time-out of its upstream's queue. */
void line_join(struct line *l, struct errand *x);
/* Out of the line that it is in; it waits no more. */
void line_leave(struct errand *x);

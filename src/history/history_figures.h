/* SPDX-License-Identifier: MIT */
/* What the index keeps of a run: which series it belongs to, and its figures. Pure. */
#pragma once

#include "base/arena.h"
#include "run/run.h"

/* Which runs may be compared: the same service, asked the same, on the same host. In `a`. */
struct history_key { const char *service, *urls, *workload, *host; };
struct history_key history_key(struct arena *a, const struct run *r);

/* Called for each finite figure. */
typedef void history_figure_fn(void *with, const char *metric, const char *what, double value);
void history_figures(const struct run *r, history_figure_fn *each, void *with);

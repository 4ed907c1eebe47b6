/* SPDX-License-Identifier: MIT */
/* The live view of a load: figures to a few lines of text. Pure; progress.c draws it. */
#pragma once

#include "base/buf.h"
#include "base/progress.h"
#include "report/report.h"

#define LIVE_LINES   5
#define LIVE_SECONDS 60      /* that the small chart goes back */

/* What the view remembers of a phase. Zero-initialise when one begins. */
struct live {
	double answered[LIVE_SECONDS];   /* per second, in second s at s % LIVE_SECONDS */
	int64_t seconds;                 /* seen so far */
};

void live_add(struct live *v, const struct progress_figures *f);

/* LIVE_LINES lines, each narrower than form->columns (at least 20). Cells that do not fit are left
 * out, the least important first. `done` as in struct progress. */
void live_write(const struct live *v, const char *phase, double done,
    const struct progress_figures *f, const struct report_terminal *form, struct buf *out);

/* "[####------]  40 % ", empty when the end is unknown. */
void live_bar(char *out, size_t size, double done);

/* SPDX-License-Identifier: MIT */
/* Progress on stderr: one line, or while a load runs the few lines of live.h, that are drawn over on a
 * terminal; elsewhere a line now and then. */
#pragma once

#include "base/progress.h"
#include "cli/terminal.h"

/* Gives a progress that draws; the drawing state is the program's: one at a time. */
struct progress progress_draw(enum colour_when when);

/* Take the lines away before something else is printed. */
void progress_end(void);

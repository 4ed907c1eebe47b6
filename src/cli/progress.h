/* SPDX-License-Identifier: MIT */
/* Progress on stderr: one line that is drawn over on a terminal; elsewhere a line now and then. */
#pragma once

#include "base/progress.h"

/* Gives a progress that draws; the drawing state is the program's: one at a time. */
struct progress progress_draw(void);

/* Take the line away before something else is printed. */
void progress_end(void);

/* SPDX-License-Identifier: MIT */
/* The command that opens a closed eye: it depends on who denied it. Reads /proc. Static texts. */
#pragma once

#include "base/err.h"

/* `why`: what the collector said, with its own next step where no right is what is missing. */
const char *cure_collector(const struct err *why);

/* perf_event_open() was denied for this process. */
const char *cure_sampler(int pid);

/* The addresses of kernel functions are hidden. */
const char *cure_kernel(void);

/* Memory, system calls or files of a process may not be read. */
const char *cure_read(void);

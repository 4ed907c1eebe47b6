/* SPDX-License-Identifier: MIT */
/* The end of a process that found a bug in itself: one message with what is needed to mend it, exit
 * status 70, and a run on disk that stays unsealed.
 *
 * Left alone in builds with a sanitizer, which tells more. */
#pragma once

/* Handle SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT. Main thread, once, before there are others. With
 * PRONY_CORE=1 in the environment the signal then takes its own course, which may leave a core file. */
void crash_install(void);

/* What is being done, for that message; copied. */
void crash_doing(const char *what);

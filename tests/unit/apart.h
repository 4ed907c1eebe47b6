/* SPDX-License-Identifier: MIT */
/* A function with a frame of its own, which calls nothing that is not written: its callers neither take it
 * in nor know what it does, and no sanitizer adds to it. */
#pragma once

#ifdef __clang__
#define APART __attribute__((noinline, optnone, no_sanitize("coverage", "address", "undefined")))
#else
#define APART __attribute__((noinline, noclone, noipa))
#endif

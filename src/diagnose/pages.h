/* SPDX-License-Identifier: MIT */
/* Written at build by explain/embed.py. Private to diagnose/. */
#pragma once

#include <stddef.h>

extern const size_t page_count;
extern const char *const page_kinds[];   /* in name order, then NULL */
extern const char *const page_texts[];   /* of the same index */

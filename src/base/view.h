/* SPDX-License-Identifier: MIT */
/* Bytes that someone else keeps; not terminated. */
#pragma once

#include <stddef.h>

struct view { const char *bytes; size_t size; };

/* SPDX-License-Identifier: MIT */
/* Just enough UTF-8 for showing text of strangers: decode, judge, measure. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffdu

/* The code point at *s, moving *s behind it; a byte that begins none counts as one replacement
 * character. 0 at the end, where *s stays. */
uint32_t utf8_next(const char **s);

/* Write `c` to out (at most 4 bytes) and return how many. */
size_t utf8_write(char out[4], uint32_t c);

/* Would change how the text around it is shown: control characters, direction overrides and
 * invisible marks. Line feed and tab count too. */
bool utf8_is_unsafe(uint32_t c);

/* Terminal columns: 0, 1 or 2. */
int utf8_width(uint32_t c);

/* Columns of a whole text. */
int utf8_columns(const char *s);

/* SPDX-License-Identifier: MIT */
/* Durations, rates, sizes and shares as people write and read them: "10s", "20k/s", "64MiB",
 * "0.1%". One tested place for every unit. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Each returns 0, or -EINVAL with nothing written. The whole text must be used. */
int parse_duration(const char *text, int64_t *ret_ns);      /* ns us ms s m h d; a unit is required, 0 may go without */
int parse_rate(const char *text, double *ret_per_s);        /* "500", "20k/s", "1.5M/min"; default per second */
int parse_size(const char *text, int64_t *ret_bytes);       /* B kB MB GB TB PB, KiB MiB GiB TiB PiB; none: bytes */
int parse_ratio(const char *text, double *ret_ratio);       /* "0.1%" or "0.001" */

/* Three significant digits with a unit, as "1.84 s", "212 ms", "20.0k/s", "64 MiB", "0.02 %".
 * They write at most 24 bytes into `out` and return it. */
char *format_duration(char out[24], double seconds);
char *format_rate(char out[24], double per_s);
char *format_size(char out[24], double bytes);
char *format_percent(char out[24], double ratio);

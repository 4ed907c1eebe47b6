/* SPDX-License-Identifier: MIT */
/* Instants as logs and recordings write them, in ns since the epoch (UTC). The whole text must be
 * used; 0 or -EINVAL. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* "2026-11-21T03:12:00.123Z", "2026-11-21 03:12:00+01:00" (RFC 3339); UTC when no zone. */
int instant_iso8601(const char *text, size_t size, int64_t *ret_ns);
/* "21/Nov/2026:03:12:00 +0100", with ".123" after the seconds or without a zone (HAProxy). */
int instant_clf(const char *text, size_t size, int64_t *ret_ns);
/* Any of the three. */
int instant_any(const char *text, size_t size, int64_t *ret_ns);

/* SPDX-License-Identifier: MIT */
/* Entity tags (RFC 9110, section 8.8.3), with their quotes and W/. A tag that the origin sent
 * without quotes is only equal to itself, weakly. Pure. */
#pragma once

#include "net/http_fields.h"

/* Comparison as in section 8.8.3.2: strongly equal tags stand for the same bytes, weakly equal ones for what means the
 * same. */
bool etag_is_strong(struct text tag);
bool etag_equal_strong(struct text a, struct text b);
bool etag_equal_weak(struct text a, struct text b);

/* Does a list of tags, as in If-None-Match, name this one, by weak comparison? "*" names any. */
bool etag_listed(const struct http_fields *fields, const char *name, struct text tag);

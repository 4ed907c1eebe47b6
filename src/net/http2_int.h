/* SPDX-License-Identifier: MIT */
/* Private to http2*.c. */
#pragma once

#include "net/http2.h"

/* A field of a head or a trailer; false: against the rules, or too much. */
bool http2_take_field(struct http2_stream *s, const uint8_t *name, size_t name_size,
    const uint8_t *value, size_t value_size);

/* Was the body as long as the head said? Of a response to HEAD, and with 204 and 304, the length is
 * that of a body that is not sent. */
bool http2_length_kept(const struct http2_stream *s);

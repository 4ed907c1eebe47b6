/* SPDX-License-Identifier: MIT */
/* Questions about foreign text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* UTF-8 (RFC 3629) that a YAML file can hold: no control characters but tab and line ends. */
bool plain_is_utf8(const char *text, size_t size);

/* The same, terminated and without line ends. */
bool plain_is_line(const char *text);

/* A method or header name (RFC 9110 section 5.6.2). */
bool plain_is_token(const char *text);

/* Line and column, from 1, of a place in a text. */
void plain_place(const char *text, const char *at, int *ret_line, int *ret_column);

/* The first place in `text` that is no UTF-8 text; NULL when all is. */
const char *plain_bad_byte(const char *text, size_t size);

/* Append with everything but letters, digits and -._~ as %XX (RFC 3986 section 2.1). */
void plain_percent(struct buf *out, const char *text);

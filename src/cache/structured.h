/* SPDX-License-Identifier: MIT */
/* Dictionaries of structured fields (RFC 8941, section 3.2), read as strictly as section 4.2 asks:
 * one wrong byte anywhere and the whole field does not count. Views of the bytes; nothing is
 * copied. */
#pragma once

#include <stdint.h>

#include "net/field.h"

enum sf_type {
	SF_INTEGER, SF_DECIMAL, SF_STRING, SF_TOKEN, SF_BYTES, SF_BOOLEAN, SF_INNER_LIST,
};

struct sf_member {
	struct text key;
	enum sf_type type;
	int64_t number;      /* SF_INTEGER; SF_BOOLEAN: 0 or 1; SF_DECIMAL: thousandths */
	struct text text;    /* SF_STRING: between the quotes, \" and \\ as they came; SF_TOKEN;
	                        SF_BYTES: base64 */
};

struct sf_reader {
	const char *at, *end;   /* set both to the value of the field */
	int begun;              /* 0 */
};

/* The next member: 1, 0 at the end, -EINVAL when this is no dictionary. Parameters are read over.
 * Of a key that comes twice the last one counts: the caller's affair. */
int sf_next_member(struct sf_reader *r, struct sf_member *ret);

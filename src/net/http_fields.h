/* SPDX-License-Identifier: MIT */
/* The header fields of one message in the order they came, as views of the bytes of its head. */
#pragma once

#include <stdint.h>

#include "net/field.h"

struct http_field {
	struct text name, value;   /* the value without the blanks around it */
};

struct http_fields {
	const struct http_field *at;
	uint32_t n;
};

/* The first field of this name, or the next one after `after`; NULL when there is none. */
static inline const struct http_field *
http_field_next(const struct http_fields *fields, const char *name, const struct http_field *after)
{
	const struct http_field *f = after ? after + 1 : fields->at;

	for (; f < fields->at + fields->n; f++)
		if (text_is(f->name, name))
			return f;
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/* Fields whose value is a list (RFC 9110, section 5.6.1): the members of all lines of one name, in
 * order. */
#pragma once

#include "net/http_fields.h"

struct field_list {
	const struct http_fields *fields;
	const char *name;
	const struct http_field *line;   /* NULL at first */
	struct text rest;                /* zeroed at first */
};

/* The next member that is not empty, without the blanks around it. Commas in quotes do not part
 * members, but a quote without its end quotes nothing: what follows it counts, whoever wrote it.
 * Not to be asked again after it said false. */
bool field_list_next(struct field_list *l, struct text *ret);

/* The longest beginning of `t` that is a token (RFC 9110, section 5.6.2); may be empty. */
struct text text_token(struct text t);

/* Digits and nothing else; what is above INT32_MAX counts as INT32_MAX (RFC 9111, section
 * 1.2.2). */
bool text_seconds(struct text t, int32_t *ret_s);

/* The order of names, whatever their case: below, at or above 0. */
int text_order(struct text a, struct text b);

/* Is `name` one of the members of a list of names? */
bool text_names(struct text list, struct text name);

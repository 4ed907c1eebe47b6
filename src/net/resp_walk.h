/* SPDX-License-Identifier: MIT */
/* The values of a reply, one after the other, an aggregate before what is in it: a view of bytes that
 * resp_feed has found to be one whole reply. Attributes are left out. Of other bytes it gives some
 * values and ends; it never reads beyond them. */
#pragma once

#include "net/field.h"
#include "net/resp.h"

struct resp_walk {
	const char *at, *end;
};

struct resp_value {
	enum resp_kind kind;
	struct text text;    /* of a string or an error; of a number as it stands; without a format */
	int64_t number;      /* of an integer; of an aggregate: values in it, of a map two a pair */
};

void resp_walk_start(struct resp_walk *w, struct text reply);
/* False: there are no more. */
bool resp_walk_next(struct resp_walk *w, struct resp_value *ret);
/* Step over the `n` values that come, with all that is in them. */
void resp_walk_skip(struct resp_walk *w, int64_t n);

static inline bool
resp_is_list(const struct resp_value *v)
{
	return v->kind == RESP_ARRAY || v->kind == RESP_SET || v->kind == RESP_PUSH || v->kind == RESP_MAP;
}

static inline bool
resp_is_string(const struct resp_value *v)
{
	return v->kind == RESP_BULK || v->kind == RESP_SIMPLE || v->kind == RESP_VERBATIM;
}

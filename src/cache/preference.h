/* SPDX-License-Identifier: MIT */
/* Accept-Encoding, Accept-Language, Accept-Charset: names with weights (RFC 9110,
 * sections 12.4.2, 12.5). Pure. */
#pragma once

#include "net/http_fields.h"

#define PREFERENCES_MAX 24

struct preference {
	struct text name;
	int weight;   /* thousandths; 0: refused */
};

struct preferences {
	int n;
	struct preference at[PREFERENCES_MAX];   /* the liked first; equals by name */
};

/* False when the field is not written like this, or has too many. Names in a list of weights are
 * case-insensitive; "x-gzip" is "gzip" (section 8.4.1). */
bool preferences_read(const struct http_fields *request, const char *field,
    struct preferences *ret);

/* As a text in which only the order of weights counts, "br,gzip>deflate;identity": equals, then
 * what is liked less, then what is refused. Returns the size, or `room` + 1 when it is too long. */
size_t preferences_write(const struct preferences *p, char *out, size_t room);
/* Such a text again; the weights are other ones in the same order. */
void preferences_reread(struct text t, struct preferences *ret);

/* Would who chose `choice` of `before` choose it of `now` too? */
bool preferences_keep_choice(const struct preferences *before, const struct preferences *now,
    struct text choice);
/* Is none liked better than this one? */
bool preferences_like_most(const struct preferences *p, struct text choice);

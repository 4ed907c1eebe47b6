/* SPDX-License-Identifier: MIT */
/* Cache-Control of requests and answers (RFC 9111, section 5.2; RFC 5861), and its targeted forms
 * (RFC 9213). Errors are read to the safe side: what forbids counts however it is written, what
 * allows only when it is written right. Pure; views of the bytes of the fields. */
#pragma once

#include "net/http_fields.h"

enum {
	DIRECTIVE_NO_STORE = 1 << 0,
	DIRECTIVE_NO_CACHE = 1 << 1,             /* without field names */
	DIRECTIVE_PRIVATE = 1 << 2,              /* without field names */
	DIRECTIVE_PUBLIC = 1 << 3,
	DIRECTIVE_MUST_REVALIDATE = 1 << 4,
	DIRECTIVE_PROXY_REVALIDATE = 1 << 5,
	DIRECTIVE_MUST_UNDERSTAND = 1 << 6,
	DIRECTIVE_NO_TRANSFORM = 1 << 7,
	DIRECTIVE_ONLY_IF_CACHED = 1 << 8,
};

#define DIRECTIVE_NONE (-1)      /* a figure that is not there */
#define DIRECTIVE_LISTS_MAX 4    /* arguments that name fields; a fifth one counts as no argument */

struct cache_directives {
	uint32_t has;                /* DIRECTIVE_* */
	bool any;                    /* at least one directive, known or not */
	/* Seconds, DIRECTIVE_NONE or 0 .. INT32_MAX. Of several the first counts (RFC 9111,
	 * section 4.2.1). */
	int32_t max_age_s, s_maxage_s;          /* one that is no number is 0: stale at once */
	int32_t stale_behind_s, stale_error_s;  /* stale-while-revalidate, stale-if-error */
	int32_t max_stale_s, min_fresh_s;       /* requests; max-stale without a figure is INT32_MAX */
	/* Fields named by no-cache="..." and private="...": their lines are not for others. */
	struct text lists[DIRECTIVE_LISTS_MAX];
	uint32_t n_lists;
};

/* Is this field named by one of the lists? */
bool cache_directives_name(const struct cache_directives *d, struct text name);

/* All lines of Cache-Control. */
void cache_directives_read(const struct http_fields *fields, struct cache_directives *ret);

/* A targeted field such as CDN-Cache-Control: false when there is none, or one that is empty or no
 * structured dictionary; then it is as if it were not there (RFC 9213, section 2.1). */
bool cache_directives_targeted(const struct http_fields *fields, const char *name,
    struct cache_directives *ret);

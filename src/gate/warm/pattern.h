/* SPDX-License-Identifier: MIT */
/* "/products/{id}", "http://shop.example/{lang}/{slug}", "tag:product:{id}": patterns that take keys and tags apart, and
 * templates that make them. A name in braces stands for one character or more, up to the next that follows it in
 * the pattern, and never for '/', '?', '&' or, in tags, ':'. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "net/field.h"

#define PATTERN_NAME_MAX   64
#define PATTERN_VALUES_MAX 16

/* What is wrong with it, static text; NULL: nothing. */
const char *pattern_fault(const char *pattern);
/* The next name from `at` on, and where to go on; NULL: there is none. */
const char *pattern_next_name(const char *at, char name[PATTERN_NAME_MAX + 1]);
bool pattern_has_name(const char *pattern, const char *name);

struct pattern_values {
	struct { struct text name, value; } at[PATTERN_VALUES_MAX];
	int n;
};

/* Does the text fit? Then the values are views of both. */
bool pattern_match(const char *pattern, struct text text, struct pattern_values *ret);

/* The value of a name; NULL at: there is none. */
typedef struct text pattern_value_fn(void *ctx, struct text name);

struct text pattern_value_of(void *values, struct text name);   /* of a struct pattern_values */

/* Append the template with its names replaced; in paths the values are percent-encoded unless `raw`. False: a value is
 * missing, nothing was appended. */
bool pattern_expand(const char *pattern, pattern_value_fn *value, void *ctx, bool raw, struct buf *out);

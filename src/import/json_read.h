/* SPDX-License-Identifier: MIT */
/* jansson with errors that name file:line:column, and the few questions importers ask. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

int json_read(const char *name, const char *text, size_t size, json_t **ret, struct err *e);
/* The string member, NULL when absent or not a string. */
const char *json_member_text(const json_t *object, const char *key);
void json_done(json_t **j);   /* for CLEANUP */

/* When `text` begins with {"key" (white space aside): the place after it. For telling formats. */
const char *json_first_key(const char *text, size_t size, const char *key);

/* SPDX-License-Identifier: MIT */
/* A YAML document as a tree of jansson's, so that one reader serves API descriptions in both.
 *
 * Plain scalars are typed by the JSON schema of YAML 1.2 (section 10.2): "yes" is text. Aliases
 * share their anchor's tree, an alias inside its own anchor is refused, as are merge keys' magic,
 * tags and more than a million nodes. Errors name file:line:column. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

int yaml_json_read(const char *name, const char *text, size_t size, json_t **ret, struct err *e);

/* SPDX-License-Identifier: MIT */
/* What must not be written down: told by names, since values cannot be told apart. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/secret_name.h"

/* The environment variable for it: "apiKey" is API_KEY. */
const char *secret_variable(struct arena *a, const char *name, size_t size);

/* Values of secret parameters in "a=1&token=xyz" become ${env(TOKEN)}, or nothing when `drop`.
 * *ret_hidden counts them. Returns `query` itself when there are none. */
const char *secret_query(struct arena *a, const char *query, bool drop, size_t *ret_hidden);

/* The same for the string fields of a JSON document; NULL when `text` is none. Fields that hold
 * no secret keep their bytes, when there is no secret at all. */
const char *secret_json(struct arena *a, const char *text, size_t *ret_hidden);

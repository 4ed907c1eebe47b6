/* SPDX-License-Identifier: MIT */
/* What must not be shown or written down: told by names, since values cannot be told apart. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Is what is called so (a query parameter, a header, a field) likely a secret or a person's data?
 * "access_token", "apiKey", "X-Session-Id", "email"; not "keyword", not "author". */
bool secret_name(const char *name, size_t size);

/* SPDX-License-Identifier: MIT */
/* Texts that may not be there. */
#pragma once

#include <stdbool.h>
#include <string.h>

/* NULL equals NULL, and nothing else. */
static inline bool
text_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

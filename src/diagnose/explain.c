/* SPDX-License-Identifier: MIT */
/* The pages of `prony explain`, from src/diagnose/explain/KIND.txt. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "diagnose/diagnose.h"
#include "diagnose/pages.h"

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

const char *
diagnose_explain(const char *kind)
{
	if (!kind)
		return NULL;
	const char *const *at = bsearch(kind, page_kinds, page_count, sizeof(*page_kinds), by_name);
	return at ? page_texts[at - page_kinds] : NULL;
}

const char *const *
diagnose_kinds(void)
{
	return page_kinds;
}

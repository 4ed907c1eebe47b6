/* SPDX-License-Identifier: MIT */
/* Any bytes as the value of Cache-Control and CDN-Cache-Control: whatever stands beside it, no-store counts. */
#include "cache/directives.h"
#include "cache_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct cache_directives *d)
{
	require(d->max_age_s >= DIRECTIVE_NONE && d->s_maxage_s >= DIRECTIVE_NONE && d->stale_behind_s >= DIRECTIVE_NONE &&
	    d->stale_error_s >= DIRECTIVE_NONE && d->max_stale_s >= DIRECTIVE_NONE && d->min_fresh_s >= DIRECTIVE_NONE);
	require(d->n_lists <= DIRECTIVE_LISTS_MAX && (d->any || !d->has));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char before[] = "no-store, ", after[] = ", no-store";
	size_t n = sizeof(before) - 1;
	char *bytes = malloc(size + 2 * n);
	struct http_field f = { { "cache-control", 13 }, { bytes + n, size } };
	struct http_fields fields = { &f, 1 };
	struct cache_directives plain, d;

	memcpy(bytes, before, n);
	memcpy(bytes + n, data, size);
	memcpy(bytes + n + size, after, n);
	cache_directives_read(&fields, &plain);
	check(&plain);
	f.value = (struct text){ bytes, n + size };
	cache_directives_read(&fields, &d);
	require(d.has & DIRECTIVE_NO_STORE && d.max_age_s == plain.max_age_s);
	f.value = (struct text){ bytes + n, size + n };
	cache_directives_read(&fields, &d);
	require(d.has & DIRECTIVE_NO_STORE);
	f = (struct http_field){ { "cdn-cache-control", 17 }, { bytes + n, size } };
	if (cache_directives_targeted(&fields, "cdn-cache-control", &d))
		check(&d);
	free(bytes);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "gate/retry_after.h"

#include "cache/http_date.h"

#define MAX_S (RETRY_AFTER_MAX_NS / NS_PER_S)

/* False: it is no number. */
static bool
read_seconds(struct text t, int64_t *ret_s)
{
	int64_t s = 0;

	for (size_t i = 0; i < t.size; i++) {
		if (t.at[i] < '0' || t.at[i] > '9')
			return false;
		s = s * 10 + (t.at[i] - '0');
		s = s < MAX_S ? s : MAX_S;
	}
	*ret_s = s;
	return t.size > 0;
}

int64_t
retry_after_ns(const struct http_fields *fields, int64_t wall_ns)
{
	const struct http_field *f = http_field_next(fields, "Retry-After", NULL);
	const struct http_field *date = http_field_next(fields, "Date", NULL);
	int64_t now_s = wall_ns / NS_PER_S, s;

	if (f && !read_seconds(f->value, &s)) {
		if (date)
			http_date_read(date->value, now_s, &now_s);
		s = http_date_read(f->value, now_s, &s) ? s - now_s : 0;
	}
	if (!f || s <= 0)
		return 0;
	return (s < MAX_S ? s : MAX_S) * NS_PER_S;
}

/* SPDX-License-Identifier: MIT */
#include "net/http2_request.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define FIELD_AUTHORITY 2
#define BORROWED (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)

/* `name` is in lower case and lives as long as the request. */
static void
put(struct http2_request *q, struct arena *a, const char *name, const char *value)
{
	q->fields[q->n_fields++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name, .namelen = strlen(name),
		.value = (uint8_t *)arena_strdup(a, value), .valuelen = strlen(value), .flags = BORROWED,
	};
}

void
http2_request_begin(struct http2_request *q, struct arena *a, const char *method,
    const char *scheme, const char *authority, const char *path)
{
	*q = (struct http2_request){ .head = strcmp(method, "HEAD") == 0 };
	put(q, a, ":method", method);
	put(q, a, ":scheme", scheme);
	put(q, a, ":authority", authority);
	put(q, a, ":path", path);
}

static bool
is_of_http1(const char *name)
{
	static const char *const names[] = {
		"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade",
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static char *
lower_case(struct arena *a, const char *name)
{
	char *copy = arena_strdup(a, name);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

int
http2_request_add(struct http2_request *q, struct arena *a, const char *name, const char *value)
{
	if (is_of_http1(name))
		return -ENOENT;
	if (!nghttp2_check_header_value((const uint8_t *)value, strlen(value)))
		return -EINVAL;
	if (strcasecmp(name, "Host") == 0) {
		http2_request_vary(q, FIELD_AUTHORITY, arena_strdup(a, value), strlen(value));
		q->fields[FIELD_AUTHORITY].flags = BORROWED;
		return FIELD_AUTHORITY;
	}
	const char *low = lower_case(a, name);
	if (low[0] == ':' || !nghttp2_check_header_name((const uint8_t *)low, strlen(low)))
		return -EINVAL;
	if (q->n_fields == HTTP2_FIELDS_MAX)
		return -E2BIG;
	put(q, a, low, value);
	return (int)q->n_fields - 1;
}

int
http2_request_body(struct http2_request *q, struct arena *a, const void *bytes, size_t size)
{
	int i = http2_request_add(q, a, "content-length", arena_printf(a, "%zu", size));

	q->body = bytes;
	q->body_size = size;
	return i < 0 ? i : 0;
}

void
http2_request_vary(struct http2_request *q, size_t i, const char *value, size_t size)
{
	assert(i < q->n_fields);
	q->fields[i].value = (uint8_t *)(uintptr_t)value;
	q->fields[i].valuelen = size;
	q->fields[i].flags = BORROWED | NGHTTP2_NV_FLAG_NO_INDEX;
}

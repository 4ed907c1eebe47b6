/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/cleanup.h"
#include "net/http2_request.h"
#include "check.h"

static void
heads_are_made_for_http2(void **state)
{
	static const struct { const char *name, *value; int result; } rows[] = {
		{ "User-Agent", "prony", 4 }, { "Connection", "close", -ENOENT },
		{ "transfer-encoding", "chunked", -ENOENT }, { "Host", "other.test", 2 },
		{ "x y", "z", -EINVAL }, { ":path", "/", -EINVAL }, { "", "z", -EINVAL },
		{ "x", "a\nb", -EINVAL }, { "X-Id", "1", 5 },
	};
	struct arena *a = arena_new();
	struct http2_request q;

	http2_request_begin(&q, a, "HEAD", "https", "shop.test", "/");
	assert_true(q.head);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (http2_request_add(&q, a, rows[i].name, rows[i].value) != rows[i].result)
			fail_msg("%s: %s", rows[i].name, rows[i].value);
	assert_int_equal(q.n_fields, 6);
	assert_memory_equal(q.fields[4].name, "user-agent", 10);
	assert_memory_equal(q.fields[2].value, "other.test", 10);
	http2_request_vary(&q, HTTP2_FIELD_PATH, "/orders/17", 10);
	assert_memory_equal(q.fields[HTTP2_FIELD_PATH].name, ":path", 5);
	assert_int_equal(q.fields[HTTP2_FIELD_PATH].valuelen, 10);
	assert_true(q.fields[HTTP2_FIELD_PATH].flags & NGHTTP2_NV_FLAG_NO_INDEX);
	while (q.n_fields < HTTP2_FIELDS_MAX)
		assert_true(http2_request_add(&q, a, "x", "y") > 0);
	assert_int_equal(http2_request_add(&q, a, "x", "y"), -E2BIG);
	assert_int_equal(http2_request_body(&q, a, "b", 1), -E2BIG);
	arena_free(a);
}

RUN_TESTS(cmocka_unit_test(heads_are_made_for_http2))

/* SPDX-License-Identifier: MIT */
#include "trace/route.h"
#include "check.h"

static void
heads_become_routes(void **state)
{
	static const char *const literal[] = { "/orders/42" };
	static const struct { const char *head, *want; } rows[] = {
		{ "GET / HTTP/1.1\r\nHost: x", "/" },
		{ "GET /orders?customer=17&token=s3cret HTTP/1.1", "/orders" },
		{ "GET /orders/42 HTTP/1.1", "/orders/42" },
		{ "GET /orders/43 HTTP/1.1", "/orders/:id" },
		{ "GET /orders/42/items/7 HTTP/1.1", "/orders/:id/items/:id" },
		{ "POST /u/550e8400-e29b-41d4-a716-446655440000 HTTP/1.1", "/u/:id" },
		{ "GET /blob/deadbeef01 HTTP/1.1", "/blob/:id" },
		{ "GET /feedback HTTP/1.1", "/feedback" },
		{ "GET /v2/users HTTP/1.1", "/v2/users" },
		{ "GET http://host:80/a/1#x HTTP/1.1", "/a/:id" },
		{ "OPTIONS * HTTP/1.1", "*" },
		{ "GET /cut/off/by/the/kerne", "/cut/off/by/the/kerne" },
		{ "GET /bell\a HTTP/1.1", "/bell?" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[ROUTE_MAX];
		assert_true(route_of_head(rows[i].head, strlen(rows[i].head), literal, 1, out));
		assert_string_equal(out, rows[i].want);
	}
}

static void
what_is_no_request_is_refused(void **state)
{
	static const char *const rows[] = { "", "GET", "HTTP/1.1 200 OK\r\n", "\x16\x03\x01\x02\x00\x01" };
	char out[ROUTE_MAX];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(route_of_head(rows[i], strlen(rows[i]), NULL, 0, out));
}

static void
a_long_path_is_cut(void **state)
{
	char head[400] = "GET /", out[ROUTE_MAX];
	memset(head + 5, 'a', 380);
	assert_true(route_of_head(head, strlen(head), NULL, 0, out));
	assert_true(strlen(out) < ROUTE_MAX);
}

static void
urls_become_routes(void **state)
{
	static const struct { const char *url, *want; } rows[] = {
		{ "http://127.0.0.1:8080/orders?x=1", "/orders" }, { "http://h", "/" }, { "http://h/", "/" },
		{ "/only/path", "/only/path" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[ROUTE_MAX];
		route_of_url(rows[i].url, out);
		assert_string_equal(out, rows[i].want);
	}
}

RUN_TESTS(cmocka_unit_test(heads_become_routes), cmocka_unit_test(what_is_no_request_is_refused),
    cmocka_unit_test(a_long_path_is_cut), cmocka_unit_test(urls_become_routes))

/* SPDX-License-Identifier: MIT */
#include "gate/purge/cdn_request.h"

#include <string.h>

#include "check.h"

static const char smallest[] = "listen: 127.0.0.1:1\nupstreams: { o: { servers: [\"127.0.0.1:2\"] } }\n"
                               "routes: [ { match: /, upstream: o } ]\ncdn:\n  - ";

static int
load(struct arena *a, const char *cdn, struct gate_config **ret, struct err *e)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s%s\n", smallest, cdn);
	int code = gate_config_parse(buf_text(&b), b.size, "t.yaml", a, ret, e);
	buf_done(&b);
	return code;
}

static void
templates_are_filled_in(void **state)
{
	static const struct { const char *cdn; struct purge p; const char *url, *rest; } rows[] = {
		{ "{ preset: fastly, service: S1, token_file: t }",
		  { PURGE_URL, false, false, { "https://shop.example/a?b=c", 26 } },
		  "https://api.fastly.com/purge/shop.example/a?b=c", "Fastly-Key: se\"cret\r\nContent-Length: 0\r\n\r\n" },
		{ "{ preset: fastly, service: S1, token_file: t }", { PURGE_TAG, true, false, { "a/b", 3 } },
		  "https://api.fastly.com/service/S1/purge/a%2Fb",
		  "Fastly-Key: se\"cret\r\nFastly-Soft-Purge: 1\r\nContent-Length: 0\r\n\r\n" },
		{ "{ preset: cloudflare, service: Z, token_env: T }", { PURGE_TAG, false, false, { "a\"b", 3 } },
		  "https://api.cloudflare.com/client/v4/zones/Z/purge_cache",
		  "Authorization: Bearer se\"cret\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"
		  "{\"tags\":[\"a\\\"b\"]}" },
		{ "{ preset: cloudflare, service: Z, token_env: T }", { PURGE_ALL, true, false, { NULL, 0 } },
		  "https://api.cloudflare.com/client/v4/zones/Z/purge_cache",
		  "Authorization: Bearer se\"cret\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n"
		  "{\"purge_everything\":true}" },
		{ "{ preset: bunny, service: 7, token_file: t }", { PURGE_URL, false, false, { "http://h/x y", 10 } },
		  "https://api.bunny.net/purge?url=http%3A%2F%2Fh%2Fx", "AccessKey: se\"cret\r\nContent-Length: 0\r\n\r\n" },
		/* What it has no call for becomes a purge of everything. */
		{ "{ name: own, headers: { X-By: \"{other} {service}\" }, all: { to: \"http://h/{tag}\", body: \"x{tag}\" } }",
		  { PURGE_TAG, false, false, { "a", 1 } }, "http://h/a", "X-By: {other} \r\nContent-Length: 2\r\n\r\nxa" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct gate_config *c;
		struct err e = { 0 };
		struct buf url = { 0 }, rest = { 0 };
		assert_int_equal(load(a, rows[i].cdn, &c, &e), 0);
		const struct gate_cdn_call *call = cdn_call_for(&c->cdns[0], rows[i].p.what);
		assert_non_null(call);
		assert_int_equal(cdn_request_write(&c->cdns[0], call, &rows[i].p, "se\"cret", &url, &rest), 0);
		assert_string_equal(buf_text(&url), rows[i].url);
		assert_string_equal(buf_text(&rest), rows[i].rest);
		assert_true(cdn_request_write(&c->cdns[0], call, &rows[i].p, "a\nb", &url, &rest) < 0);
		buf_done(&url);
		buf_done(&rest);
		arena_free(a);
	}
}

static void
bad_ones_are_refused(void **state)
{
	static const struct { const char *cdn, *why; } rows[] = {
		{ "{ preset: fastly, token_file: t }", "needs service" },
		{ "{ preset: fastly, service: a }", "needs service" },
		{ "{ preset: fasty, service: a, token_file: t }", "preset" },
		{ "{ name: a }", "cannot be asked anything" },
		{ "{ all: { to: \"http://h/\" } }", "without name" },
		{ "{ name: a b, all: { to: \"http://h/\" } }", "a word" },
		{ "{ name: a, all: { method: POST } }", "whom to ask" },
		{ "{ name: a, all: { method: post, to: \"http://h/\" } }", "no method" },
		{ "{ name: a, headers: x, all: { to: \"http://h/\" } }", "names of fields" },
		{ "{ name: a, headers: { \"X:\": x }, all: { to: \"http://h/\" } }", "cannot be a field" },
		{ "{ name: a, all: { to: \"http://h/\" } }\n  - { name: a, all: { to: \"http://h/\" } }", "two CDNs" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct gate_config *c;
		struct err e = { 0 };
		assert_true(load(a, rows[i].cdn, &c, &e) < 0);
		assert_non_null(strstr(e.text, rows[i].why));
		arena_free(a);
	}
}

RUN_TESTS(cmocka_unit_test(templates_are_filled_in), cmocka_unit_test(bad_ones_are_refused))

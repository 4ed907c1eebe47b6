/* SPDX-License-Identifier: MIT */
#include "net/url.h"
#include "check.h"

static void
urls_are_taken_apart(void **state)
{
	static const struct { const char *text, *host; int port; const char *authority, *path; } rows[] = {
		{ "http://localhost", "localhost", 80, "localhost", "/" },
		{ "http://localhost:80/", "localhost", 80, "localhost", "/" },
		{ "HTTP://127.0.0.1:8080/a/b?c=d&e", "127.0.0.1", 8080, "127.0.0.1:8080", "/a/b?c=d&e" },
		{ "http://[::1]:9/", "::1", 9, "[::1]:9", "/" },
		{ "http://[::1]", "::1", 80, "[::1]", "/" },
		{ "http://a-b.example_1:65535/%20", "a-b.example_1", 65535, "a-b.example_1:65535", "/%20" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url u;
		struct err e = { 0 };
		assert_int_equal(url_parse(rows[i].text, &u, &e), 0);
		assert_string_equal(u.host, rows[i].host);
		assert_int_equal(u.port, rows[i].port);
		assert_string_equal(u.authority, rows[i].authority);
		assert_string_equal(u.path, rows[i].path);
	}
}

static void
schemes_have_their_ports_and_users(void **state)
{
	static const struct {
		const char *text;
		enum url_scheme scheme;
		int port;
		const char *authority, *user, *password, *joined;
	} rows[] = {
		{ "https://h/", URL_HTTPS, 443, "h", "", "", "https://h/x" },
		{ "https://h:80/", URL_HTTPS, 80, "h:80", "", "", "https://h:80/x" },
		{ "wss://h", URL_WSS, 443, "h", "", "", "wss://h/x" },
		{ "postgresql://me@h/db", URL_POSTGRESQL, 5432, "h", "me", "", "postgresql://me@h/x" },
		{ "postgresql://me:p%40%3Ass@h/db", URL_POSTGRESQL, 5432, "h", "me", "p@:ss",
		  "postgresql://me:p%40%3Ass@h/x" },
		{ "redis://:secret@h:1/0", URL_REDIS, 1, "h:1", "", "secret", "redis://:secret@h:1/x" },
	};
	struct arena *a = arena_new();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url u;
		struct err e = { 0 };
		assert_int_equal(url_parse(rows[i].text, &u, &e), 0);
		assert_int_equal(u.scheme, rows[i].scheme);
		assert_int_equal(u.port, rows[i].port);
		assert_string_equal(u.authority, rows[i].authority);
		assert_string_equal(u.user, rows[i].user);
		assert_string_equal(u.password, rows[i].password);
		assert_string_equal(url_join(a, &u, "/x"), rows[i].joined);
	}
	arena_free(a);
}

static void
what_would_have_to_be_guessed_is_refused(void **state)
{
	static const struct { const char *text, *why; } rows[] = {
		{ "ftp://127.0.0.1/", "not a URL" },
		{ "127.0.0.1:80", "not a URL" },
		{ "", "not a URL" },
		{ "http://", "HOST" },
		{ "http:///x", "HOST" },
		{ "http://:80/", "HOST" },
		{ "http://h:0/", "HOST" },
		{ "http://h:65536/", "HOST" },
		{ "http://h:99999999999999999999/", "HOST" },
		{ "http://h:8x/", "HOST" },
		{ "http://h:/", "HOST" },
		{ "http://h:+8/", "HOST" },
		{ "http://[::1/", "HOST" },
		{ "http://[::g]/", "HOST" },
		{ "http://[127.0.0.1]/", "HOST" },
		{ "http://[::1]x/", "HOST" },
		{ "http://-h/", "HOST" },
		{ "http://a*b/", "HOST" },
		{ "http://u:p@h/", "user" },
		{ "http://h/a b", "blank" },
		{ "http://h/\xc3\xa4", "special character" },
		{ "http://h/\r\nX: y", "special character" },
		{ "http://h/#top", "never sent" },
		{ "http://h?x=1", "path is missing" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url u = { .port = 42 };
		struct err e = { 0 };
		assert_true(url_parse(rows[i].text, &u, &e) < 0);
		assert_int_equal(e.status, STATUS_USAGE);
		if (!strstr(e.text, rows[i].why))
			fail_msg("'%s': '%s' does not say '%s'", rows[i].text, e.text, rows[i].why);
		assert_int_equal(u.port, 42);
	}
}

static void
long_hosts_do_not_fit(void **state)
{
	char text[4400];
	struct url u;
	struct err e = { 0 };

	for (size_t n = 250; n < 260; n++) {
		snprintf(text, sizeof(text), "http://%0*d:8080/", (int)n, 7);
		assert_int_equal(url_parse(text, &u, &e) == 0, n <= 253);
	}
	snprintf(text, sizeof(text), "http://h/%04200d", 7);
	assert_true(url_parse(text, &u, &e) < 0);
}

static void
loopback_is_known(void **state)
{
	static const struct { const char *text; bool loopback; } rows[] = {
		{ "http://127.0.0.1/", true }, { "http://127.9.9.9/", true }, { "http://[::1]/", true },
		{ "http://[::ffff:127.0.0.1]/", true }, { "http://128.0.0.1/", false },
		{ "http://[::2]/", false }, { "http://0.0.0.0/", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url u;
		struct err e = { 0 };
		bool loopback = !rows[i].loopback;
		assert_int_equal(url_parse(rows[i].text, &u, &e), 0);
		assert_int_equal(url_is_loopback(&u, &loopback, &e), 0);
		assert_int_equal(loopback, rows[i].loopback);
	}
}

static void
query_values_are_hidden(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "/orders", "/orders" },
		{ "/orders?customer=4711", "/orders?customer=*" },
		{ "postgresql://me:s3cret@127.0.0.1/db", "postgresql://127.0.0.1/db" },
		{ "http://127.0.0.1:80/a?token=s3cret&flag&x=&y=1=2", "http://127.0.0.1:80/a?token=*&flag&x=&y=*" },
		{ "/?", "/?" }, { "/?=a", "/?=*" }, { "/?a=b&", "/?a=*&" },
	};
	struct arena *a = arena_new();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(url_public(a, rows[i].text), rows[i].want);
	arena_free(a);
}

RUN_TESTS(cmocka_unit_test(query_values_are_hidden),
    cmocka_unit_test(urls_are_taken_apart),
    cmocka_unit_test(schemes_have_their_ports_and_users),
    cmocka_unit_test(what_would_have_to_be_guessed_is_refused),
    cmocka_unit_test(long_hosts_do_not_fit), cmocka_unit_test(loopback_is_known))

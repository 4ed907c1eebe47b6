/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "cache/key.h"
#include "cache_by_hand.h"
#include "check.h"

static void
equal_targets_have_one_key(void **state)
{
	static const struct { bool https; const char *host, *target, *uri; } rows[] = {
		{ false, "Shop.Example", "/", "http://shop.example/" },
		{ false, "shop.example:80", "/", "http://shop.example/" },
		{ true, "shop.example:443", "/", "https://shop.example/" },
		{ true, "shop.example:80", "/", "https://shop.example:80/" },
		{ false, "shop.example:", "/", "http://shop.example/" },
		{ false, "[::1]:8080", "/", "http://[::1]:8080/" },
		{ false, "[FE80::1]", "/", "http://[fe80::1]/" },
		{ false, "h", "/A/b?C=d&&e", "http://h/A/b?C=d&&e" },
		{ false, "h", "/%41%2d%7e%5f%2E/x", "http://h/A-~_./x" },
		{ false, "h", "/%2f%3a", "http://h/%2F%3A" },
		{ false, "h", "/caf\xc3\xa9", "http://h/caf%C3%A9" },
		{ false, "h", "/a?%41%2f/../%2e", "http://h/a?%41%2f/../%2e" },
		{ false, "h", "/a/./b/../c", "http://h/a/c" },
		{ false, "h", "/a/%2e%2E/c", "http://h/c" },
		{ false, "h", "/../../a", "http://h/a" },
		{ false, "h", "/a/..", "http://h/" },
		{ false, "h", "/a/b/..", "http://h/a/" },
		{ false, "h", "/a/.", "http://h/a/" },
		{ false, "h", "/a/b/../", "http://h/a/" },
		{ false, "h", "/..?x", "http://h/?x" },
		{ false, "h", "//a//", "http://h//a//" },
		{ false, "h", "/a//../b", "http://h/a/b" },
		{ false, "h", "/...", "http://h/..." },
		{ false, "h", "/a;b=c,d!$&'()*+=:@|{}\"", "http://h/a;b=c,d!$&'()*+=:@|{}\"" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[CACHE_KEY_MAX];
		struct cache_key k;
		assert_int_equal(cache_key_write(rows[i].https, text_of(rows[i].host), text_of(rows[i].target), out, &k), 0);
		if (!text_is(k.uri, rows[i].uri) || memcmp(k.uri.at, rows[i].uri, k.uri.size) != 0)
			fail_msg("%s: %.*s", rows[i].target, (int)k.uri.size, k.uri.at);
		assert_true(k.target.at + k.target.size == k.uri.at + k.uri.size && k.target.at[0] == '/');
		assert_false(k.ambiguous);
		/* what the origin gets has the same key again */
		char again[CACHE_KEY_MAX];
		struct cache_key same;
		assert_int_equal(cache_key_write(rows[i].https, text_of(rows[i].host), k.target, again, &same), 0);
		assert_true(cache_key_equal(&k, &same));
	}
}

static void
what_may_be_read_in_two_ways_is_not_cached(void **state)
{
	static const char *const rows[] = { "/static/..%2fadmin", "/static/%2e%2e%2fadmin", "/static/x%2f..%2f..%2fadmin",
		"/a\\b", "/a%5cb", "/a%00.css", "/a%252e%252e" };
	static const char *const clear[] = { "/owner%2Fname", "/a%25", "/a%25x", "/a?b%zz\\", "/a..b" };
	char out[CACHE_KEY_MAX];
	struct cache_key k;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(cache_key_write(false, text_of("h"), text_of(rows[i]), out, &k), 0);
		if (!k.ambiguous)
			fail_msg("%s", rows[i]);
	}
	for (size_t i = 0; i < sizeof(clear) / sizeof(clear[0]); i++) {
		assert_int_equal(cache_key_write(false, text_of("h"), text_of(clear[i]), out, &k), 0);
		assert_false(k.ambiguous);
	}
}

static void
what_is_no_target_is_refused(void **state)
{
	static const struct { const char *host, *target; int r; } rows[] = {
		{ "h", "", -EINVAL }, { "h", "*", -EINVAL }, { "h", "a", -EINVAL }, { "h", "http://h/", -EINVAL },
		{ "h", "/a b", -EINVAL }, { "h", "/a\tb", -EINVAL }, { "h", "/a\x7f", -EINVAL }, { "h", "/a#b", -EINVAL },
		{ "h", "/a%", -EINVAL }, { "h", "/a%4", -EINVAL }, { "h", "/a%zz", -EINVAL }, { "h", "/%%44E", -EINVAL },
		{ "h", "/a?b c", -EINVAL }, { "h", "/a?b#c", -EINVAL },
		{ "", "/", -EINVAL }, { "a b", "/", -EINVAL }, { "a/b", "/", -EINVAL }, { "a@b", "/", -EINVAL },
		{ "h:x", "/", -EINVAL }, { "h:123456", "/", -EINVAL }, { "::1", "/", -EINVAL }, { "[::1", "/", -EINVAL },
		{ "h\xc3\xa9", "/", -EINVAL }, { "a%41", "/", -EINVAL },
	};
	static char longest[CACHE_KEY_MAX + 2];
	char out[CACHE_KEY_MAX];
	struct cache_key k;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (cache_key_write(false, text_of(rows[i].host), text_of(rows[i].target), out, &k) != rows[i].r)
			fail_msg("%s %s", rows[i].host, rows[i].target);
	memset(longest, 'a', CACHE_KEY_MAX);
	longest[0] = '/';
	for (size_t n = CACHE_KEY_MAX - 20; n <= CACHE_KEY_MAX; n++)
		assert_int_equal(cache_key_write(false, text_of("h"), (struct text){ longest, n }, out, &k),
		    n + 8 <= CACHE_KEY_MAX ? 0 : -E2BIG);
	memset(longest + 1, '\xff', CACHE_KEY_MAX / 2);
	assert_int_equal(cache_key_write(false, text_of("h"), text_of(longest), out, &k), -E2BIG);
	longest[1] = '?';
	assert_int_equal(cache_key_write(false, text_of("h"), text_of(longest), out, &k), -E2BIG);
}

static void
references_lead_to_keys_of_the_same_origin(void **state)
{
	static const struct { const char *reference, *uri; } rows[] = {
		{ "/x", "http://h/x" },
		{ "/x/../y?z#f", "http://h/y?z" },
		{ "x", "http://h/a/x" },
		{ "../x", "http://h/x" },
		{ "?q", "http://h/a/b?q" },
		{ "x:y", NULL },
		{ "./x:y", "http://h/a/x:y" },
		{ "http://h/x", "http://h/x" },
		{ "HTTP://H:80/x", "http://h/x" },
		{ "http://h", "http://h/" },
		{ "http://h?x", "http://h/?x" },
		{ "//h/x", "http://h/x" },
		{ "https://h/x", NULL },
		{ "http://h:81/x", NULL },
		{ "http://other/x", NULL },
		{ "//other/x", NULL },
		{ "http:x", NULL },
		{ "#f", NULL },
		{ "", NULL },
		{ "http://h@other/x", NULL },
		{ "/a b", NULL },
	};
	char base_text[CACHE_KEY_MAX], out[CACHE_KEY_MAX];
	struct cache_key base, k;

	cache_key_write(false, text_of("h"), text_of("/a/b?c/d"), base_text, &base);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool same = cache_key_resolve(&base, text_of(rows[i].reference), out, &k);
		if (same != (rows[i].uri != NULL) || (same && !text_is(k.uri, rows[i].uri)))
			fail_msg("%s: %d", rows[i].reference, same);
	}
}

static void
parameters_that_are_ignored_go(void **state)
{
	static const char *const names[] = { "utm_*", "gclid" }, *const all[] = { "*" };
	static const struct { const char *target, *left, *none; } rows[] = {
		{ "/a", "/a", "/a" },
		{ "/a?", "/a?", "/a" },
		{ "/a?b=1", "/a?b=1", "/a" },
		{ "/a?utm_source=x", "/a", "/a" },
		{ "/a?utm_", "/a", "/a" },
		{ "/a?utm", "/a?utm", "/a" },
		{ "/a?b=1&utm_x=2&c&gclid=3", "/a?b=1&c", "/a" },
		{ "/a?gclid=3&b", "/a?b", "/a" },
		{ "/a?gclid&gclid=&b=2&gclid", "/a?b=2", "/a" },
		{ "/a?gclidx=1&xgclid=2&GCLID=3", "/a?gclidx=1&xgclid=2&GCLID=3", "/a" },
		{ "/a?b=gclid=1", "/a?b=gclid=1", "/a" },
		{ "/a?&&gclid=1&", "/a?&&", "/a" },
		{ "/a?gclid=1;b=2&c", "/a?gclid=1;b=2&c", "/a?gclid=1;b=2" },
		{ "/a?b?gclid=1&gclid=2?", "/a?b?gclid=1", "/a" },
		{ "/utm_x?utm_x", "/utm_x", "/utm_x" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[CACHE_KEY_MAX];
		struct cache_key key, other;
		assert_int_equal(cache_key_write(false, text_of("h"), text_of(rows[i].target), text, &key), 0);
		cache_key_ignore(&key, text, names, 2);
		if (key.target.size != strlen(rows[i].left) || memcmp(key.target.at, rows[i].left, key.target.size) != 0)
			fail_msg("%s: %.*s", rows[i].target, (int)key.target.size, key.target.at);
		assert_int_equal(key.uri.size, strlen("http://h") + key.target.size);
		assert_ptr_equal(key.uri.at, text);
		cache_key_write(false, text_of("h"), text_of(rows[i].target), text, &other);
		cache_key_ignore(&other, text, all, 1);
		assert_true(text_is(other.target, rows[i].none));
	}
}

RUN_TESTS(
	cmocka_unit_test(equal_targets_have_one_key),
	cmocka_unit_test(what_may_be_read_in_two_ways_is_not_cached),
	cmocka_unit_test(what_is_no_target_is_refused),
	cmocka_unit_test(references_lead_to_keys_of_the_same_origin),
	cmocka_unit_test(parameters_that_are_ignored_go),
)

/* SPDX-License-Identifier: MIT */
#include "gate/admin/admin_request.h"

#include <string.h>

#include "cache/tags.h"
#include "check.h"

static void
good_requests_are_understood(void **state)
{
	static const struct {
		const char *method, *target, *body;
		enum admin_what what;
		enum purge_what purge;
		bool soft;
		const char *text;
		uint64_t after;
	} rows[] = {
		{ "GET", "/status", "", ADMIN_STATUS, .text = "" },
		{ "GET", "/metrics?x", "", ADMIN_METRICS, .text = "" },
		{ "GET", "/purges", "", ADMIN_PURGES, .text = "" },
		{ "GET", "/purges?after=12", "", ADMIN_PURGES, .text = "", .after = 12 },
		{ "POST", "/reload", "", ADMIN_RELOAD, .text = "" },
		{ "POST", "/purge", "{\"tag\": \"a\"}", ADMIN_PURGE, PURGE_TAG, false, "a" },
		{ "POST", "/purge", "{\"soft\": true, \"url\": \"http://h/p\"}", ADMIN_PURGE, PURGE_URL, true,
		  "http://h/p" },
		{ "POST", "/purge", "{\"all\": true, \"soft\": false}", ADMIN_PURGE, PURGE_ALL, false, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct admin_request r;
		assert_true(admin_request_read(text_of(rows[i].method), text_of(rows[i].target),
		    text_of(rows[i].body), &r));
		assert_int_equal(r.what, rows[i].what);
		assert_int_equal(r.purge.what, rows[i].purge);
		assert_int_equal(r.purge.soft, rows[i].soft);
		assert_string_equal(buf_text(&r.text), rows[i].text);
		assert_int_equal(r.after, rows[i].after);
		buf_done(&r.text);
	}
}

static void
bad_requests_are_told_why(void **state)
{
	static const struct { const char *method, *target, *body; int status; const char *why; } rows[] = {
		{ "GET", "/", "", 404, "no such thing" },
		{ "GET", "/reload", "", 405, "POST alone" },
		{ "POST", "/status", "", 405, "GET alone" },
		{ "GET", "/purges?after=x", "", 400, "not a number" },
		{ "GET", "/purges?before=1", "", 400, "after which" },
		{ "POST", "/purge", "", 400, "not JSON" },
		{ "POST", "/purge", "[]", 400, "no JSON object" },
		{ "POST", "/purge", "{}", 400, "nothing to purge" },
		{ "POST", "/purge", "{\"soft\": true}", 400, "nothing to purge" },
		{ "POST", "/purge", "{\"tag\": 1}", 400, "tag is not a text" },
		{ "POST", "/purge", "{\"tag\": \"\"}", 400, "cannot be a tag" },
		{ "POST", "/purge", "{\"tag\": \"a b\"}", 400, "cannot be a tag" },
		{ "POST", "/purge", "{\"all\": false}", 400, "all is not true" },
		{ "POST", "/purge", "{\"soft\": 1, \"tag\": \"a\"}", 400, "soft is neither" },
		{ "POST", "/purge", "{\"tag\": \"a\", \"url\": \"http://h/\"}", 400, "more than one" },
		{ "POST", "/purge", "{\"tags\": \"a\"}", 400, "no key 'tags'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct admin_request r;
		assert_false(admin_request_read(text_of(rows[i].method), text_of(rows[i].target),
		    text_of(rows[i].body), &r));
		assert_int_equal(r.status, rows[i].status);
		assert_non_null(strstr(r.why, rows[i].why));
		assert_non_null(r.next);
		buf_done(&r.text);
	}
}

static void
tags_of_all_who_name_them(void **state)
{
	static const struct { const char *head; int n; } rows[] = {
		{ "Date: x\r\n", 0 },
		{ "Surrogate-Key: a b  c\r\n", 3 },
		{ "Cache-Tag: a, b ,c,,\r\n", 3 },
		{ "xkey: a\tb\r\nSurrogate-Key: b c\r\ncache-tag: c\r\n", 3 },
		{ "Surrogate-Key: A a\r\n", 2 },
		{ "Surrogate-Key:\r\n", 0 },
		{ "Surrogate-Key: 1 2 3 4\r\n", 4 },
		{ "Surrogate-Key: 1 2 3 4 4 1\r\n", 4 },
		{ "Surrogate-Key: 1 2 3 4 5\r\n", -1 },
	};
	uint64_t ids[4];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(cache_tags_read(text_of(rows[i].head), ids, 4), rows[i].n);
	assert_int_equal(cache_tags_read(text_of("Cache-Tag: a, b\r\n"), ids, 4), 2);
	assert_true(ids[0] == cache_tag_id(text_of("a")) && ids[1] == cache_tag_id(text_of("b")));
}

RUN_TESTS(
    cmocka_unit_test(good_requests_are_understood),
    cmocka_unit_test(bad_requests_are_told_why),
    cmocka_unit_test(tags_of_all_who_name_them))

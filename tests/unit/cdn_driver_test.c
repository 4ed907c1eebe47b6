/* SPDX-License-Identifier: MIT */
#include "gate/purge/cdn_driver.h"

#include <stdlib.h>

#include "base/clock.h"
#include "with_arena.h"

#define FRONT  "{ preset: cloudfront, service: E1, token_file: t }"
#define TAGS   "{ preset: cloudfront, service: E1, token_file: t, tags: true }"
#define AKAMAI "{ preset: akamai, service: \"12,34\", token_file: t }"
#define AWS    "[default]\naws_access_key_id = AKID\naws_secret_access_key = hush-hush\n"
#define EDGE   "[default]\nclient_secret = hush-hush\nhost = akab.example/\naccess_token = at\nclient_token = ct\n"

static const struct gate_cdn *cdn;
static struct cdn_batch batch;
static struct cdn_request request;
static struct err error;

static int
set_up(void **state)
{
	arena_begin(state);
	batch = (struct cdn_batch){ 0 };
	request = (struct cdn_request){ 0 };
	error = (struct err){ 0 };
	return 0;
}

static int
tear_down(void **state)
{
	buf_done(&batch.items);
	cdn_request_done(&request);
	return arena_end(state);
}

/* The refusal, or "". */
static const char *
load(const char *words)
{
	struct gate_config *c;
	const char *text = arena_printf(arena, "listen: 127.0.0.1:1\nupstreams: { o: { servers: [\"127.0.0.1:2\"] } }\n"
	    "routes: [ { match: /, upstream: o } ]\ncdn:\n  - %s\n", words);

	error = (struct err){ 0 };
	if (gate_config_parse(text, strlen(text), "t.yaml", arena, &c, &error) < 0)
		return error.text;
	cdn = &c->cdns[0];
	return "";
}

static bool
add(enum purge_what what, bool soft, const char *text, size_t most)
{
	struct purge_entry e = { 7 + batch.n, 1000 * NS_PER_S, { what, soft, false, { text, strlen(text) } } };

	return cdn_batch_add(&batch, cdn_driver_of(cdn), cdn, &e, most);
}

static int
ask(const char *secret)
{
	struct cdn_ask a = { cdn, &batch, { secret, secret ? strlen(secret) : 0 }, 1440938160 * NS_PER_S };

	cdn_request_done(&request);
	request = (struct cdn_request){ 0 };
	return cdn_driver_of(cdn)->write(&a, &request, &error);
}

static const char *
body(void)
{
	const char *end = strstr(buf_text(&request.rest), "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static void
purges_become_objects(void **state)
{
	static const struct { const char *cdn; struct purge p; const char *to, *within; } rows[] = {
		{ FRONT, { PURGE_URL, false, false, { "https://h/a?b=c&d", 17 } },
		  "https://cloudfront.amazonaws.com/2020-05-31/distribution/E1/invalidation",
		  "<Items><Path>/a?b=c&amp;d</Path></Items><Quantity>1</Quantity>" },
		{ FRONT, { PURGE_URL, false, false, { "http://h/\xc3\xa4%20<*", 16 } }, NULL, "<Path>/%C3%A4%20%3C*</Path>" },
		{ FRONT, { PURGE_URL, false, false, { "http://h", 8 } }, NULL, "<Path>/</Path>" },
		{ FRONT, { PURGE_TAG, false, false, { "a", 1 } }, NULL, "<Path>/*</Path>" },
		{ FRONT, { PURGE_ALL, false, false, { "", 0 } }, NULL, "<Path>/*</Path>" },
		{ TAGS, { PURGE_TAG, false, false, { "a<&>b", 5 } }, NULL, "<Path>#a&lt;&amp;&gt;b</Path>" },
		{ TAGS, { PURGE_TAG, false, false, { "a,b", 3 } }, NULL, "<Path>/*</Path>" },   /* no tag there */
		{ AKAMAI, { PURGE_URL, false, false, { "https://h/a\"b", 13 } },
		  "https://akab.example/ccu/v3/delete/url/production", "{\"objects\":[\"https://h/a%22b\"]}" },
		{ AKAMAI, { PURGE_TAG, true, false, { "a\"b\\", 4 } },
		  "https://akab.example/ccu/v3/invalidate/tag/production", "{\"objects\":[\"a\\\"b\\\\\"]}" },
		{ AKAMAI, { PURGE_ALL, true, false, { "", 0 } },
		  "https://akab.example/ccu/v3/invalidate/cpcode/production", "{\"objects\":[12,34]}" },
		{ "{ preset: akamai, service: 1, network: staging, endpoint: \"http://127.0.0.1:1/\", profile: ccu }",
		  { PURGE_TAG, false, false, { "a", 1 } }, "http://127.0.0.1:1/ccu/v3/delete/tag/staging", "[\"a\"]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct purge_entry e = { 7, 1000 * NS_PER_S, rows[i].p };
		assert_string_equal(load(rows[i].cdn), "");
		cdn_batch_clear(&batch);
		assert_true(cdn_batch_add(&batch, cdn_driver_of(cdn), cdn, &e, 1));
		const char *secret = strstr(rows[i].cdn, "akamai") ? EDGE : AWS;
		assert_int_equal(ask(cdn->profile ? arena_printf(arena, "[ccu]%s", EDGE + 9) : secret), 0);
		assert_string_equal(request.method, "POST");
		if (rows[i].to)
			assert_string_equal(buf_text(&request.to), rows[i].to);
		assert_non_null(strstr(body(), rows[i].within));
		assert_null(strstr(buf_text(&request.rest), "hush-hush"));
	}
}

static void
batches_are_of_one_kind(void **state)
{
	assert_string_equal(load(FRONT), "");
	assert_true(add(PURGE_URL, false, "http://h/a", 9));
	assert_true(add(PURGE_URL, false, "http://h/b", 9));
	assert_true(add(PURGE_URL, false, "http://other/a", 9));   /* the same path */
	assert_int_equal(batch.n, 3);
	assert_int_equal(batch.n_items, 2);
	assert_false(add(PURGE_URL, true, "http://h/c", 9));
	assert_false(add(PURGE_TAG, false, "c", 9));
	assert_false(add(PURGE_URL, false, "http://h/c", 3));
	assert_int_equal(ask(AWS), 0);
	assert_non_null(strstr(body(), "<Path>/a</Path><Path>/b</Path></Items><Quantity>2<"));
	cdn_batch_clear(&batch);
	for (int i = 0; i < 5; i++)   /* tags that it does not know are one purge of everything */
		assert_true(add(i ? PURGE_TAG : PURGE_ALL, false, i ? "a" : "", 9));
	assert_int_equal(batch.n_items, 1);
	cdn_batch_clear(&batch);
	assert_string_equal(load(AKAMAI), "");
	assert_true(add(PURGE_TAG, false, "a\"b", 9));
	assert_true(add(PURGE_TAG, false, "b", 9));            /* the end of the other's, but another */
	assert_true(add(PURGE_TAG, false, ",\"b", 9));
	assert_int_equal(batch.n_items, 3);
}

static void
batches_are_split(void **state)
{
	const char *const cdns[] = { AKAMAI, FRONT };

	for (size_t i = 0; i < 2; i++) {
		size_t n = 0;
		cdn_batch_clear(&batch);
		assert_string_equal(load(cdns[i]), "");
		while (add(PURGE_URL, false, arena_printf(arena, "http://h/%0*zu", i ? 4 : 90, n), 100000))
			n++;
		assert_int_equal(batch.n, n);
		assert_int_equal(batch.n_items, n);
		assert_int_equal(ask(i ? AWS : EDGE), 0);
		assert_true(i ? n == 1000 : strlen(body()) <= 50000 && strlen(body()) > 49800);
	}
}

/* The line of a request that begins like that. */
static const char *
line_of(const char *begin)
{
	const char *at = strstr(buf_text(&request.rest), begin);

	assert_non_null(at);
	return arena_strndup(arena, at, strcspn(at, "\r\n"));
}

static void
a_batch_has_one_reference(void **state)
{
	static const char begin[] = "<CallerReference>";

	assert_string_equal(load(FRONT), "");
	assert_true(add(PURGE_URL, false, "http://h/a", 9));
	assert_int_equal(ask(AWS), 0);
	const char *first = line_of(begin);
	assert_non_null(strstr(first, "prony-7-1000-"));
	assert_int_equal(ask(AWS), 0);
	assert_string_equal(line_of(begin), first);
	assert_true(add(PURGE_URL, false, "http://h/b", 9));
	assert_int_equal(ask(AWS), 0);
	assert_string_not_equal(line_of(begin), first);
	cdn_batch_clear(&batch);   /* the next purge of the same */
	struct purge_entry e = { 8, 1000 * NS_PER_S, { PURGE_URL, false, false, { "http://h/a", 10 } } };
	assert_true(cdn_batch_add(&batch, cdn_driver_of(cdn), cdn, &e, 9));
	assert_int_equal(ask(AWS), 0);
	assert_string_not_equal(line_of(begin), first);
}

static void
secrets_are_found(void **state)
{
	static const struct { const char *file, *key; } rows[] = {
		{ AWS, "AKID/" },
		{ "aws_access_key_id=A\r\naws_secret_access_key=B=\r\n[default]\naws_access_key_id=C", "A/" },
		{ "[other]\n" AWS, "AKID/" },
		{ "# aws\n[other]\naws_access_key_id=A\naws_secret_access_key=B\n", NULL },
		{ "[default]\naws_access_key_id=A\naws_secret_access_key=\n", NULL },
		{ "[default]\naws_access_key_id=A B\naws_secret_access_key=B\n", NULL },   /* would end a field's word */
		{ "", NULL }, { "[", NULL }, { "[]\n=\n", NULL },
		{ NULL, "ENV/" },
	};

	assert_string_equal(load(FRONT), "");
	assert_true(add(PURGE_URL, false, "http://h/a", 9));
	setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "B", 1);
	setenv("AWS_SESSION_TOKEN", "S", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ask(rows[i].file) == 0, rows[i].key != NULL);
		if (rows[i].key)
			assert_non_null(strstr(line_of("Authorization:"), arena_printf(arena, "Credential=%s", rows[i].key)));
		else
			assert_non_null(strstr(error.text, "aws_access_key_id"));
		assert_int_equal(strstr(buf_text(&request.rest), "X-Amz-Security-Token: S\r\n") != NULL, !rows[i].file);
	}
	unsetenv("AWS_ACCESS_KEY_ID");
	assert_true(ask(NULL) < 0);
	cdn_batch_clear(&batch);
	assert_string_equal(load(AKAMAI), "");
	assert_true(add(PURGE_TAG, false, "a", 9));
	assert_true(ask("[default]\nclient_secret=a\nclient_token=b\naccess_token=c\n") < 0);
	assert_non_null(strstr(error.text, "host"));
}

static void
bad_ones_are_refused(void **state)
{
	static const struct { const char *cdn, *why, *hint; } rows[] = {
		{ "{ preset: cloudfrnt, service: E1 }", "t.yaml:5:15: preset", "did you mean 'cloudfront'?" },
		{ "{ preset: cloudfront }", "cloudfront needs service", "distribution" },
		{ "{ preset: cloudfront, service: E/1 }", "t.yaml:5:36: service: 'E/1' cannot be", "" },
		{ "{ preset: akamai, service: E1 }", "'E1' cannot be one of akamai", "" },
		{ "{ preset: akamai, service: \"1,,2\" }", "cannot be", "" },
		{ "{ preset: akamai, service: \"1,\" }", "cannot be", "" },
		{ "{ preset: akamai, service: 1, network: stagin }", "network", "did you mean 'staging'?" },
		{ "{ preset: akamai, service: 1, region: x }", "region is for cloudfront alone", "" },
		{ "{ preset: cloudfront, service: E1, network: staging }", "network is for akamai alone", "" },
		{ "{ preset: cloudfront, service: E1, region: a/b }", "is no region", "" },
		{ "{ preset: cloudfront, service: E1, endpoint: \"https://h/x\" }", "a URL without a path", "write" },
		{ "{ preset: cloudfront, service: E1, endpoint: redis://h }", "a URL without a path", "write" },
		{ "{ preset: cloudfront, service: E1, tags: maybe }", "tags", "" },
		{ "{ preset: cloudfront, service: E1, tag: { to: \"http://h/{tag}\" } }", "t.yaml:5:40: tag: CloudFront",
		  "tags: true" },
		{ "{ preset: akamai, service: 1, url: { to: \"http://h/\" } }", "url: akamai needs none", "" },
		{ "{ preset: akamai, service: 1, tokn_file: t }", "tokn_file", "did you mean 'token_file'?" },
		{ "{ preset: fastly, service: 1, token_file: t, profile: x }", "profile is for cloudfront and akamai alone", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = load(rows[i].cdn);
		if (!strstr(why, rows[i].why) || !strstr(error.hint, rows[i].hint))
			fail_msg("%s: '%s' (%s)", rows[i].cdn, why, error.hint);
	}
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN_TESTS(ROW(purges_become_objects), ROW(batches_are_of_one_kind), ROW(batches_are_split),
    ROW(a_batch_has_one_reference), ROW(secrets_are_found), ROW(bad_ones_are_refused))

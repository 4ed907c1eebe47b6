/* SPDX-License-Identifier: MIT */
#include "import/secret.h"
#include "imported.h"

/* ---- formats are told ---- */

static const char combined_line[] =
    "192.0.2.7 - - [21/Nov/2026:10:00:00 +0000] \"GET /items/17 HTTP/1.1\" 200 512 \"-\" \"agent\"\n";

static void
formats_are_told(void **state)
{
	static const struct { const char *name, *text, *format; } rows[] = {
		{ "x", "{\"log\": {\"version\": \"1.2\", \"entries\": [{\"request\": {\"method\": \"GET\", \"url\": "
		       "\"http://shop.test/\"}}]}}", "har" },
		{ "x", "openapi: 3.0.1\npaths:\n  /a: {get: {}}\n", "openapi" },
		{ "x", "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": {}}}}", "openapi" },
		{ "x", "swagger: \"2.0\"\npaths: {/a: {get: {}}}\n", "openapi" },
		{ "x", "# shops\n$ curl http://shop.test/a\n", "curl" },
		{ "x", "import http from 'k6/http';\nexport default () => { http.get('http://shop.test/'); }", "k6" },
		{ "x", "wrk.method = 'POST'\n", "wrk" },
		{ "x", combined_line, "log" },
		{ "x", "{\"method\":\"GET\",\"path\":\"/a\",\"status\":200}\n", "log" },
		{ "notes.lua", "function delay() return 1 end function request() return wrk.format() end", "wrk" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imported im = import(rows[i].name, rows[i].text);
		if (strcmp(im.r.format, rows[i].format) != 0)
			fail_msg("row %zu was read as %s", i, im.r.format);
		arena_free(im.a);
	}
}

static void
what_cannot_be_read_is_explained(void **state)
{
	static const struct { const char *name, *format, *text, *says, *hint; } rows[] = {
		{ "x", NULL, "", "'x' is empty", "" },
		{ "x", NULL, "just some words\n", "none of the formats", "curl, har, k6, log, openapi or wrk" },
		{ "x", NULL, "\x01\x02\xff\xfe", "not text", "--format" },
		{ "x", "hra", "{}", "'hra' is not a format", "did you mean 'har'" },
		{ "x", NULL, "curl http://a.test/\nwrk.method = 'GET'\n", "several formats", "--format" },
		{ "a.har", NULL, "{\"log\": {\"entries\": [", "a.har:1:", "cut off" },
		{ "a.har", "har", "{\"log\": 1}", "no list log.entries", "" },
		{ "a.har", "har", "{\"log\": {\"entries\": []}}", "nothing in it becomes a request", "" },
		{ "a.har", NULL, "{\"log\": {\"entries\":\n\xff}}", "a.har:2:1: byte 0xff", "UTF-8" },
		{ "a.yaml", NULL, "openapi: 3.0.0\npaths:\n  - {\n", "a.yaml:4:1", "whole" },
		{ "a.yaml", NULL, "openapi: 3.0.0\npaths: &a\n  x: *a\n", "a.yaml:3:6: an alias inside", "" },
		{ "a.yaml", "openapi", "swagger: '2.0'\n", "no paths", "" },
		{ "a.sh", NULL, "curl 'http://a.test/\n", "a.sh:1:6: the quote", "Copy as cURL" },
		{ "a.sh", NULL, "curl ^\"http://a.test/^\"\n", "Windows", "" },
		{ "a.js", NULL, "import http from 'k6/http'\nhttp.get('x\n", "a.js:2:10: the quote", "" },
		{ "a.js", NULL, "import http from 'k6/http'\nlet a = `x", "a.js:2:9: the template", "" },
		{ "a.lua", NULL, "wrk.body = [[x", "a.lua:1:12: the long string", "" },
		{ "a.sh", NULL, "curl ftp://a.test/\n", "nothing in it becomes a request (read as curl); left out: "
		  "requests that are not HTTP", "" },
		{ "a.log", "log", "nothing\n", "a.log:1: not a line", "nginx" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imported im = import_with(rows[i].name, rows[i].text, strlen(rows[i].text),
		    (struct import_options){ .format = rows[i].format });
		assert_true(im.code < 0);
		if (!strstr(im.e.text, rows[i].says) || !strstr(im.e.hint, rows[i].hint))
			fail_msg("row %zu said '%s', next '%s'", i, im.e.text, im.e.hint);
		assert_int_equal(im.e.status, STATUS_USAGE);
		arena_free(im.a);
	}
}

static void
only_a_log_has_arrival_times(void **state)
{
	static const char text[] = "curl http://a.test/";
	struct imported im = import_with("x", text, strlen(text), (struct import_options){ .replay = "y" });

	assert_true(im.code < 0);
	assert_non_null(strstr(im.e.text, "--replay"));
	arena_free(im.a);
}

static void
the_user_may_name_the_base(void **state)
{
	static const char text[] = "curl https://shop.test:8443/a?b=c; curl https://shop.test/d";
	struct imported im = import_with("x", text, strlen(text),
	    (struct import_options){ .base = "http://127.0.0.1:8080" });

	assert_int_equal(im.code, 0);
	assert_survives(&im);
	assert_string_equal(im.r.scenario->base, "http://127.0.0.1:8080");
	assert_string_equal(step_of(&im, 0, 0)->url, "/a?b=c");
	assert_string_equal(step_of(&im, 1, 0)->url, "https://shop.test/d");
	arena_free(im.a);
}

/* A base is made once: only the environment may have a word in it. */
static void
hosts_that_vary_are_no_base(void **state)
{
	struct imported im = import("x.sh", "curl http://$HOST/a; curl http://$HOST/b; curl $BASE/c");

	assert_string_equal(im.r.scenario->base, "http://${env(HOST)}");
	assert_string_equal(step_of(&im, 1, 0)->url, "/b");
	assert_string_equal(step_of(&im, 2, 0)->url, "${env(BASE)}/c");
	arena_free(im.a);
	im = import("x.js", "import http from 'k6/http';\nexport default () => {"
	    " http.get(`http://shard${randomIntBetween(1, 4)}.test/`); http.get(`/${randomIntBetween(4, 1)}`); }");
	assert_null(im.r.scenario->base);
	assert_string_equal(step_of(&im, 0, 0)->url, "http://shard${random(1, 4)}.test/");
	assert_int_equal(im.r.scenario->flows[0].n_steps, 1);
	arena_free(im.a);
}

static void
secrets_are_told_by_names(void **state)
{
	static const char *const secret[] = { "access_token", "apiKey", "X-Session-Id", "email", "api-key",
		"PASSWORD", "sig", "X-Amz-Signature", "auth", "userEmail" };
	static const char *const open[] = { "keyword", "author", "page", "monkey", "design", "id", "spin" };

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (!secret_name(secret[i], strlen(secret[i])))
			fail_msg("%s is no secret", secret[i]);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		if (secret_name(open[i], strlen(open[i])))
			fail_msg("%s is a secret", open[i]);
}

/* ---- HAR ---- */

static const char har[] =
	"{\"log\": {\"version\": \"1.2\", \"creator\": {\"name\": \"x\"}, \"entries\": [\n"
	"{\"startedDateTime\": \"2026-11-21T10:00:01.500Z\", \"time\": 100, \"request\": {\"method\": \"POST\",\n"
	"  \"url\": \"https://shop.test/login?next=%2F&token=abc123\", \"headers\": [\n"
	"    {\"name\": \"Host\", \"value\": \"shop.test\"}, {\"name\": \"Cookie\", \"value\": \"sid=abc123\"},\n"
	"    {\"name\": \"Content-Length\", \"value\": \"9\"}, {\"name\": \"X-App\", \"value\": \"${web}\"}],\n"
	"  \"postData\": {\"mimeType\": \"application/x-www-form-urlencoded\", \"params\": [\n"
	"    {\"name\": \"user name\", \"value\": \"a&b\"}, {\"name\": \"password\", \"value\": \"abc123\"}]}},\n"
	"  \"response\": {\"status\": 303}},\n"
	"{\"startedDateTime\": \"2026-11-21T10:00:00.000Z\", \"time\": 40, \"request\": {\"method\": \"GET\",\n"
	"  \"url\": \"https://shop.test/\", \"headers\": [{\"name\": \":authority\", \"value\": \"shop.test\"},\n"
	"    {\"name\": \"Authorization\", \"value\": \"Bearer abc123\"}, {\"name\": \"X-App\", \"value\": \"${web}\"},\n"
	"    {\"name\": \"If-None-Match\", \"value\": \"\\\"1\\\"\"}]},\n"
	"  \"response\": {\"status\": 304}},\n"
	"{\"startedDateTime\": \"2026-11-21T10:00:00.010Z\", \"time\": 5, \"request\": {\"method\": \"GET\",\n"
	"  \"url\": \"https://cdn.test/a.js\", \"headers\": []}, \"response\": {\"status\": 200}},\n"
	"{\"startedDateTime\": \"2026-11-21T10:00:01.610Z\", \"time\": 5, \"request\": {\"method\": \"PUT\",\n"
	"  \"url\": \"https://shop.test/me\", \"headers\": [{\"name\": \"X-App\", \"value\": \"${web}\"}],\n"
	"  \"postData\": {\"mimeType\": \"application/json\", \"text\": \"{\\\"name\\\":\\\"Z\\\",\\\"pin_token\\\":\\\"abc123\\\"}\"}},\n"
	"  \"response\": {\"status\": 200}}\n"
	"]}}";

static void
a_recording_becomes_one_flow(void **state)
{
	struct imported im = import("visit.har", har);
	const struct scenario *s = im.r.scenario;

	assert_string_equal(s->base, "https://shop.test");
	assert_int_equal(s->n_flows, 1);
	assert_string_equal(s->flows[0].name, "visit");
	assert_int_equal(s->flows[0].n_steps, 4);
	assert_string_equal(step_of(&im, 0, 0)->url, "/");
	assert_string_equal(step_of(&im, 0, 0)->expects[0].value, "200 304");
	assert_int_equal(step_of(&im, 0, 1)->kind, STEP_THINK);
	CHECK_NEAR(step_of(&im, 0, 1)->think_s, 1.46, 1e-9);
	const struct scenario_step *login = step_of(&im, 0, 2);
	assert_string_equal(login->method, "POST");
	assert_string_equal(login->url, "/login?next=%2F&token=${env(TOKEN)}");
	assert_string_equal(login->body, "user%20name=a%26b&password=${env(PASSWORD)}");
	assert_string_equal(header_of(&im, login, "content-type"), "application/x-www-form-urlencoded");
	assert_string_equal(login->expects[0].value, "303");
	assert_string_equal(step_of(&im, 0, 3)->body, "{\"name\":\"Z\",\"pin_token\":\"${env(PIN_TOKEN)}\"}");
	arena_free(im.a);
}

static void
a_recording_gives_no_secret_away(void **state)
{
	struct imported im = import("visit.har", har);

	assert_nowhere(&im, "abc123");
	assert_int_equal(noted(&im, "cookies"), 1);
	assert_int_equal(noted(&im, "requests to https://cdn.test"), 1);
	assert_int_equal(noted(&im, "secret query parameters"), 1);
	assert_int_equal(noted(&im, "secret fields in bodies"), 2);
	assert_int_equal(noted(&im, "header If-None-Match"), 1);
	const struct scenario_step *first = step_of(&im, 0, 0);
	assert_string_equal(header_of(&im, first, "authorization"), "${env(AUTHORIZATION)}");
	assert_string_equal(header_of(&im, first, ":authority"), "(none)");
	assert_string_equal(header_of(&im, step_of(&im, 0, 2), "host"), "(none)");
	/* All requests have it, and it is no expression. */
	assert_int_equal(im.r.scenario->n_headers, 1);
	assert_string_equal(im.r.scenario->headers[0].value, "$${web}");
	arena_free(im.a);
}

/* ---- OpenAPI ---- */

static const char openapi[] =
	"openapi: 3.0.3\n"
	"servers:\n  - url: https://{region}.api.test/v1/\n    variables: {region: {default: eu}}\n"
	"security: [{bearer: []}]\n"
	"paths:\n"
	"  /orders/{id}:\n"
	"    parameters:\n"
	"      - {$ref: '#/components/parameters/id'}\n"
	"    get:\n"
	"      operationId: getOrder\n"
	"      parameters:\n"
	"        - {name: view, in: query, required: true, schema: {type: string, enum: [brief, full]}}\n"
	"        - {name: lang, in: query, schema: {type: string}}\n"
	"        - {name: X-Version, in: header, required: true, example: 3}\n"
	"      responses: {'200': {}, '404': {}, default: {}}\n"
	"    delete:\n      responses: {}\n"
	"  /orders:\n"
	"    post:\n"
	"      security: []\n"
	"      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/order'}}}}\n"
	"  /files/{name}/{key}:\n"
	"    get:\n"
	"      parameters: [{name: name, in: path, schema: {type: string, format: uuid}}]\n"
	"components:\n"
	"  parameters:\n"
	"    id: {name: id, in: path, required: true, schema: {type: integer, maximum: 20}}\n"
	"  schemas:\n"
	"    order:\n"
	"      type: object\n"
	"      properties:\n"
	"        id: {type: integer, readOnly: true}\n"
	"        count: {type: integer, minimum: 2, maximum: 5}\n"
	"        note: {type: string, example: 'a \"b\"'}\n"
	"        lines: {type: array, items: {$ref: '#/components/schemas/line'}}\n"
	"    line:\n"
	"      allOf:\n"
	"        - {properties: {price: {type: number, default: 1.5}}}\n"
	"        - {properties: {order: {$ref: '#/components/schemas/order'}, gift: {type: boolean}}}\n";

static void
operations_become_flows(void **state)
{
	struct imported im = import("api.yaml", openapi);
	const struct scenario_step *step = step_of(&im, 0, 0);

	assert_string_equal(im.r.scenario->base, "https://eu.api.test");
	assert_int_equal(im.r.scenario->n_flows, 2);
	assert_string_equal(im.r.scenario->flows[0].name, "getOrder");
	assert_string_equal(step->name, "GET /orders/{id}");
	assert_string_equal(step->url, "/v1/orders/${random(1, 20)}?view=${choice(brief, full)}");
	assert_string_equal(step->expects[0].value, "200");
	assert_string_equal(header_of(&im, step, "X-Version"), "3");
	assert_string_equal(header_of(&im, step, "Authorization"), "${env(AUTHORIZATION)}");
	assert_string_equal(step_of(&im, 1, 0)->url, "/v1/files/${uuid()}/${random(1, 100)}");
	assert_string_equal(step_of(&im, 1, 0)->expects[0].value, "2xx");
	assert_int_equal(noted(&im, "--all-methods"), 2);
	arena_free(im.a);
}

static void
bodies_follow_their_schema(void **state)
{
	struct imported im = import_with("api.yaml", openapi, strlen(openapi),
	    (struct import_options){ .all_methods = true });

	assert_int_equal(im.r.scenario->n_flows, 4);
	assert_survives(&im);
	const struct scenario_step *post = step_of(&im, 2, 0);
	assert_string_equal(post->method, "POST");
	assert_string_equal(post->body, "{\"count\":${random(2, 5)},\"note\":\"a \\\"b\\\"\","
	    "\"lines\":[{\"price\":1.5,\"gift\":true}]}");
	assert_string_equal(header_of(&im, post, "content-type"), "application/json");
	assert_string_equal(header_of(&im, post, "authorization"), "(none)");
	arena_free(im.a);
}

static void
swagger_2_is_read(void **state)
{
	static const char text[] = "{\"swagger\": \"2.0\", \"host\": \"api.test\", \"basePath\": \"/v2\","
	    "\"schemes\": [\"http\"], \"paths\": {\"/a/{n}\": {\"post\": {\"parameters\": ["
	    "{\"name\": \"n\", \"in\": \"path\", \"type\": \"integer\"},"
	    "{\"name\": \"f\", \"in\": \"formData\", \"type\": \"string\", \"default\": \"x\"},"
	    "{\"name\": \"q\", \"in\": \"query\", \"required\": true, \"type\": \"string\"}]}}}}";

	struct imported im = import_with("x", text, strlen(text), (struct import_options){ .all_methods = true });
	assert_int_equal(im.code, 0);
	assert_string_equal(im.r.scenario->base, "http://api.test");
	assert_string_equal(step_of(&im, 0, 0)->url, "/v2/a/${random(1, 100)}?q=text");
	assert_string_equal(step_of(&im, 0, 0)->body, "f=x");
	arena_free(im.a);
}

/* ---- curl ---- */

static void
commands_become_flows(void **state)
{
	static const char text[] =
		"#!/bin/sh\n# two orders\nset -e\n"
		"curl -sS -X PUT 'http://shop.test/o/1' -H 'Content-Type: application/json' \\\n"
		"  -d '{\"a\":\"it'\\''s ${x}\"}' -b 'sid=abc123' -u me:abc123 | jq .\n"
		"curl -G http://shop.test/s -d q=tea --data-urlencode 'w=a b&c' -k\n"
		"curl -I shop.test/head\n"
		"curl \"http://shop.test/u/$USER_ID\" -H \"Authorization: Bearer $T\" && echo done\n"
		"curl http://shop.test/f -F file=@x\n"
		"curl http://shop.test/$(date +%s)\n"
		"curl http://shop.test/j --json '{\"n\":1}' --next http://shop.test/k\n";
	struct imported im = import("x.sh", text);

	assert_int_equal(im.r.scenario->n_flows, 6);
	assert_string_equal(im.r.scenario->base, "http://shop.test");
	const struct scenario_step *put = step_of(&im, 0, 0);
	assert_string_equal(put->method, "PUT");
	assert_string_equal(put->body, "{\"a\":\"it's $${x}\"}");
	assert_string_equal(header_of(&im, put, "authorization"), "${env(AUTHORIZATION)}");
	assert_string_equal(step_of(&im, 1, 0)->url, "/s?q=tea&w=a%20b%26c");
	assert_string_equal(step_of(&im, 1, 0)->method, "GET");
	assert_null(step_of(&im, 1, 0)->body);
	assert_string_equal(step_of(&im, 2, 0)->method, "HEAD");
	assert_string_equal(step_of(&im, 2, 0)->url, "/head");
	assert_string_equal(step_of(&im, 3, 0)->url, "/u/${env(USER_ID)}");
	assert_string_equal(step_of(&im, 4, 0)->body, "{\"n\":1}");
	assert_string_equal(header_of(&im, step_of(&im, 4, 0), "accept"), "application/json");
	assert_string_equal(step_of(&im, 5, 0)->url, "/k");
	assert_nowhere(&im, "abc123");
	assert_int_equal(noted(&im, "multipart"), 1);
	assert_int_equal(noted(&im, "only a shell could compute"), 1);
	assert_int_equal(noted(&im, "commands that are not curl"), 3);
	assert_int_equal(noted(&im, "--insecure"), 1);
	arena_free(im.a);
}

/* As the browsers write them. */
static void
commands_copied_from_browsers_are_read(void **state)
{
	static const char chrome[] =
		"curl 'https://shop.test/api/cart' \\\n  -H 'accept: */*' \\\n  -H 'content-type: application/json' \\\n"
		"  -b 'sid=1' \\\n  -H 'sec-ch-ua: \"Chromium\";v=\"130\"' \\\n"
		"  --data-raw $'{\"text\":\"it\\'s\\u0021 \\u00e9\\\\n\"}' \\\n  --compressed ;\n"
		"curl 'https://shop.test/b' -X 'OPTIONS'\n";
	static const char firefox[] =
		"curl 'https://shop.test/api/cart' --compressed -X POST -H 'User-Agent: Mozilla/5.0' "
		"-H 'Accept-Encoding: gzip, deflate, br' -H 'Connection: keep-alive' -H 'TE: trailers' "
		"--data-raw 'a=1&b=%20'";
	struct imported im = import("x", chrome);

	assert_int_equal(im.r.scenario->n_flows, 2);
	assert_string_equal(step_of(&im, 0, 0)->method, "POST");
	assert_string_equal(step_of(&im, 0, 0)->body, "{\"text\":\"it's! \xc3\xa9\\n\"}");
	assert_string_equal(header_of(&im, step_of(&im, 0, 0), "Accept-Encoding"), "gzip, deflate, br");
	assert_string_equal(step_of(&im, 1, 0)->method, "OPTIONS");
	arena_free(im.a);
	im = import("x", firefox);
	assert_string_equal(step_of(&im, 0, 0)->body, "a=1&b=%20");
	assert_string_equal(header_of(&im, step_of(&im, 0, 0), "connection"), "(none)");
	assert_string_equal(header_of(&im, step_of(&im, 0, 0), "te"), "(none)");
	arena_free(im.a);
}

RUN_TESTS(
	cmocka_unit_test(formats_are_told),
	cmocka_unit_test(what_cannot_be_read_is_explained),
	cmocka_unit_test(only_a_log_has_arrival_times),
	cmocka_unit_test(the_user_may_name_the_base),
	cmocka_unit_test(hosts_that_vary_are_no_base),
	cmocka_unit_test(secrets_are_told_by_names),
	cmocka_unit_test(a_recording_becomes_one_flow),
	cmocka_unit_test(a_recording_gives_no_secret_away),
	cmocka_unit_test(operations_become_flows),
	cmocka_unit_test(bodies_follow_their_schema),
	cmocka_unit_test(swagger_2_is_read),
	cmocka_unit_test(commands_become_flows),
	cmocka_unit_test(commands_copied_from_browsers_are_read))

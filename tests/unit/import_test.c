/* SPDX-License-Identifier: MIT */
#include <strings.h>

#include "base/buf.h"
#include "import/import.h"
#include "import/secret.h"
#include "check.h"

struct imported {
	struct arena *a;
	struct import_result r;
	struct err e;
	int code;
};

static struct imported
import_with(const char *name, const char *text, size_t size, struct import_options o)
{
	struct imported im = { .a = arena_new() };

	im.code = import_text(name, text, size, &o, im.a, &im.r, &im.e);
	return im;
}

/* What was made is a scenario to who reads scenarios, and the same one. */
static void
assert_survives(const struct imported *im)
{
	struct buf first = { 0 }, second = { 0 };
	struct scenario *again;
	struct err e = { 0 };

	scenario_write(im->r.scenario, &first);
	if (scenario_parse(buf_text(&first), first.size, "again.yaml", im->a, &again, &e) < 0)
		fail_msg("%s\n%s", e.text, buf_text(&first));
	scenario_write(again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	buf_done(&first);
	buf_done(&second);
}

static struct imported
import(const char *name, const char *text)
{
	struct imported im = import_with(name, text, strlen(text), (struct import_options){ 0 });

	if (im.code < 0)
		fail_msg("%s: %s", name, im.e.text);
	assert_survives(&im);
	return im;
}

static const struct scenario_step *
step_of(const struct imported *im, size_t flow, size_t step)
{
	assert_true(flow < im->r.scenario->n_flows);
	assert_true(step < im->r.scenario->flows[flow].n_steps);
	return &im->r.scenario->flows[flow].steps[step];
}

/* The count of the first note that has these words; 0: none. */
static uint64_t
noted(const struct imported *im, const char *words)
{
	for (size_t i = 0; i < im->r.n_notes; i++)
		if (strstr(im->r.notes[i].text, words))
			return im->r.notes[i].count;
	return 0;
}

static const char *
header_of(const struct imported *im, const struct scenario_step *step, const char *name)
{
	for (size_t i = 0; i < step->n_headers; i++)
		if (strcasecmp(step->headers[i].name, name) == 0)
			return step->headers[i].value;
	for (size_t i = 0; i < im->r.scenario->n_headers; i++)
		if (strcasecmp(im->r.scenario->headers[i].name, name) == 0)
			return im->r.scenario->headers[i].value;
	return "(none)";
}

/* No text of the scenario or of the notes holds it. */
static void
assert_nowhere(const struct imported *im, const char *secret)
{
	const struct scenario *s = im->r.scenario;

	for (size_t f = 0; f < s->n_flows; f++)
		for (size_t i = 0; i < s->flows[f].n_steps; i++) {
			const struct scenario_step *step = &s->flows[f].steps[i];
			assert_null(step->url ? strstr(step->url, secret) : NULL);
			assert_null(step->body ? strstr(step->body, secret) : NULL);
			for (size_t h = 0; h < step->n_headers; h++)
				assert_null(strstr(step->headers[h].value, secret));
		}
	for (size_t i = 0; i < im->r.n_notes; i++)
		assert_null(strstr(im->r.notes[i].text, secret));
	assert_null(s->base ? strstr(s->base, secret) : NULL);
}

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

/* ---- k6 ---- */

static const char k6[] =
	"import http from 'k6/http';\nimport { check, sleep } from 'k6';\n"
	"const BASE = __ENV.BASE || 'http://shop.test';\n"
	"const params = { headers: { 'X-Key-Id': 'k', Accept: 'text/html' }, tags: { name: 'item' } };\n"
	"export const options = {\n"
	"  scenarios: { a: { executor: 'ramping-arrival-rate', startRate: 60, timeUnit: '1m',\n"
	"    stages: [{ target: 600, duration: '1m30s' }, { target: 0, duration: '10s' }] } },\n"
	"  thresholds: { http_req_duration: ['p(95)<500', 'max<9'], http_req_failed: [{ threshold: 'rate<0.01' }] },\n"
	"};\n"
	"export function setup() { http.post(`${BASE}/reset`); }\n"
	"export default function () {\n"
	"  const res = http.get(`${BASE}/items/${randomIntBetween(1, 9)}?x=$`, params);\n"
	"  check(res, { 'ok': (r) => r.status === 200, 'has': (r) => r.body.includes('tea'), 'fast': (r) => r.timings.duration < 9 });\n"
	"  sleep(1.5);\n"
	"  if (res.status) {\n"
	"    http.post(BASE + '/cart', JSON.stringify({ id: 7, tags: ['a', 'b'], at: Date.now() }), { headers: { 'Content-Type': 'application/json' } });\n"
	"  }\n"
	"  http.put(BASE + '/form', { a: 'x y', b: 2 });\n"
	"  http.get(BASE + '/u/' + res.json().id);\n"
	"  sleep(Math.random() * 2 + 1);\n"
	"}\n";

static void
scripts_of_k6_are_recognised(void **state)
{
	struct imported im = import("load.js", k6);
	const struct scenario *s = im.r.scenario;

	assert_string_equal(s->base, "http://shop.test");
	assert_int_equal(s->n_flows, 1);
	assert_string_equal(s->flows[0].name, "default");
	assert_int_equal(s->flows[0].n_steps, 5);
	const struct scenario_step *get = step_of(&im, 0, 0);
	assert_string_equal(get->url, "/items/${random(1, 9)}?x=$");
	assert_string_equal(get->name, "item");
	assert_string_equal(header_of(&im, get, "accept"), "text/html");
	assert_int_equal(get->n_expects, 2);
	assert_string_equal(get->expects[0].value, "200");
	assert_int_equal(get->expects[1].kind, EXPECT_CONTAINS);
	assert_string_equal(get->expects[1].value, "tea");
	CHECK_NEAR(step_of(&im, 0, 1)->think_s, 1.5, 1e-9);
	assert_string_equal(step_of(&im, 0, 2)->body, "{\"id\":7,\"tags\":[\"a\",\"b\"],\"at\":${time(ms)}}");
	assert_string_equal(step_of(&im, 0, 3)->body, "a=x%20y&b=2");
	CHECK_NEAR(step_of(&im, 0, 4)->think_s, 2, 1e-9);
	assert_int_equal(noted(&im, "load.js:10: a request outside"), 1);
	assert_int_equal(noted(&im, "load.js:13: check 'fast'"), 1);
	assert_int_equal(noted(&im, "load.js:15: 'if'"), 1);
	assert_int_equal(noted(&im, "load.js:19: a request whose URL"), 1);
	arena_free(im.a);
}

static void
options_of_k6_become_stages_and_targets(void **state)
{
	struct imported im = import("load.js", k6);
	const struct scenario *s = im.r.scenario;

	assert_int_equal(s->n_stages, 2);
	CHECK_NEAR(s->stages[0].from, 1, 1e-9);
	CHECK_NEAR(s->stages[0].to, 10, 1e-9);
	assert_int_equal(s->stages[0].for_ns, INT64_C(90000000000));
	CHECK_NEAR(s->stages[1].to, 0, 0);
	assert_int_equal(s->n_thresholds, 2);
	assert_string_equal(s->thresholds[0], "p95<500ms");
	assert_string_equal(s->thresholds[1], "errors<1%");
	assert_int_equal(noted(&im, "threshold of http_req_duration"), 1);
	arena_free(im.a);
}

static void
batches_and_lists_of_k6_are_recognised(void **state)
{
	struct imported im = import("x", "import http from 'k6/http';\nconst ids = [3, 'a b'];\n"
	    "export default () => {\n"
	    "  http.batch([['POST', 'http://shop.test/a', 'x'], `http://shop.test/b/${randomItem(ids)}`, { url: 1 }]);\n"
	    "  http.get('http://shop.test/c', { headers: { Authorization: `Bearer ${__ENV.T}`, 'X-Token': 'abc123' } });\n}");

	assert_int_equal(im.r.scenario->flows[0].n_steps, 3);
	assert_string_equal(step_of(&im, 0, 0)->body, "x");
	assert_string_equal(step_of(&im, 0, 1)->url, "/b/${choice(3, \"a b\")}");
	assert_string_equal(header_of(&im, step_of(&im, 0, 2), "authorization"), "Bearer ${env(T)}");
	assert_string_equal(header_of(&im, step_of(&im, 0, 2), "x-token"), "${env(X_TOKEN)}");
	assert_int_equal(noted(&im, "x:4: a request of a batch"), 1);
	arena_free(im.a);
}

static void
virtual_users_are_told_to_be_a_rate(void **state)
{
	struct imported im = import("x", "import http from 'k6/http'; import { sleep } from 'k6';\n"
	    "export let options = { vus: 40, duration: '30s' };\n"
	    "export default function () { http.get('http://shop.test/'); sleep(2); }");

	assert_int_equal(im.r.scenario->n_stages, 0);
	assert_int_equal(noted(&im, "40 virtual users"), 1);
	assert_int_equal(noted(&im, "--rate 20/s"), 1);
	arena_free(im.a);
}

static void
two_rates_of_k6_are_weights(void **state)
{
	struct imported im = import("x", "import http from 'k6/http';\n"
	    "export const options = { scenarios: {\n"
	    " r: { executor: 'constant-arrival-rate', rate: 30, duration: '1m', exec: 'read' },\n"
	    " w: { executor: 'constant-arrival-rate', rate: 10, duration: '60s', exec: 'write' } } };\n"
	    "export function read() { http.get('http://shop.test/'); }\n"
	    "export function write() { http.post('http://shop.test/', 'x'); }");
	const struct scenario *s = im.r.scenario;

	assert_int_equal(s->n_stages, 1);
	CHECK_NEAR(s->stages[0].from, 40, 1e-9);
	CHECK_NEAR(s->stages[0].to, 40, 1e-9);
	assert_int_equal(s->n_flows, 2);
	CHECK_NEAR(s->flows[0].weight, 30, 1e-9);
	CHECK_NEAR(s->flows[1].weight, 10, 1e-9);
	arena_free(im.a);
}

/* ---- wrk ---- */

static void
scripts_of_wrk_are_recognised(void **state)
{
	struct imported im = import("post.lua", "-- an order\nwrk.method = \"POST\"\nwrk.body = '{\"n\":1}'\n"
	    "wrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.headers.Cookie = 'sid=abc123'\n"
	    "wrk.path = '/orders'\nfunction done(summary) end\n");

	assert_int_equal(im.r.scenario->n_flows, 1);
	assert_string_equal(step_of(&im, 0, 0)->method, "POST");
	assert_string_equal(step_of(&im, 0, 0)->url, "/orders");
	assert_string_equal(step_of(&im, 0, 0)->body, "{\"n\":1}");
	assert_int_equal(noted(&im, "post.lua:7: function done"), 1);
	assert_int_equal(noted(&im, "names no host"), 1);
	assert_nowhere(&im, "abc123");
	arena_free(im.a);
}

static void
request_functions_of_wrk_are_recognised(void **state)
{
	struct imported im = import("x.lua", "local counter = 0\nlocal words = { 'tea', 'co fee' }\n"
	    "request = function()\n  counter = counter + 1\n"
	    "  local path = '/item/' .. counter .. '?n=' .. math.random(5, 9) .. '&w=' .. words[math.random(#words)]\n"
	    "  if counter then return wrk.format(nil, path) end\n"
	    "  wrk.format('PUT', string.format('/p/%d', math.random(3)), { ['X-A'] = 'b' }, [[\nbody]])\n"
	    "  return wrk.format('GET', next_path())\nend\n");

	assert_int_equal(im.r.scenario->n_flows, 2);
	assert_string_equal(step_of(&im, 0, 0)->url,
	    "/item/${sequence()}?n=${random(5, 9)}&w=${choice(tea, \"co fee\")}");
	assert_string_equal(step_of(&im, 1, 0)->url, "/p/${random(1, 3)}");
	assert_string_equal(step_of(&im, 1, 0)->method, "PUT");
	assert_string_equal(step_of(&im, 1, 0)->body, "body");
	assert_string_equal(header_of(&im, step_of(&im, 1, 0), "x-a"), "b");
	assert_int_equal(noted(&im, "x.lua:6: 'if'"), 1);
	assert_int_equal(noted(&im, "x.lua:9: a request whose method or path"), 1);
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
	cmocka_unit_test(commands_copied_from_browsers_are_read),
	cmocka_unit_test(scripts_of_k6_are_recognised),
	cmocka_unit_test(options_of_k6_become_stages_and_targets),
	cmocka_unit_test(batches_and_lists_of_k6_are_recognised),
	cmocka_unit_test(virtual_users_are_told_to_be_a_rate),
	cmocka_unit_test(two_rates_of_k6_are_weights),
	cmocka_unit_test(scripts_of_wrk_are_recognised),
	cmocka_unit_test(request_functions_of_wrk_are_recognised))

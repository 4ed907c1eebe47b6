/* SPDX-License-Identifier: MIT */
/* Scripts of k6 and wrk: what is recognised in them, and what is told not to be. */
#include "imported.h"

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
	cmocka_unit_test(scripts_of_k6_are_recognised),
	cmocka_unit_test(options_of_k6_become_stages_and_targets),
	cmocka_unit_test(batches_and_lists_of_k6_are_recognised),
	cmocka_unit_test(virtual_users_are_told_to_be_a_rate),
	cmocka_unit_test(two_rates_of_k6_are_weights),
	cmocka_unit_test(scripts_of_wrk_are_recognised),
	cmocka_unit_test(request_functions_of_wrk_are_recognised))

/* SPDX-License-Identifier: MIT */
#include "scenario/scenario.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "with_arena.h"

static struct scenario *
parse(const char *text, size_t size)
{
	struct err e = { 0 };
	struct scenario *s = NULL;

	if (scenario_parse(text, size, "x.yaml", arena, &s, &e) < 0)
		fail_msg("%s (%s)\n%.*s", e.text, e.hint, (int)size, text);
	return s;
}

static struct scenario *
read_fixture(const char *name)
{
	struct err e = { 0 };
	struct scenario *s = NULL;

	if (scenario_read(arena_printf(arena, "%s/%s", SCENARIO_FIXTURES, name), arena, &s, &e) < 0)
		fail_msg("%s (%s)", e.text, e.hint);
	return s;
}

/* ---- equality ---- */

static void
same_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void
same_pairs(const struct scenario_pair *a, size_t n_a, const struct scenario_pair *b, size_t n_b)
{
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		same_text(a[i].name, b[i].name);
		same_text(a[i].value, b[i].value);
	}
}

static void
same_step(const struct scenario_step *a, const struct scenario_step *b)
{
	assert_int_equal(a->kind, b->kind);
	same_text(a->name, b->name);
	same_text(a->method, b->method);
	same_text(a->url, b->url);
	same_text(a->body, b->body);
	assert_int_equal(a->n_arguments, b->n_arguments);
	for (size_t i = 0; i < a->n_arguments; i++)
		same_text(a->arguments[i], b->arguments[i]);
	same_pairs(a->headers, a->n_headers, b->headers, b->n_headers);
	assert_int_equal(a->n_extracts, b->n_extracts);
	for (size_t i = 0; i < a->n_extracts; i++) {
		same_text(a->extracts[i].variable, b->extracts[i].variable);
		assert_int_equal(a->extracts[i].from, b->extracts[i].from);
		same_text(a->extracts[i].what, b->extracts[i].what);
	}
	assert_int_equal(a->n_expects, b->n_expects);
	for (size_t i = 0; i < a->n_expects; i++) {
		assert_int_equal(a->expects[i].kind, b->expects[i].kind);
		same_text(a->expects[i].name, b->expects[i].name);
		same_text(a->expects[i].value, b->expects[i].value);
	}
	assert_int_equal(a->stream, b->stream);
	assert_int_equal(a->think, b->think);
	CHECK_NEAR(a->think_s, b->think_s, 0);
	CHECK_NEAR(a->think_sigma, b->think_sigma, 0);
}

static void
same_flow(const struct scenario_flow *a, const struct scenario_flow *b)
{
	same_text(a->name, b->name);
	CHECK_NEAR(a->weight, b->weight, 0);
	assert_int_equal(a->n_steps, b->n_steps);
	for (size_t i = 0; i < a->n_steps; i++)
		same_step(&a->steps[i], &b->steps[i]);
}

static void
same_lists(const struct scenario *a, const struct scenario *b)
{
	assert_int_equal(a->n_feeders, b->n_feeders);
	for (size_t i = 0; i < a->n_feeders; i++) {
		same_text(a->feeders[i].name, b->feeders[i].name);
		same_text(a->feeders[i].file, b->feeders[i].file);
		assert_int_equal(a->feeders[i].order, b->feeders[i].order);
		CHECK_NEAR(a->feeders[i].exponent, b->feeders[i].exponent, 0);
	}
	assert_int_equal(a->n_stages, b->n_stages);
	for (size_t i = 0; i < a->n_stages; i++) {
		CHECK_NEAR(a->stages[i].from, b->stages[i].from, 0);
		CHECK_NEAR(a->stages[i].to, b->stages[i].to, 0);
		assert_int_equal(a->stages[i].for_ns, b->stages[i].for_ns);
	}
	assert_int_equal(a->n_thresholds, b->n_thresholds);
	for (size_t i = 0; i < a->n_thresholds; i++)
		same_text(a->thresholds[i], b->thresholds[i]);
}

static void
same_scenario(const struct scenario *a, const struct scenario *b)
{
	same_text(a->name, b->name);
	same_text(a->base, b->base);
	same_text(a->replay, b->replay);
	same_text(a->arrivals, b->arrivals);
	same_pairs(a->headers, a->n_headers, b->headers, b->n_headers);
	same_pairs(a->variables, a->n_variables, b->variables, b->n_variables);
	same_lists(a, b);
	assert_int_equal(isnan(a->reuse), isnan(b->reuse));
	if (!isnan(a->reuse))
		CHECK_NEAR(a->reuse, b->reuse, 0);
	assert_int_equal(a->connections, b->connections);
	assert_int_equal(a->timeout_ns, b->timeout_ns);
	assert_int_equal(a->seed, b->seed);
	assert_int_equal(a->has_seed, b->has_seed);
	assert_int_equal(a->n_flows, b->n_flows);
	for (size_t i = 0; i < a->n_flows; i++)
		same_flow(&a->flows[i], &b->flows[i]);
}

static void
check_round_trip(const struct scenario *s)
{
	CLEANUP(buf_done) struct buf text = { 0 }, again = { 0 };

	scenario_write(s, &text);
	const struct scenario *back = parse(text.data, text.size);
	same_scenario(s, back);
	scenario_write(back, &again);
	assert_string_equal(text.data, again.data);
}

/* ---- tests ---- */

static void
the_whole_language_is_read(void **state)
{
	const struct scenario *s = read_fixture("shop.yaml");
	const struct scenario_step *catalog = &s->flows[0].steps[0];

	assert_string_equal(s->name, "shop");
	assert_string_equal(s->base, "http://127.0.0.1:8080");
	assert_int_equal(s->n_headers, 2);
	assert_string_equal(s->variables[0].value, "eu");
	assert_int_equal(s->feeders[0].order, ORDER_ZIPF);
	CHECK_NEAR(s->feeders[0].exponent, 1.1, 0);
	assert_int_equal(s->n_stages, 2);
	CHECK_NEAR(s->stages[0].to, 100, 0);
	CHECK_NEAR(s->stages[1].to, 1000, 0);
	assert_int_equal(s->stages[1].for_ns, INT64_C(30000000000));
	assert_int_equal(s->connections, 256);
	CHECK_NEAR(s->reuse, 0.9, 0);
	assert_int_equal(s->timeout_ns, INT64_C(5000000000));
	assert_true(s->has_seed && s->seed == 7);
	assert_int_equal(s->n_flows, 3);
	CHECK_NEAR(s->flows[0].weight, 3, 0);
	assert_string_equal(catalog->method, "GET");
	assert_string_equal(catalog->url, "/catalog?page=${random(1, 20)}&region=${region}");
	assert_string_equal(catalog->name, "catalog");
	assert_int_equal(catalog->n_expects, 6);
	assert_int_equal(catalog->expects[4].kind, EXPECT_JSON);
	assert_string_equal(catalog->expects[4].name, "/count");
	assert_string_equal(catalog->expects[4].value, "20");
	assert_int_equal(catalog->n_extracts, 3);
	assert_string_equal(catalog->extracts[2].what, "name=\"csrf\" value=\"([^\"]+)\"");
	assert_int_equal(catalog->place.line, 20);
	assert_int_equal(catalog->place.column, 9);
	CHECK_NEAR(s->flows[0].steps[1].think_s, 0.5, 0);
	assert_string_equal(s->flows[0].steps[2].expects[0].value, "200 201");
	CHECK_NEAR(s->flows[0].steps[3].think_sigma, 0.5, 0);
	assert_int_equal(s->flows[0].steps[4].think, THINK_EXPONENTIAL);
	assert_string_equal(s->flows[0].steps[5].method, "PURGE");
	assert_null(s->flows[1].name);
	assert_int_equal(s->flows[2].steps[0].stream, STREAM_OPENAI);
	assert_string_equal(s->thresholds[1], "catalog: p95 < 200ms");
	assert_string_equal(s->replay, "arrivals.txt");
}

static void
other_protocols_are_read(void **state)
{
	const struct scenario *pg = read_fixture("postgresql.yaml");
	const struct scenario *redis = read_fixture("redis.yaml");
	const struct scenario *ws = read_fixture("websocket.yaml");

	assert_int_equal(pg->flows[0].steps[0].kind, STEP_QUERY);
	assert_string_equal(pg->flows[0].steps[0].arguments[0], "${users.id}");
	assert_int_equal(pg->flows[1].n_steps, 3);
	assert_int_equal(redis->flows[0].steps[0].kind, STEP_COMMAND);
	assert_int_equal(redis->flows[1].steps[0].n_arguments, 5);
	assert_int_equal(ws->flows[0].steps[0].kind, STEP_MESSAGE);
	assert_string_equal(ws->flows[0].steps[0].body, "hello ${uuid()}");
}

static void
written_scenarios_read_back(void **state)
{
	static const char *const names[] = {
		"shop.yaml", "postgresql.yaml", "redis.yaml", "websocket.yaml",
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		check_round_trip(read_fixture(names[i]));
}

/* Texts that YAML would read as something else, or not at all. */
static void
awkward_texts_read_back(void **state)
{
	static const char *const texts[] = {
		"", " ", "~", "null", "- a", "a: b", "# no comment", "'", "\"", "\\", "\\u0041", "a\nb\n",
		"\ttab", "trailing ", "\r\n", "*alias", "&anchor", "!tag", "{", "[", "%", "@", "`", ",", "?",
		"\x01\x7f", "caf\xc3\xa9", "\xe2\x80\xa8", "\xf0\x9f\x98\x80", "\xef\xbb\xbf", "\xc2\x85",
		"---", "...", "yes", "1e3", "0x1f", "$${x}", "\xef\xbf\xbe", "a #b", "|", ">",
	};
	struct scenario_pair headers[] = { { .name = "X-A", .value = "1" }, { .name = "X-A", .value = "2" } };
	struct scenario_step steps[COUNT_OF(texts)];
	struct scenario_flow flow = { .name = "a: b", .weight = 1.0 / 3, .steps = steps,
		.n_steps = COUNT_OF(texts) };
	struct scenario_stage stage = { 1e-3, 123456789.125, 1234567891, { 0 } };
	struct scenario s = { .flows = &flow, .n_flows = 1, .reuse = 1.0 / 7, .has_seed = true,
		.seed = UINT64_MAX, .headers = headers, .n_headers = 2, .stages = &stage, .n_stages = 1,
		.timeout_ns = 1500000, .connections = 1 };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		steps[i] = (struct scenario_step){ .kind = STEP_HTTP, .method = "POST", .url = "/",
			.body = texts[i] };
	check_round_trip(&s);
}

static void
bytes_beyond_utf8_become_a_sign(void **state)
{
	static const char *const bad[] = {
		"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x80\x80\x80",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct scenario_step step = { .kind = STEP_MESSAGE, .body = bad[i] };
		struct scenario_flow flow = { .weight = 1, .steps = &step, .n_steps = 1 };
		struct scenario s = { .flows = &flow, .n_flows = 1, .reuse = NAN };
		CLEANUP(buf_done) struct buf text = { 0 };
		scenario_write(&s, &text);
		const char *body = parse(text.data, text.size)->flows[0].steps[0].body;
		if (strncmp(body, "\xef\xbf\xbd", 3) != 0)
			fail_msg("row %zu: %s", i, body);
	}
}

#define FLOW "flows: [ { get: / } ]\n"

/* One clear error, with its place and what to do. */
static void
mistakes_are_explained(void **state)
{
	static const struct { const char *text, *error, *hint; } rows[] = {
		{ "", "x.yaml: empty", "" },
		{ "hello", "x.yaml:1:1: a scenario: a single value where keys are expected", "write" },
		{ "name: a\n", "x.yaml: no flows", "get: /path" },
		{ "flwos: []\n", "x.yaml:1:1: unknown key 'flwos' in a scenario\n    1 | flwos: []\n      | ^",
		    "did you mean 'flows'?" },
		{ "name: a\nname: b\n" FLOW, "x.yaml:2:1: duplicate key 'name'", "keep one" },
		{ "name: [a]\n" FLOW, "x.yaml:1:7: name: a list where a single value", "quotes" },
		{ "name: &a x\n" FLOW, "x.yaml:1:7: tags, anchors and aliases", "plain value" },
		{ "name: *a\n" FLOW, "x.yaml:1:7: tags, anchors and aliases", "plain value" },
		{ "name: !!str x\n" FLOW, "x.yaml:1:7: tags, anchors and aliases", "plain value" },
		{ "name: \"a\\0b\"\n" FLOW, "x.yaml:1:7: a zero byte in a text", "" },
		{ "name: {a\n", "x.yaml:2:1: not YAML", "quotes" },
		{ "name: a\n---\nname: b\n", "x.yaml:2:1: a second document", "" },
		{ "[a]: b\n", "x.yaml:1:1: a list where a key is expected", "" },
		{ "base: 127.0.0.1\n" FLOW, "x.yaml:1:7: base: '127.0.0.1' is not a URL", "http://" },
		{ "base: \"http://h:${random(1,9)}\"\n" FLOW, "x.yaml:1:7: base: of all expressions", "env" },
		{ "connections: 0\n" FLOW, "x.yaml:1:14: connections: '0' is not a number from 1", "" },
		{ "reuse: 101%\n" FLOW, "x.yaml:1:8: reuse: '101%' is not a share", "90%" },
		{ "timeout: 5\n" FLOW, "x.yaml:1:10: timeout: '5' is not a duration", "500ms" },
		{ "timeout: 0\n" FLOW, "x.yaml:1:10: timeout: must be longer", "" },
		{ "seed: -1\n" FLOW, "x.yaml:1:7: seed: '-1' is not a whole number", "" },
		{ "arrivals: poison\n" FLOW, "x.yaml:1:11: arrivals: unknown 'poison'", "mean 'poisson'?" },
		{ "stages: 10s\n" FLOW, "x.yaml:1:9: stages: a list is expected", "rate" },
		{ "stages: [{rate: 1/s}]\n" FLOW, "x.yaml:1:10: a stage that lasts no time", "for" },
		{ "stages: [{from: 1/s, for: 1s}]\n" FLOW, "x.yaml:1:10: a stage has either", "to" },
		{ "stages: [{rate: 1/s, to: 2/s, for: 1s}]\n" FLOW, "x.yaml:1:10: a stage has either", "to" },
		{ "stages: [{rate: fast, for: 1s}]\n" FLOW, "x.yaml:1:17: rate: 'fast' is not a rate", "500/s" },
		{ "feeders: {u: {order: zipf}}\n" FLOW, "x.yaml:1:11: feeder 'u' has no file", "file" },
		{ "feeders: {u: {file: a, order: zip}}\n" FLOW, "x.yaml:1:31: order: unknown 'zip'", "zipf" },
		{ "feeders: {u: {file: a, exponent: 0}}\n" FLOW, "exponent: '0' is not a number above 0", "" },
		{ "feeders: {1u: {file: a}}\n" FLOW, "'1u' cannot be the name of a feeder", "digit" },
		{ "variables: {a.b: 1}\n" FLOW, "'a.b' cannot be the name of a variable", "letters" },
		{ "variables: {a: \"${b}\", b: 1}\n" FLOW, "x.yaml:1:16: unknown variable 'b'", "variables" },
		{ "headers: {\"a b\": c}\n" FLOW, "x.yaml:1:11: 'a b' is not the name of a header", "" },
		{ "headers: {a: \"b\\r\\nc: d\"}\n" FLOW, "x.yaml:1:14: a control character (byte 0x0d)", "one line" },
		{ "headers: {Content-Length: 1}\n" FLOW, "'Content-Length' follows from the body", "leave" },
		{ "flows: {}\n", "x.yaml:1:8: flows: a list is expected", "get" },
		{ "flows: [a]\n", "x.yaml:1:9: a step: a single value where keys", "" },
		{ "flows: [{gte: /}]\n", "x.yaml:1:10: unknown key 'gte' in a step", "did you mean 'get'?" },
		{ "flows: [{name: a}]\n", "x.yaml:1:9: a step without a request", "get, post" },
		{ "flows: [{get: /, post: /}]\n", "x.yaml:1:18: 'get' and 'post' in one step", "'- '" },
		{ "flows: [{get: /, weight: 0}]\n", "x.yaml:1:26: weight: '0' is not a number above 0", "" },
		{ "flows: [{get: /, weight: nan}]\n", "weight: 'nan' is not a number above 0", "" },
		{ "flows: [{get: /, parameters: [a]}]\n", "'parameters' cannot stand beside 'get'", "" },
		{ "flows: [{think: 1s, name: a}]\n", "'name' cannot stand beside 'think'", "" },
		{ "flows: [{think: 1s}]\n", "x.yaml:1:9: a flow without a request", "get" },
		{ "flows: [{steps: []}]\n", "x.yaml:1:17: steps: a list is expected", "" },
		{ "flows: [{steps: [{get: /}, {get: /}]}]\n", "a flow of 2 steps without a name", "name" },
		{ "flows: [{name: a, steps: [{think: {normal: 1s}}, {get: /}]}]\n", "unknown key 'normal'", "" },
		{ "flows: [{name: a, steps: [{think: {lognormal: 1s}}, {get: /}]}]\n", "think: neither", "sigma" },
		{ "flows: [{url: /}]\n", "x.yaml:1:9: 'url' without 'method'", "PURGE" },
		{ "flows: [{get: /, method: X}]\n", "'method' beside 'get'", "" },
		{ "flows: [{method: A B, url: /}]\n", "x.yaml:1:18: 'A B' is not a method", "" },
		{ "flows: [{get: catalog}]\n", "x.yaml:1:15: 'catalog' is neither a path nor a URL", "/catalog" },
		{ "flows: [{get: /a#b}]\n", "x.yaml:1:15: '#'", "%23" },
		{ "flows: [{get: \"/${idd}\"}]\n", "x.yaml:1:15: unknown variable 'idd'", "extract" },
		{ "variables: {id: 1}\nflows: [{get: \"/${idd}\"}]\n", "unknown variable 'idd'", "mean 'id'?" },
		{ "flows: [{get: \"/${user.id}\"}]\n", "unknown feeder 'user'", "feeders" },
		{ "feeders: {users: {file: a}}\nflows: [{get: \"/${user.id}\"}]\n", "unknown feeder 'user'",
		    "did you mean 'users'?" },
		{ "flows: [{get: \"/${radnom(1,2)}\"}]\n", "unknown function 'radnom' in '${radnom(1,2)}'",
		    "did you mean 'random'?" },
		{ "flows: [{get: /, extract: {id: {json: id}}}]\n", "a JSON pointer begins with '/'", "/id" },
		{ "flows: [{get: /, extract: {id: {regex: '('}}}]\n", "x.yaml:1:40: not a regular expression", "" },
		{ "flows: [{get: /, extract: {id: {}}}]\n", "x.yaml:1:28: id: one source is expected", "json" },
		{ "flows: [{get: /, extract: {id: {jsn: /}}}]\n", "unknown key 'jsn' in id", "json" },
		{ "flows: [{get: /, expect: {status: 2x}}]\n", "x.yaml:1:35: '2x' is not a status", "2xx" },
		{ "flows: [{get: /, expect: {bytes: many}}]\n", "'many' is not a number of bytes", "512" },
		{ "flows: [{get: /, expect: {json: {a: 1}}}]\n", "x.yaml:1:34: a JSON pointer begins", "/a" },
		{ "flows: [{get: /, stream: ses}]\n", "stream: unknown 'ses'", "did you mean 'sse'?" },
		{ "flows: [{command: GET a}]\n", "command: a list is expected", "[GET" },
		{ "base: redis://a\n" FLOW, "an HTTP request cannot go to a base that begins with redis://", "" },
		{ "flows: [{query: a, expect: {status: 200}}]\n", "a PostgreSQL query has no status", "" },
		{ "flows: [{message: a, extract: {b: {header: c}}}]\n", "a WebSocket message has no headers", "" },
		{ "flows: [{name: a, steps: [{get: \"/${x}\"}, {get: /, extract: {x: {json: /x}}}]}]\n",
		    "unknown variable 'x'", "earlier step" },
		{ "flows: [{get: /, extract: {x: {json: /x}}}, {get: \"/${x}\"}]\n",
		    "variable 'x' belongs to another flow", "earlier step" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err e = { 0 };
		struct scenario *s = NULL;
		if (scenario_parse(rows[i].text, strlen(rows[i].text), "x.yaml", arena, &s, &e) == 0)
			fail_msg("row %zu was taken: %s", i, rows[i].text);
		if (!strstr(e.text, rows[i].error) || !strstr(e.hint, rows[i].hint))
			fail_msg("row %zu: %s\n%s (%s)", i, rows[i].text, e.text, e.hint);
		assert_int_equal(e.status, STATUS_USAGE);
		assert_null(s);
	}
}

static void
fill(struct buf *b, const char *piece, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_puts(b, piece);
}

static void
refuse_bytes(const struct buf *text, const char *error)
{
	struct err e = { 0 };
	struct scenario *s = NULL;

	assert_true(scenario_parse(text->data, text->size, "x.yaml", arena, &s, &e) < 0);
	if (!strstr(e.text, error))
		fail_msg("%s, wanted %s", e.text, error);
}

static void
hostile_files_are_refused(void **state)
{
	static const struct { const char *piece; size_t times; const char *error; } rows[] = {
		{ "[", 100000, "nested too deep" },
		{ "{a: ", 100000, "nested too deep" },
		{ "? ", 100000, "nested too deep" },
		{ "- ", 100000, "nested too deep" },
		{ "- a\n", 1000001, "more than 1000000 values" },
		{ "# comment, comment, comment, comment\n", 500000, "larger than 16 MiB" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf text = { 0 };
		fill(&text, rows[i].piece, rows[i].times);
		refuse_bytes(&text, rows[i].error);
	}
	CLEANUP(buf_done) struct buf statuses = { 0 }, slots = { 0 };
	buf_puts(&statuses, "flows: [{get: /, expect: {status: [");
	fill(&statuses, "200, ", 17);
	buf_puts(&statuses, "]}}]");
	refuse_bytes(&statuses, "more than 16 statuses");
	buf_puts(&slots, "flows: [{post: /, body: '");
	fill(&slots, "${uuid()} ", 4097);
	buf_puts(&slots, "'}]");
	refuse_bytes(&slots, "more than 4096 expressions in '${uuid()}'");
	CLEANUP(buf_done) struct buf zero = { 0 };
	buf_append(&zero, "name: a\n\0", 9);
	refuse_bytes(&zero, "x.yaml:2: a zero byte: not a text file");
	CLEANUP(buf_done) struct buf long_key = { 0 };
	fill(&long_key, "k", 600);
	buf_puts(&long_key, ": v\n");
	refuse_bytes(&long_key, "a key of more than 512 bytes");
}

static void
regexes_that_explode_are_refused(void **state)
{
	static const char *const patterns[] = {
		"(a{1,255}){1,255}{1,255}", "a{32767}b{32767}", "(a)\\1", "((a{1,1000}){1,1000})", "(a?){5000}",
	};
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		CLEANUP(buf_done) struct buf text = { 0 };
		buf_printf(&text, "flows: [{get: /, extract: {x: {regex: '%s'}}}]", patterns[i]);
		refuse_bytes(&text, i == 2 ? "back references" : "too large");
	}
}

static void
missing_files_are_the_users_mistake(void **state)
{
	struct err e = { 0 };
	struct scenario *s;

	assert_true(scenario_read("/nonexistent/x.yaml", arena, &s, &e) < 0);
	assert_int_equal(e.status, STATUS_USAGE);
}

RUN_TESTS(
	WITH_ARENA(the_whole_language_is_read),
	WITH_ARENA(other_protocols_are_read),
	WITH_ARENA(written_scenarios_read_back),
	WITH_ARENA(awkward_texts_read_back),
	WITH_ARENA(bytes_beyond_utf8_become_a_sign),
	WITH_ARENA(mistakes_are_explained),
	WITH_ARENA(hostile_files_are_refused),
	WITH_ARENA(regexes_that_explode_are_refused),
	WITH_ARENA(missing_files_are_the_users_mistake))

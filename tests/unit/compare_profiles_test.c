/* SPDX-License-Identifier: MIT */
#include "compare/compare.h"
#include "compare/names.h"
#include "check.h"

/* ---- names --------------------------------------------------------------------------------- */

static void
functions_keep_their_name_across_builds(void **state)
{
	static const struct { const char *name, *wanted; } rows[] = {
		{ "score", "score" }, { "score.isra.0", "score" }, { "score.constprop.12", "score" },
		{ "score.part.3.isra.1", "score" }, { "score.cold", "score" }, { "score.llvm.123456", "score" },
		{ "Order.part", "Order.part" }, { "a.cold.b", "a.cold.b" }, { ".cold", ".cold" },
		{ "shop::cart::h0123456789abcdef", "shop::cart" }, { "shop::hash", "shop::hash" },
		{ "score /app/shop.js:12:5", "score /app/shop.js" }, { "shop.py:score:12", "shop.py:score" },
		{ "Box<T>::1", "Box<T>::1" }, { "12", "12" }, { "[libpq.so.5.15]", "[libpq]" }, { "[vdso]", "[vdso]" }, { "[]", "[]" }, { ":12", ":12" }, { "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		name_function(rows[i].name, &b);
		assert_string_equal(buf_text(&b), rows[i].wanted);
		buf_done(&b);
	}
}

static void
modules_lose_their_version(void **state)
{
	static const struct { const char *name, *wanted; } rows[] = {
		{ "libcrypto.so.3", "libcrypto" }, { "libsqlite3.so.0.8.6", "libsqlite" },
		{ "libsqlite3.so", "libsqlite" }, { "libc-2.36.so", "libc" }, { "python3.11", "python" },
		{ "node", "node" }, { "my.sock", "my.sock" }, { "7", "7" }, { "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		name_module(rows[i].name, &b);
		assert_string_equal(buf_text(&b), rows[i].wanted);
		buf_done(&b);
	}
}

static void
frames_are_named_one_by_one(void **state)
{
	struct buf b = { 0 };

	name_frames("main;serve.isra.0;;score.cold;write", &b);
	assert_string_equal(buf_text(&b), "main;serve;;score;write");
	buf_done(&b);
}

/* ---- profiles ------------------------------------------------------------------------------ */

static struct run *
profile(double cpu_per_request, int64_t samples, int64_t requests)
{
	struct run *r = run_new();

	r->baseline.cpu_per_request = cpu_per_request;
	r->evidence.trace.samples = samples;
	r->evidence.trace.requests = requests;
	return r;
}

static void
add_function(struct run *r, const char *name, const char *module, double self)
{
	struct run_function *f = RUN_ADD(r, function, r->evidence.trace.functions,
	    r->evidence.trace.n_functions);
	f->name = name;
	f->module = module;
	f->self = f->total = self;
	f->application = !module;
}

static void
add_stack(struct run *r, const char *kind, const char *frames, double seconds)
{
	struct run_stack *s = RUN_ADD(r, stack, r->evidence.trace.stacks, r->evidence.trace.n_stacks);

	s->kind = kind;
	s->frames = frames;
	s->seconds = seconds;
}

static void
add_query(struct run *r, const char *fingerprint, double calls, double seconds, double per_request)
{
	struct run_query *q = RUN_ADD(r, query, r->evidence.trace.queries, r->evidence.trace.n_queries);

	q->engine = "sqlite";
	q->fingerprint = fingerprint;
	q->route = "/orders";
	q->calls = calls;
	q->seconds = seconds;
	q->per_request = per_request;
}

static struct run_time *
add_time(struct run *r, const char *route, int64_t requests, double seconds)
{
	struct run_time *t = RUN_ADD(r, time, r->evidence.trace.routes, r->evidence.trace.n_routes);

	t->route = route;
	t->scope = "all";
	t->requests = requests;
	t->seconds = seconds;
	return t;
}

static void
add_part(struct run *r, struct run_time *t, enum run_part_kind kind, const char *where, double seconds)
{
	struct run_part *p = RUN_ADD(r, part, t->parts, t->n_parts);

	p->kind = kind;
	p->where = where;
	p->seconds = seconds;
}

static const struct run_difference *
difference_of(const struct run_proof *p, const char *what)
{
	for (size_t i = 0; i < p->n_differences; i++)
		if (strcmp(p->differences[i].what, what) == 0)
			return &p->differences[i];
	return NULL;
}

/* Compare and release the two; the caller releases the third. */
static struct run *
compared(struct run *a, struct run *b)
{
	struct run *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	compare_profiles(a, b, r, p);
	run_free(a);
	run_free(b);
	return r;
}

static void
functions_are_told_when_they_change(void **state)
{
	struct run *a = profile(1e-3, 4000, 1000), *b = profile(1.2e-3, 4000, 1000);

	add_function(a, "parse", NULL, 0.40);
	add_function(b, "parse.isra.0", NULL, 0.30);
	add_function(b, "parse.cold", NULL, 0.20);
	add_function(a, "memcpy", "libc-2.36.so", 0.20);
	add_function(b, "memcpy", "libc.so.6", 0.17);
	add_function(a, "render_old", NULL, 0.10);
	add_function(b, "render_new", NULL, 0.09);
	add_function(a, "init", "libone.so.1", 0.10);
	add_function(b, "init", "libtwo.so.1", 0.10);
	struct run *r = compared(a, b);
	const struct run_proof *p = &r->proofs[0];
	const struct run_difference *parse = difference_of(p, "parse");

	assert_non_null(parse);
	assert_ptr_equal(parse, &p->differences[0]);
	assert_string_equal(parse->kind, "function");
	CHECK_NEAR(parse->before, 400e-6, 1e-9);
	CHECK_NEAR(parse->after, 600e-6, 1e-9);
	assert_true(parse->share > 0 && parse->share < 1);
	/* The same time in both, at another share: no change. */
	assert_null(difference_of(p, "memcpy"));
	/* A rename is one gone and one new; so is the same name in another library. */
	assert_non_null(difference_of(p, "render_old"));
	CHECK_NEAR(difference_of(p, "render_old")->after, 0, 0);
	CHECK_NEAR(difference_of(p, "render_new")->before, 0, 0);
	assert_int_equal(p->n_differences, 1 + 2 + 2);
	run_free(r);
}

/* Of 400 samples 10 % are 40 +- 6; of 40,000 they are 4,000 +- 60. */
static void
chance_is_not_told(void **state)
{
	static const struct { int64_t samples; double after; bool told; } rows[] = {
		{ 400, 0.15, false }, { 400, 0.45, true }, { 40000, 0.104, false }, { 40000, 0.15, true },
		{ 40000, 0.085, false }, { 40000, 0.05, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *a = profile(1e-3, rows[i].samples, 1000), *b = profile(1e-3, rows[i].samples, 1000);
		add_function(a, "f", NULL, 0.10);
		add_function(b, "f", NULL, rows[i].after);
		struct run *r = compared(a, b);
		if ((r->proofs[0].n_differences == 1) != rows[i].told)
			fail_msg("10 %% to %g %% of %lld samples: told %zu", 100 * rows[i].after,
			    (long long)rows[i].samples, r->proofs[0].n_differences);
		run_free(r);
	}
}

/* A pair of blocks measures the CPU time better than two runs do. */
static void
cpu_time_comes_from_the_pairs(void **state)
{
	struct run *a = profile(1e-3, 40000, 1000), *b = profile(9e-3, 40000, 1000), *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);
	struct run_comparison *c = RUN_ADD(r, comparison, p->comparisons, p->n_comparisons);

	c->metric = "cpu_per_request";
	c->before = c->after = 2e-3;
	c->low = 0.99;
	c->high = 1.01;
	add_function(a, "f", NULL, 0.10);
	add_function(b, "f", NULL, 0.10);
	add_function(a, "g", NULL, 0.40);
	add_function(b, "g", NULL, 0.20);
	compare_profiles(a, b, r, p);
	assert_int_equal(p->n_differences, 1);
	CHECK_NEAR(p->differences[0].before, 0.8e-3, 1e-9);
	run_free(a);
	run_free(b);
	run_free(r);
}

/* The list ends at the fiftieth; a function below it is not gone when the stacks still show it. */
static void
stacks_know_of_functions_that_are_not_listed(void **state)
{
	struct run *a = profile(1e-3, 40000, 1000), *b = profile(1e-3, 40000, 1000);

	add_function(a, "f", NULL, 0.10);
	add_function(b, "other", NULL, 0.90);
	add_function(a, "other", NULL, 0.90);
	add_stack(b, "cpu", "main;f.part.0", 1);
	add_stack(b, "cpu", "main;f;other", 9);
	add_stack(b, "lock", "main;f", 50);
	struct run *r = compared(a, b);
	assert_int_equal(r->proofs[0].n_differences, 0);
	run_free(r);
}

static void
statements_are_told_by_time_or_calls(void **state)
{
	struct run *a = profile(NAN, 0, 1000), *b = profile(NAN, 0, 1000);

	add_query(a, "SELECT 1", 1000, 0.5, 1);
	add_query(b, "SELECT 1", 1000, 0.52, 1);
	add_query(a, "SELECT n", 1000, 0.5, 1);
	add_query(b, "SELECT n", 21000, 4.5, 21);
	add_query(a, "SELECT fewer", 2000, 0.5, 2);
	add_query(b, "SELECT fewer", 1000, 0.5, 1);
	add_query(b, "INSERT", 1000, 1, 1);
	struct run *r = compared(a, b);
	const struct run_proof *p = &r->proofs[0];

	assert_int_equal(p->n_differences, 3);
	assert_string_equal(p->differences[0].what, "SELECT n");
	assert_string_equal(p->differences[0].kind, "query");
	assert_string_equal(p->differences[0].route, "/orders");
	CHECK_NEAR(p->differences[0].calls_before, 1, 0);
	CHECK_NEAR(p->differences[0].calls_after, 21, 0);
	CHECK_NEAR(p->differences[0].after, 4.5e-3, 1e-9);
	CHECK_NEAR(p->differences[0].share, 4.0 / 5.0, 1e-6);
	assert_string_equal(p->differences[1].what, "INSERT");
	assert_true(isnan(p->differences[1].calls_before));
	assert_string_equal(p->differences[2].what, "SELECT fewer");
	run_free(r);
}

static void
waits_and_calls_are_told_once(void **state)
{
	struct run *a = profile(NAN, 0, 2000), *b = profile(NAN, 0, 2000);

	for (int i = 0; i < 2; i++) {
		struct run *r = i ? b : a;
		struct run_time *t = add_time(r, "/orders", 1000, i ? 30e-3 : 10e-3);
		add_part(r, t, PART_CPU, "main", i ? 5e-3 : 1e-3);
		add_part(r, t, PART_LOCK, "cache_mutex", i ? 8e-3 : 1e-3);
		add_part(r, t, PART_LOCK, "other_mutex", i ? 1.2e-3 : 1e-3);
		add_part(r, t, PART_NET, "10.0.0.1:80", i ? 9e-3 : 1e-3);
		t = add_time(r, "/orders", 50, 1);
		t->scope = "slow";
		add_part(r, t, PART_SLEEP, NULL, i ? 1 : 0.1);
		struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
		c->kind = "http";
		c->peer = "10.0.0.1:80";
		c->route = "/orders";
		c->calls = 1000;
		c->per_request = 1;
		c->seconds = i ? 9 : 1;
	}
	struct run *r = compared(a, b);
	const struct run_proof *p = &r->proofs[0];

	assert_int_equal(p->n_differences, 2);
	assert_string_equal(p->differences[0].kind, "call");
	CHECK_NEAR(p->differences[0].before, 0.5e-3, 1e-9);
	assert_string_equal(p->differences[1].what, "lock: cache_mutex");
	CHECK_NEAR(p->differences[1].after, 4e-3, 1e-9);   /* of all requests, half are of the route */
	run_free(r);
}

static void
the_list_is_short_and_replaced(void **state)
{
	struct run *a = profile(1e-3, 1000000, 1000), *b = profile(1e-3, 1000000, 1000), *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	for (int i = 0; i < 30; i++) {
		add_function(a, run_printf(a, "a%c", 'A' + i), NULL, 0.001 * (i + 1));
		add_function(b, run_printf(b, "b%c", 'A' + i), NULL, 0.001 * (i + 1));
		add_stack(a, "cpu", run_printf(a, "main;a%c", 'A' + i), 1 + i);
	}
	add_stack(b, NULL, "main", 1);
	for (int i = 0; i < 2; i++)
		compare_profiles(a, b, r, p);
	assert_int_equal(p->n_differences, 20);
	for (size_t i = 1; i < p->n_differences; i++) {
		const struct run_difference *x = &p->differences[i - 1], *y = &p->differences[i];
		assert_true(fabs(x->after - x->before) >= fabs(y->after - y->before));
	}
	assert_int_equal(p->n_diff_stacks, 31);
	run_free(a);
	run_free(b);
	run_free(r);
}

/* ---- stacks -------------------------------------------------------------------------------- */

static void
stacks_are_merged_per_request(void **state)
{
	struct run *a = profile(2e-3, 0, 1000), *b = profile(1e-3, 0, 500);

	add_stack(a, "cpu", "main;f.isra.0;g", 3);
	add_stack(a, "cpu", "main;h", 1);
	add_stack(b, "cpu", "main;f;g", 10);
	add_stack(a, "lock", "main;wait", 1);
	add_stack(b, "lock", "main;wait", 1);
	struct run *r = compared(a, b);
	const struct run_proof *p = &r->proofs[0];

	assert_int_equal(p->n_diff_stacks, 3);
	static const struct { const char *kind, *frames; double before, after; } rows[] = {
		{ "lock", "main;wait", 1e-3, 2e-3 }, { "cpu", "main;f;g", 1.5e-3, 1e-3 },
		{ "cpu", "main;h", 0.5e-3, 0 },
	};
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(p->diff_stacks[i].kind, rows[i].kind);
		assert_string_equal(p->diff_stacks[i].frames, rows[i].frames);
		CHECK_NEAR(p->diff_stacks[i].before, rows[i].before, 1e-12);
		CHECK_NEAR(p->diff_stacks[i].after, rows[i].after, 1e-12);
	}
	run_free(r);
}

static void
stacks_are_bounded(void **state)
{
	struct run *a = profile(1e-3, 0, 10), *b = profile(1e-3, 0, 10);
	static char frames[3000];

	memset(frames, 'x', sizeof(frames) - 1);
	for (int i = 0; i < 1500; i++) {
		add_stack(a, "cpu", run_printf(a, "f%d;%s", i, i % 2 ? frames : "g"), 1);
		add_stack(b, "cpu", run_printf(b, "f%d;%s", i, i % 2 ? frames : "g"), 1);
	}
	struct run *r = compared(a, b);
	size_t bytes = 0;

	for (size_t i = 0; i < r->proofs[0].n_diff_stacks; i++)
		bytes += strlen(r->proofs[0].diff_stacks[i].frames);
	assert_true(bytes < 220 << 10);
	assert_in_range(r->proofs[0].n_diff_stacks, 50, 800);
	run_free(r);
}

/* Nothing known, in any combination, is no difference. */
static void
nothing_is_compared_with_nothing(void **state)
{
	struct run *a = run_new(), *b = profile(1e-3, 100, 100);

	add_function(b, "f", NULL, 0.9);
	add_query(b, "SELECT", 100, 1, 1);
	add_stack(b, "cpu", "f", 1);
	struct run *r = compared(a, b);
	assert_int_equal(r->proofs[0].n_differences, 0);
	assert_int_equal(r->proofs[0].n_diff_stacks, 0);
	run_free(r);
}

RUN_TESTS(cmocka_unit_test(functions_keep_their_name_across_builds), cmocka_unit_test(modules_lose_their_version),
    cmocka_unit_test(frames_are_named_one_by_one), cmocka_unit_test(functions_are_told_when_they_change),
    cmocka_unit_test(chance_is_not_told), cmocka_unit_test(cpu_time_comes_from_the_pairs),
    cmocka_unit_test(stacks_know_of_functions_that_are_not_listed),
    cmocka_unit_test(statements_are_told_by_time_or_calls), cmocka_unit_test(waits_and_calls_are_told_once),
    cmocka_unit_test(the_list_is_short_and_replaced), cmocka_unit_test(stacks_are_merged_per_request),
    cmocka_unit_test(stacks_are_bounded), cmocka_unit_test(nothing_is_compared_with_nothing))

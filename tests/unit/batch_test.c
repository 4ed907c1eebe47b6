/* SPDX-License-Identifier: MIT */
/* Batches without a gate: keys and calls, what is collected and when it is closed, whose an item of an answer is. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/batch/batch_set.h"
#include "gate/batch/batch_split.h"
#include "with_arena.h"

#define T(literal) ((struct text){ literal, sizeof(literal) - 1 })
#define PATHS "from: '/products/{id}', into: '/batch?ids={id}&v=1', by: /id"
#define BODY  "from: '/p?id={x}', into: /batch, body: '{\"a\": {}, \"ids\": [{x}]}', by: /id"

/* What gate.yaml has behind batch:. */
static const struct gate_batch *
plan(const char *keys)
{
	struct err e = { 0 };
	struct gate_config *c;
	const char *text = arena_printf(arena, "listen: :1\nupstreams: { o: { servers: [a:1] } }\n"
	    "routes: [ { match: /, upstream: o, batch: { %s } } ]\n", keys);

	if (gate_config_parse(text, strlen(text), "x", arena, &c, &e) < 0)
		fail_msg("%s: %s", keys, e.text);
	return c->routes[0].batch;
}

static void
check_text(struct text is, const char *wanted)
{
	if (is.size != strlen(wanted) || memcmp(is.at, wanted, is.size) != 0)
		fail_msg("'%.*s', wanted '%s'", (int)is.size, is.at, wanted);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void
a_request_has_a_key_that_is_written_in_one_way(void **state)
{
	static const char number[] = "from: '/n/{n}/x', into: '/b?{n}', by: order, keys: number";
	static const struct { const char *keys, *target, *key; } rows[] = {
		{ PATHS, "/products/5", "5" },
		{ PATHS, "/products/a%2Fb%2c%C3%BC", "a/b,\303\274" },
		{ PATHS, "/products/", NULL },
		{ PATHS, "/products", NULL },
		{ PATHS, "/products/5/reviews", NULL },
		{ PATHS, "/products/5?lang=de", NULL },
		{ PATHS, "/other/5", NULL },
		{ PATHS, "/products/a+b", NULL },       /* a blank for some */
		{ PATHS, "/products/%", NULL },
		{ PATHS, "/products/%4", NULL },
		{ PATHS, "/products/%4x", NULL },
		{ PATHS, "/products/%00", NULL },
		{ PATHS, "/products/%0a", NULL },
		{ PATHS, "/products/%C3", NULL },       /* no UTF-8 */
		{ PATHS, "/products/%C0%AF", NULL },
		{ BODY, "/p?id=x%22y", "x\"y" },
		{ BODY, "/p?id=1&id=2", NULL },
		{ BODY, "/p?id=", NULL },
		{ number, "/n/17/x", "17" },
		{ number, "/n/-3/x", "-3" },
		{ number, "/n/0/x", "0" },
		{ number, "/n/017/x", NULL },
		{ number, "/n/-0/x", NULL },
		{ number, "/n/-/x", NULL },
		{ number, "/n/1.5/x", NULL },
		{ number, "/n/1234567890123456789/x", NULL },
		{ number, "/n/17/y", NULL },
		{ number, "/n//x", NULL },
	};
	char out[BATCH_KEY_MAX];
	struct text key;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text target = { rows[i].target, strlen(rows[i].target) };
		if (batch_key(plan(rows[i].keys), target, out, &key) != (rows[i].key != NULL))
			fail_msg("%s", rows[i].target);
		if (rows[i].key)
			check_text(key, rows[i].key);
	}
}

static void
a_key_has_a_longest_size(void **state)
{
	const struct gate_batch *b = plan(PATHS);
	char target[300] = "/products/", out[BATCH_KEY_MAX];
	struct text key;
	size_t n = strlen(target);

	memset(target + n, 'x', BATCH_KEY_MAX + 1);
	assert_true(batch_key(b, (struct text){ target, n + BATCH_KEY_MAX }, out, &key));
	assert_int_equal(key.size, BATCH_KEY_MAX);
	assert_false(batch_key(b, (struct text){ target, n + BATCH_KEY_MAX + 1 }, out, &key));
}

static void
keys_stand_in_a_call_and_cannot_leave_their_place(void **state)
{
	static const struct text keys[] = { T("1"), T("a,b&c=\"\\ \303\274"), T("3") };
	static const struct { const char *keys, *target, *body; } rows[] = {
		{ PATHS, "/batch?ids=1,a%2Cb%26c%3D%22%5C%20%C3%BC,3&v=1", "" },
		{ "from: '/p/{i}', into: '/b?i={i}', join: '&i=', by: order",
		  "/b?i=1&i=a%2Cb%26c%3D%22%5C%20%C3%BC&i=3", "" },
		{ BODY, "/batch", "{\"a\": {}, \"ids\": [\"1\",\"a,b&c=\\\"\\\\ \303\274\",\"3\"]}" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct gate_batch *b = plan(rows[i].keys);
		CLEANUP(buf_done) struct buf target = { 0 }, body = { 0 };
		size_t bytes = 0;
		batch_target_write(b, keys, 3, &target);
		batch_body_write(b, keys, 3, &body);
		assert_string_equal(buf_text(&target), rows[i].target);
		assert_string_equal(buf_text(&body), rows[i].body);
		for (size_t k = 0; k < 3; k++)
			bytes += batch_key_bytes(b, keys[k]);
		assert_true(bytes >= (body.size ? body.size : target.size) -
		    (body.size ? b->body.before.size + b->body.after.size : b->into.before.size + b->into.after.size));
	}
	CLEANUP(buf_done) struct buf numbers = { 0 };
	batch_body_write(plan("from: '/p/{i}', into: /b, body: '[{i}]', by: order, keys: number"), keys, 1, &numbers);
	assert_string_equal(buf_text(&numbers), "[1]");
}

/* ---- collecting ------------------------------------------------------------------------------ */

static void
who_asks_for_the_same_shares_a_key(void **state)
{
	CLEANUP(batch_set_done) struct batch_set s;
	struct batch_seat a = { 0 }, b = { 0 }, c = { 0 };

	assert_int_equal(batch_set_init(&s, plan(PATHS), 0), 0);
	assert_true(batch_set_add(&s, T("1"), &a));
	assert_true(batch_set_add(&s, T("2"), &b));
	assert_true(batch_set_add(&s, T("1"), &c));
	assert_int_equal(batch_set_count_seats(&s), 3);
	assert_int_equal(batch_set_close(&s), 2);
	check_text(batch_set_key(&s, 0), "1");
	check_text(batch_set_key(&s, 1), "2");
	assert_ptr_equal(batch_set_take(&s, 0), &c);
	assert_ptr_equal(batch_set_take(&s, 0), &a);
	assert_null(batch_set_take(&s, 0));
	assert_ptr_equal(batch_set_take(&s, 1), &b);
}

/* One who leaves takes nothing from the others, before and after it is closed. */
static void
what_nobody_waits_for_is_not_asked(void **state)
{
	CLEANUP(batch_set_done) struct batch_set s;
	struct batch_seat seats[4] = { 0 };

	assert_int_equal(batch_set_init(&s, plan(PATHS), 0), 0);
	assert_true(batch_set_add(&s, T("1"), &seats[0]));
	assert_true(batch_set_add(&s, T("2"), &seats[1]));
	assert_true(batch_set_add(&s, T("3"), &seats[2]));
	assert_true(batch_set_add(&s, T("3"), &seats[3]));
	batch_seat_leave(&seats[0]);
	batch_seat_leave(&seats[3]);
	batch_seat_leave(&seats[3]);
	assert_int_equal(batch_set_close(&s), 2);
	check_text(batch_set_key(&s, 0), "2");
	check_text(batch_set_key(&s, 1), "3");
	assert_int_equal(*map_find(&s.by_key, "3", 1), 1);
	assert_null(map_find(&s.by_key, "1", 1));
	batch_seat_leave(&seats[1]);
	assert_null(batch_set_take(&s, 0));
	assert_ptr_equal(batch_set_take(&s, 1), &seats[2]);
}

static void
a_batch_of_nobody_is_empty(void **state)
{
	CLEANUP(batch_set_done) struct batch_set s;
	struct batch_seat a = { 0 };

	assert_int_equal(batch_set_init(&s, plan(PATHS), 0), 0);
	assert_true(batch_set_add(&s, T("1"), &a));
	batch_seat_leave(&a);
	assert_int_equal(batch_set_close(&s), 0);
}

static void
a_batch_is_closed_when_its_time_has_come(void **state)
{
	const int64_t ms = NS_PER_MS;
	static const struct { int keys; size_t under_way; int64_t at_ms; enum batch_close why; } rows[] = {
		{ 1, 0, 0, BATCH_IDLE },         /* nobody is being asked: at once */
		{ 1, 1, 0, BATCH_OPEN },
		{ 1, 1, 9, BATCH_OPEN },
		{ 1, 1, 10, BATCH_WAITED },
		{ 1, 7, 1000, BATCH_WAITED },
		{ 1, 0, 5, BATCH_IDLE },         /* the call before it has ended */
		{ 3, 1, 0, BATCH_FULL },
		{ 3, 0, 0, BATCH_FULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(batch_set_done) struct batch_set s;
		struct batch_seat seats[3] = { 0 };
		char key[] = "0";
		assert_int_equal(batch_set_init(&s, plan(PATHS ", size: 3"), 100 * ms), 0);
		for (int k = 0; k < rows[i].keys; k++, key[0]++)
			assert_true(batch_set_add(&s, (struct text){ key, 1 }, &seats[k]));
		assert_int_equal(batch_set_until_ns(&s), 110 * ms);
		assert_int_equal(batch_set_look(&s, rows[i].under_way, (100 + rows[i].at_ms) * ms), rows[i].why);
		for (int k = 0; k < 3; k++)
			batch_seat_leave(&seats[k]);
	}
}

/* A call of keys without end has an end. */
static void
a_batch_is_full_when_its_call_is(void **state)
{
	static const struct { const char *keys; size_t room; } rows[] = {
		{ "from: '/p/{i}', into: '/b?{i}', by: /i, size: 1000", BATCH_TARGET_MAX },
		{ "from: '/p/{i}', into: '/b', body: '[{i}]', by: /i, size: 1000", BATCH_BODY_MAX },
	};
	static struct batch_seat seats[GATE_BATCH_SIZE_MAX];
	char key[BATCH_KEY_MAX];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(batch_set_done) struct batch_set s;
		const struct gate_batch *b = plan(rows[i].keys);
		struct text keys[GATE_BATCH_SIZE_MAX];
		struct batch_seat same = { 0 };
		CLEANUP(buf_done) struct buf target = { 0 }, body = { 0 };
		size_t n = 0;
		memset(key, 'x', sizeof(key));
		assert_int_equal(batch_set_init(&s, b, 0), 0);
		do
			snprintf(key, 8, "%07zu", n);
		while (key[7] = 'x', batch_set_add(&s, (struct text){ key, sizeof(key) }, &seats[n]) && ++n < 1000);
		assert_true(n > 10 && n < 1000);
		assert_int_equal(batch_set_look(&s, 1, 0), BATCH_FULL);
		assert_true(batch_set_add(&s, batch_set_key(&s, 0), &same));   /* who is in it already may come */
		assert_false(batch_set_add(&s, T("short"), &seats[n]));
		assert_int_equal(batch_set_close(&s), n);
		for (size_t k = 0; k < n; k++)
			keys[k] = batch_set_key(&s, k);
		batch_target_write(b, keys, n, &target);
		batch_body_write(b, keys, n, &body);
		assert_true(target.size <= BATCH_TARGET_MAX);
		assert_true(body.size <= BATCH_BODY_MAX + 2);
		assert_true((body.size ? body.size : target.size) > rows[i].room - 2 * BATCH_KEY_MAX);
		batch_seat_leave(&same);
		for (size_t k = 0; k < n; k++)
			batch_seat_leave(&seats[k]);
	}
}

/* ---- splitting ------------------------------------------------------------------------------- */

#define SPLIT(keys) "from: '/p/{i}', into: '/b?{i}', " keys

static void
an_answer_is_taken_apart(void **state)
{
	static const struct { const char *keys, *answer; enum batch_fit fit; const char *values[3]; } rows[] = {
		/* by key, text or number, in any order, byte for byte; null counts as absent */
		{ SPLIT("by: /id"), "[{\"id\":\"b\", \"n\": 1.10}, {\"id\":1},{\"id\":\"x\"}]", BATCH_FITS,
		  { "{\"id\":1}", "{\"id\":\"b\", \"n\": 1.10}", NULL } },
		{ SPLIT("by: /id"), " [ null , {\"id\":\"\\u0062\"} , {\"id\":\"b\",\"second\":1} ] ", BATCH_FITS,
		  { NULL, "{\"id\":\"\\u0062\"}", NULL } },
		{ SPLIT("by: /id"), "[]", BATCH_FITS, { NULL, NULL, NULL } },
		{ SPLIT("by: /meta/id, value: /body, items: /data/0"),
		  "{\"more\":[1],\"data\":[[{\"meta\":{\"id\":1},\"body\":[1,2]},{\"meta\":{\"id\":\"b\"},\"body\":null},"
		  "{\"meta\":{\"id\":12345678901234567890}}]]}", BATCH_FITS, { "[1,2]", NULL, NULL } },
		{ SPLIT("by: /id"), "[{\"id\":1},{\"no\":1}]", BATCH_NO_KEY, { NULL } },
		{ SPLIT("by: /id"), "[{\"id\":{}}]", BATCH_NO_KEY, { NULL } },
		{ SPLIT("by: /id"), "[1]", BATCH_NO_KEY, { NULL } },
		{ SPLIT("by: /id"), "{\"1\":{\"id\":1}}", BATCH_NO_ITEMS, { NULL } },
		{ SPLIT("by: /id"), "\"[]\"", BATCH_NO_ITEMS, { NULL } },
		{ SPLIT("by: /id, items: /data"), "{\"errors\":[1]}", BATCH_NO_ITEMS, { NULL } },
		{ SPLIT("by: /id"), "", BATCH_NOT_JSON, { NULL } },
		{ SPLIT("by: /id"), "<html>", BATCH_NOT_JSON, { NULL } },
		{ SPLIT("by: /id"), "[{\"id\":1}", BATCH_NOT_JSON, { NULL } },
		{ SPLIT("by: /id"), "[{\"id\":1},]", BATCH_NOT_JSON, { NULL } },
		/* by order */
		{ SPLIT("by: order"), "[1,\"x\",null]", BATCH_FITS, { "1", "\"x\"", NULL } },
		{ SPLIT("by: order, items: /r, value: /v"), "{\"r\":[{\"v\":7},{\"w\":8},{\"v\":[]}]}", BATCH_FITS,
		  { "7", NULL, "[]" } },
		{ SPLIT("by: order"), "[1,2]", BATCH_WRONG_COUNT, { NULL } },
		{ SPLIT("by: order"), "[1,2,3,4]", BATCH_WRONG_COUNT, { NULL } },
		{ SPLIT("by: order"), "[]", BATCH_WRONG_COUNT, { NULL } },
		{ SPLIT("by: order"), "{\"a\":1,\"b\":2,\"c\":3}", BATCH_NO_ITEMS, { NULL } },
		/* by name */
		{ SPLIT("by: name"), "{\"b\":{},\"z\":1,\"1\":false,\"1\":true}", BATCH_FITS, { "false", "{}", NULL } },
		{ SPLIT("by: name, items: /x"), "{\"x\":{}}", BATCH_FITS, { NULL, NULL, NULL } },
		{ SPLIT("by: name"), "[1]", BATCH_NO_ITEMS, { NULL } },
	};
	CLEANUP(map_done) struct map keys = { 0 };

	*map_at(&keys, "1", 1, NULL) = 0;
	*map_at(&keys, "b", 1, NULL) = 1;
	*map_at(&keys, "c", 1, NULL) = 2;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text values[3], answer = { rows[i].answer, strlen(rows[i].answer) };
		enum batch_fit fit = batch_split(plan(rows[i].keys), &keys, 3, answer, values);
		if (fit != rows[i].fit)
			fail_msg("%s: %d", rows[i].answer, fit);
		assert_true((batch_fit_text(fit) == NULL) == (fit == BATCH_FITS));
		for (int k = 0; k < 3 && fit == BATCH_FITS; k++) {
			if ((values[k].at != NULL) != (rows[i].values[k] != NULL))
				fail_msg("%s: key %d", rows[i].answer, k);
			if (values[k].at)
				check_text(values[k], rows[i].values[k]);
		}
	}
}

RUN_TESTS(
    WITH_ARENA(a_request_has_a_key_that_is_written_in_one_way),
    WITH_ARENA(a_key_has_a_longest_size),
    WITH_ARENA(keys_stand_in_a_call_and_cannot_leave_their_place),
    WITH_ARENA(who_asks_for_the_same_shares_a_key),
    WITH_ARENA(what_nobody_waits_for_is_not_asked),
    WITH_ARENA(a_batch_of_nobody_is_empty),
    WITH_ARENA(a_batch_is_closed_when_its_time_has_come),
    WITH_ARENA(a_batch_is_full_when_its_call_is),
    WITH_ARENA(an_answer_is_taken_apart))

/* SPDX-License-Identifier: MIT */
/* Slots, redirections and the values of replies. */
#include "net/redis_slot.h"

#include "check.h"
#include "net/resp_walk.h"

static void
keys_have_the_slots_of_the_specification(void **state)
{
	static const struct { const char *key; int slot; } rows[] = {
		{ "123456789", 0x31c3 }, { "", 0 }, { "foo", 12182 }, { "bar", 5061 }, { "hello", 866 },
		{ "foo{bar}{zap}", 5061 },        /* the first tag counts */
		{ "{bar}", 5061 }, { "x{bar", -1 },
		{ "foo{}{bar}", -1 },             /* an empty one does not */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].slot >= 0)
			assert_int_equal(redis_slot(text_of(rows[i].key)), rows[i].slot);
		else
			assert_int_not_equal(redis_slot(text_of(rows[i].key)), 5061);
	}
	assert_int_equal(redis_slot(text_of("{user1000}.following")), redis_slot(text_of("{user1000}.followers")));
	assert_int_equal(redis_slot(text_of("foo{{bar}}zap")), redis_slot(text_of("{bar")));
}

static void
redirections_are_read(void **state)
{
	static const struct { const char *error, *host; bool good, ask; int slot, port; } rows[] = {
		{ "MOVED 3999 127.0.0.1:6381", "127.0.0.1", true, false, 3999, 6381 },
		{ "ASK 16383 ::1:7000", "::1", true, true, 16383, 7000 },
		{ "MOVED 0 :6381", "", true, false, 0, 6381 },
		{ "MOVED 16384 127.0.0.1:6381", NULL }, { "MOVED 1 127.0.0.1:0", NULL },
		{ "MOVED 1 127.0.0.1:65536", NULL }, { "MOVED 1 127.0.0.1", NULL }, { "MOVED 1", NULL },
		{ "MOVED x 127.0.0.1:1", NULL }, { "MOVED ", NULL }, { "ASK", NULL }, { "ERR MOVED", NULL },
		{ "MOVED 1 127.0.0.1:1x", NULL }, { "", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct redis_redirect r;
		assert_int_equal(redis_redirect(rows[i].error, &r), rows[i].good);
		if (!rows[i].good)
			continue;
		assert_int_equal(r.ask, rows[i].ask);
		assert_int_equal(r.slot, rows[i].slot);
		assert_int_equal(r.port, rows[i].port);
		assert_int_equal(r.host.size, strlen(rows[i].host));
		assert_memory_equal(r.host.at, rows[i].host, r.host.size);
	}
}

static void
expect_next(struct resp_walk *w, enum resp_kind kind, const char *wanted, int64_t number)
{
	struct resp_value v;

	assert_true(resp_walk_next(w, &v));
	assert_int_equal(v.kind, kind);
	assert_int_equal(v.number, number);
	if (wanted) {
		assert_int_equal(v.text.size, strlen(wanted));
		assert_memory_equal(v.text.at, wanted, v.text.size);
	}
}

static void
values_come_in_their_order(void **state)
{
	struct resp_walk w;
	struct resp_value v;

	resp_walk_start(&w, text_of("*7\r\n$2\r\nab\r\n|1\r\n+k\r\n*1\r\n:1\r\n:-12\r\n%1\r\n+a\r\n*2\r\n_\r\n$-1\r\n"
	    "=5\r\ntxt:z\r\n-ERR no\r\n~0\r\n,1.5\r\n"));
	expect_next(&w, RESP_ARRAY, NULL, 7);
	expect_next(&w, RESP_BULK, "ab", 0);
	expect_next(&w, RESP_INTEGER, "-12", -12);
	expect_next(&w, RESP_MAP, NULL, 2);
	expect_next(&w, RESP_SIMPLE, "a", 0);
	expect_next(&w, RESP_ARRAY, NULL, 2);
	resp_walk_skip(&w, 2);
	expect_next(&w, RESP_VERBATIM, "z", 0);
	expect_next(&w, RESP_ERROR, "ERR no", 0);
	expect_next(&w, RESP_SET, NULL, 0);
	expect_next(&w, RESP_DOUBLE, "1.5", 0);
	assert_false(resp_walk_next(&w, &v));
	/* attributes in front of what is stepped over, and aggregates in it */
	resp_walk_start(&w, text_of("*2\r\n|1\r\n+k\r\n+v\r\n*2\r\n+a\r\n*1\r\n+b\r\n:7\r\n"));
	expect_next(&w, RESP_ARRAY, NULL, 2);
	resp_walk_skip(&w, 1);
	expect_next(&w, RESP_INTEGER, "7", 7);
	assert_false(resp_walk_next(&w, &v));
}

static void
what_is_no_reply_ends(void **state)
{
	static const char *const rows[] = {
		"", "\r\n", "$5\r\nab\r\n", "$99999999999999999999\r\nab\r\n", "+a", "*99999999999\r\n",
		"$2\r\nab", "%-1\r\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct resp_walk w;
		struct resp_value v;
		resp_walk_start(&w, text_of(rows[i]));
		if (resp_walk_next(&w, &v))
			fail_msg("row %zu gave a value", i);
	}
}

RUN_TESTS(cmocka_unit_test(keys_have_the_slots_of_the_specification), cmocka_unit_test(redirections_are_read),
    cmocka_unit_test(values_come_in_their_order), cmocka_unit_test(what_is_no_reply_ends))

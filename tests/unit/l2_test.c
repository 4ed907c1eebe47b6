/* SPDX-License-Identifier: MIT */
/* The second level of the cache without its servers: values, maps of nodes, quantiles, entries. */
#include <stdlib.h>

#include "base/clock.h"
#include "check.h"
#include "gate/level2/l2_entry.h"
#include "gate/level2/l2_map.h"
#include "gate/level2/l2_outbox.h"
#include "gate/level2/l2_sent.h"
#include "gate/level2/l2_value.h"
#include "gate/origin/latency.h"

#define HEAD "ETag: \"v1\"\r\nContent-Type: text/plain\r\n"

/* ---- values ---------------------------------------------------------------------------------- */

static struct l2_value
sample(struct text body)
{
	return (struct l2_value){
		.known = UINT64_C(1700000000123) << 20 | 7,
		.terms = { .received_ns = 1700000000 * NS_PER_S, .date_s = 1700000000, .modified_s = CACHE_NO_TIME,
			.initial_age_s = 3, .lifetime_s = 600, .stale_behind_s = 30, .stale_error_s = 60,
			.etag_at = 6, .etag_size = 4, .status = 200, .flags = TERMS_DATE | TERMS_ETAG_STRONG,
			.full_bytes = (int64_t)body.size },
		.key = text_of("http://a.example/x"),
		.vary = text_of("accept: x"), .head = text_of(HEAD), .body = body,
	};
}

static void
check_same(const struct l2_value *a, const struct l2_value *b)
{
	assert_int_equal(a->known, b->known);
	assert_int_equal(a->terms.received_ns, b->terms.received_ns);
	assert_int_equal(a->terms.date_s, b->terms.date_s);
	assert_int_equal(a->terms.modified_s, b->terms.modified_s);
	assert_int_equal(a->terms.full_bytes, b->terms.full_bytes);
	assert_int_equal(a->terms.initial_age_s, b->terms.initial_age_s);
	assert_int_equal(a->terms.lifetime_s, b->terms.lifetime_s);
	assert_int_equal(a->terms.stale_behind_s, b->terms.stale_behind_s);
	assert_int_equal(a->terms.stale_error_s, b->terms.stale_error_s);
	assert_int_equal(a->terms.etag_at, b->terms.etag_at);
	assert_int_equal(a->terms.etag_size, b->terms.etag_size);
	assert_int_equal(a->terms.status, b->terms.status);
	assert_int_equal(a->terms.flags, b->terms.flags);
	assert_int_equal(a->key.size, b->key.size);
	assert_memory_equal(a->key.at, b->key.at, a->key.size);
	assert_int_equal(a->vary.size, b->vary.size);
	assert_memory_equal(a->vary.at, b->vary.at, a->vary.size);
	assert_int_equal(a->head.size, b->head.size);
	assert_memory_equal(a->head.at, b->head.at, a->head.size);
}

static void
what_is_written_is_read(void **state)
{
	struct l2_packer *p = l2_packer_new();
	static char large[100000];
	const struct { size_t size; bool noise, packed; } rows[] = {
		{ 0, false, false }, { 1023, false, false }, { 1024, false, true }, { 100000, false, true },
		{ 100000, true, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };
		struct l2_value v, r;
		struct text body;
		for (size_t k = 0; k < rows[i].size; k++)
			large[k] = (char)(rows[i].noise ? rand() : 'a');
		v = sample((struct text){ large, rows[i].size });
		l2_value_write(p, &v, &out);
		assert_int_equal(l2_value_read((struct text){ out.data, out.size }, 100000, &r), L2_VALUE_GOOD);
		check_same(&v, &r);
		assert_int_equal(r.packed, rows[i].packed);
		assert_true(l2_value_unpack(p, &r, &body));
		assert_int_equal(body.size, rows[i].size);
		assert_memory_equal(body.at, large, body.size);
		if (rows[i].size)
			assert_int_equal(l2_value_read((struct text){ out.data, out.size }, rows[i].size - 1, &r),
			    L2_VALUE_CORRUPT);
		buf_done(&out);
	}
	l2_packer_free(p);
}

/* Each byte changed, and each end cut: never taken for good, and named for what it is. */
static void
what_is_torn_is_not(void **state)
{
	struct l2_packer *p = l2_packer_new();
	struct buf out = { 0 };
	struct l2_value v = sample(text_of("a body")), r;

	l2_value_write(p, &v, &out);
	for (size_t i = 0; i < out.size; i++) {
		out.data[i] ^= 0x40;
		enum l2_verdict wanted = i < 4 ? L2_VALUE_FOREIGN : i == 4 ? L2_VALUE_NEWER : L2_VALUE_CORRUPT;
		assert_int_equal(l2_value_read((struct text){ out.data, out.size }, 1000, &r), wanted);
		out.data[i] ^= 0x40;
		assert_int_equal(l2_value_read((struct text){ out.data, i }, 1000, &r),
		    i < 5 ? L2_VALUE_FOREIGN : L2_VALUE_CORRUPT);
	}
	buf_putc(&out, 'x');
	assert_int_equal(l2_value_read((struct text){ out.data, out.size }, 1000, &r), L2_VALUE_CORRUPT);
	buf_done(&out);
	l2_packer_free(p);
}

/* Well formed, but nothing that a gate would have written. */
static void
nonsense_is_not_taken(void **state)
{
	struct l2_packer *p = l2_packer_new();
	struct l2_value good = sample(text_of("a body")), r;
	struct l2_value rows[] = { good, good, good, good, good, good, good, good };

	rows[0].terms.status = 101;
	rows[1].terms.lifetime_s = -1;
	rows[2].terms.etag_at = 1000;
	rows[3].head = text_of("no field\r\n");
	rows[4].head = text_of("A: b\r\n\r\nSet-Cookie: a=b\r\n");
	rows[5].head = text_of("A: b\nC: d\r\n");
	rows[6].head = text_of("");
	rows[7].terms.received_ns = INT64_MIN;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };
		l2_value_write(p, &rows[i], &out);
		if (l2_value_read((struct text){ out.data, out.size }, 1000, &r) != L2_VALUE_CORRUPT)
			fail_msg("row %zu was taken", i);
		buf_done(&out);
	}
	l2_packer_free(p);
}

/* ---- who is what ----------------------------------------------------------------------------- */

static void
slots_are_read(void **state)
{
	struct l2_map m;
	const char *reply = "*2\r\n"
	    "*4\r\n:0\r\n:8191\r\n*4\r\n$9\r\n127.0.0.1\r\n:7001\r\n$1\r\na\r\n*0\r\n"
	    "*4\r\n$0\r\n\r\n:7002\r\n$1\r\nb\r\n*0\r\n"
	    "*3\r\n:8192\r\n:16000\r\n*3\r\n$3\r\n::1\r\n:7003\r\n$1\r\nc\r\n";

	assert_true(l2_map_read(text_of(reply), "10.0.0.1", &m));
	assert_int_equal(m.n, 3);
	assert_int_equal(m.primary[0], 0);
	assert_int_equal(m.primary[8191], 0);
	assert_int_equal(m.primary[8192], 2);
	assert_int_equal(m.primary[16383], L2_NO_NODE);
	assert_string_equal(m.places[1].host, "10.0.0.1");
	assert_true(m.places[1].replica && m.of[1] == 0 && !m.places[0].replica);
	assert_string_equal(m.places[2].host, "::1");
	assert_int_equal(m.places[2].port, 7003);
	static const char *const bad[] = {
		"*0\r\n", "+OK\r\n", "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$1\r\na\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n*0\r\n:1\r\n", "",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(l2_map_read(text_of(bad[i]), "a", &m));
	/* a node that nobody knows the address of: its slots are nobody's */
	assert_true(l2_map_read(text_of("*2\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\n?\r\n:1\r\n"
	    "*3\r\n:2\r\n:2\r\n*2\r\n$1\r\na\r\n:1\r\n"), "a", &m));
	assert_int_equal(m.primary[1], L2_NO_NODE);
	assert_int_equal(m.primary[2], 0);
}

static void
roles_are_read(void **state)
{
	assert_int_equal(l2_role_read(text_of("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n")), L2_ROLE_PRIMARY);
	assert_int_equal(l2_role_read(text_of("*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:3\r\n")),
	    L2_ROLE_REPLICA);
	assert_int_equal(l2_role_read(text_of("*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$7\r\nconnect\r\n:-1\r\n")),
	    L2_ROLE_UNKNOWN);
	assert_int_equal(l2_role_read(text_of("*1\r\n$8\r\nsentinel\r\n")), L2_ROLE_UNKNOWN);
	assert_int_equal(l2_role_read(text_of("-ERR no\r\n")), L2_ROLE_UNKNOWN);
}

/* ---- purges ---------------------------------------------------------------------------------- */

#define KEY "http://a.example/x"

static bool
spared(const struct l2_purges *p, uint64_t known)
{
	const uint64_t tags[] = { 1, 2 };
	return l2_purges_spare(p, known, text_of(KEY), tags, 2);
}

static void
values_count_since_the_last_purge(void **state)
{
	struct l2_purges *p = l2_purges_new();

	assert_int_equal(l2_stamp(3, 4), (UINT64_C(3) << 20) + 4);
	assert_false(spared(p, 10));             /* nothing is known yet */
	l2_purges_set_known(p, 10);
	assert_true(spared(p, 10) && !spared(p, 0));
	l2_purges_note_all(p, 5, false);
	assert_true(spared(p, 5) && !spared(p, 4));
	l2_purges_note(p, l2_purge_hash(text_of(KEY)), 7, false);
	assert_true(spared(p, 7) && !spared(p, 6));
	l2_purges_note(p, 2, 8, false);          /* a tag */
	assert_true(spared(p, 8) && !spared(p, 7));
	l2_purges_note(p, 2, 3, false);          /* heard late */
	assert_true(spared(p, 8) && !spared(p, 7));
	l2_purges_doubt(p, 1);
	l2_purges_doubt(p, 1);
	l2_purges_note(p, 1, 9, true);
	assert_false(spared(p, 10));             /* one of the two is still on its way */
	l2_purges_note(p, 1, 10, true);
	assert_true(spared(p, 10) && !spared(p, 9));
	l2_purges_doubt_all(p);
	assert_false(spared(p, 100));
	l2_purges_note_all(p, 20, true);
	assert_true(spared(p, 20) && !spared(p, 19));
	l2_purges_set_unread(p, true);
	assert_false(spared(p, 30));
	l2_purges_set_unread(p, false);
	l2_purges_doubt(p, 1);
	l2_purges_end_doubts(p);
	assert_true(spared(p, 30));
	l2_purges_free(p);
}

static void
count_wake(void *ctx)
{
	++*(int *)ctx;
}

static void
what_waits_is_in_doubt_and_bounded(void **state)
{
	struct l2_purges *p = l2_purges_new();
	int woken = 0, n = 0, alls = 0;
	struct l2_outbox *b = l2_outbox_new(&(struct gate_config){ 0 }, p, count_wake, &woken);
	struct l2_note *note;

	l2_purges_set_known(p, 10);
	l2_outbox_add(b, &(struct purge){ .what = PURGE_URL, .soft = true, .text = text_of("https://A.example/x") },
	    true);   /* either scheme is meant */
	assert_false(spared(p, 10));
	assert_int_equal(woken, 1);
	note = l2_outbox_take(b);
	assert_int_equal(note->what, PURGE_URL);
	assert_true(note->soft && note->size == 19 && l2_outbox_is_empty(b));
	l2_outbox_give_back(b, note);
	l2_purges_end_doubts(p);
	l2_outbox_doubt_again(b);
	assert_false(spared(p, 10));
	for (int i = 0; i < 10000; i++)
		l2_outbox_add(b, &(struct purge){ .what = PURGE_TAG, .text = text_of("t") }, true);
	while ((note = l2_outbox_take(b))) {
		n++;
		alls += note->what == PURGE_ALL;
		free(note);
	}
	assert_true(n < 5000);
	assert_int_equal(alls, 1);
	l2_outbox_free(b);
	l2_purges_free(p);
}

static struct l2_note *
note_of(uint64_t name)
{
	struct l2_note *note = calloc(1, sizeof(*note));

	assert_non_null(note);
	note->size = name;
	return note;
}

/* What a primary has answered for and its successor does not have. */
static void
what_was_sent_is_kept_until_it_is_read(void **state)
{
	struct l2_sent s = { 0 };

	l2_sent_add(&s, note_of(1), 10, 1);
	l2_sent_add(&s, note_of(2), 20, 1);
	l2_sent_add(&s, note_of(3), 30, 2);
	assert_null(l2_sent_lost(&s, 1));          /* the page was asked for before */
	l2_sent_seen(&s, 20);
	struct l2_note *note = l2_sent_lost(&s, 2);
	assert_int_equal(note->size, 1);
	free(note);
	assert_null(l2_sent_lost(&s, 2));
	l2_sent_seen(&s, 30);
	assert_int_equal(s.n, 0);
	l2_sent_seen(&s, 40);                      /* it is read before its answer comes */
	l2_sent_add(&s, note_of(4), 40, 7);
	assert_null(l2_sent_lost(&s, UINT64_MAX));
	l2_sent_add(&s, note_of(5), 40, 7);        /* that holds for one */
	assert_int_equal(s.n, 1);
	for (uint64_t i = 0; i < L2_SENT_MAX; i++)
		l2_sent_add(&s, note_of(6), 100 + i, 7);
	assert_int_equal(s.n, L2_SENT_MAX);
	note = l2_sent_lost(&s, 8);
	assert_int_equal(note->size, 6);           /* the eldest was given up */
	free(note);
	l2_sent_done(&s);
	assert_null(s.first);
}

/* ---- how long it takes ----------------------------------------------------------------------- */

static void
quantiles_follow_what_happens(void **state)
{
	struct latency l = { 0 };

	for (int i = 0; i < 20; i++)
		latency_add(&l, NS_PER_MS);
	assert_int_equal(l.p99_ns, 0);   /* too little is known */
	for (int i = 0; i < 300; i++)
		latency_add(&l, i % 10 ? NS_PER_MS : 100 * NS_PER_MS);
	CHECK_NEAR(l.p50_ns, 1.1e6, 0.15e6);
	CHECK_NEAR(l.p99_ns, 110e6, 15e6);
	for (int i = 0; i < 20000; i++)
		latency_add(&l, 20 * NS_PER_US);
	CHECK_NEAR(l.p99_ns, 22e3, 3e3);
	latency_add(&l, -1);
	latency_add(&l, INT64_MAX);
	for (int i = 0; i < 40000; i++)
		latency_add(&l, 100 * NS_PER_S);   /* beyond the last class: its end */
	assert_true(l.p50_ns > 8 * NS_PER_S);
}

/* ---- entries of the stream ---------------------------------------------------------------------- */

static bool
read_entry(const char *reply, struct l2_entry *ret)
{
	struct resp_walk w;

	resp_walk_start(&w, text_of(reply));
	return l2_entry_read(&w, ret);
}

static void
entries_are_read(void **state)
{
	static const char *const none[] = {
		"", ":5\r\n", "*1\r\n$3\r\n5-1\r\n", "*2\r\n$3\r\n5-1\r\n$1\r\nx\r\n",
		"*2\r\n$1\r\n5\r\n*0\r\n", "*2\r\n$4\r\n5-1x\r\n*0\r\n",
		"*2\r\n$48\r\n000000000000000000000000000000000000000000000000\r\n*0\r\n",
		"*2\r\n$3\r\n5-1\r\n*2\r\n$4\r\nwhat\r\n",
		"*2\r\n$3\r\n5-1\r\n*2\r\n$4\r\nwhat\r\n*0\r\n",
	};
	struct l2_entry e;

	assert_true(read_entry("*2\r\n$15\r\n1526919030474-7\r\n*6\r\n$4\r\nwhat\r\n$3\r\ntag\r\n$5\r\nlater\r\n"
	    "$1\r\n1\r\n$4\r\ntext\r\n$4\r\nshop\r\n", &e));
	assert_true(e.ms == 1526919030474 && e.number == 7);
	assert_true(text_is(e.id, "1526919030474-7") && text_is(e.what, "tag") && text_is(e.text, "shop"));
	assert_int_equal(e.how.size + e.from.size + e.after.size, 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (read_entry(none[i], &e))
			fail_msg("taken: %s", none[i]);
}

RUN_TESTS(cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(what_is_torn_is_not),
    cmocka_unit_test(nonsense_is_not_taken), cmocka_unit_test(slots_are_read), cmocka_unit_test(roles_are_read),
    cmocka_unit_test(values_count_since_the_last_purge), cmocka_unit_test(what_waits_is_in_doubt_and_bounded),
    cmocka_unit_test(what_was_sent_is_kept_until_it_is_read), cmocka_unit_test(quantiles_follow_what_happens),
    cmocka_unit_test(entries_are_read))

/* SPDX-License-Identifier: MIT */
/* The leader's book: what workers tell is merged, who falls silent is named, the books balance. */
#include "base/clock.h"
#include "fleet/crew.h"
#include "fleet/order.h"
#include "load/tally_codec.h"
#include "stats/histogram_codec.h"
#include "check.h"

#define START (100 * NS_PER_S)

static const struct schedule_part one_part = { 100, 100, 10 * NS_PER_S };
static const struct schedule constant = { .parts = &one_part, .n_parts = 1, .seed = 1, .routes = 1 };

static struct crew
crew_of(size_t n)
{
	struct crew c = {
		.arena = arena_new(), .n_routes = 2, .start_ns = START,
		.for_ns = 10 * NS_PER_S, .single = true,
		.schedule = &constant,
	};
	for (size_t i = 0; i < n; i++) {
		struct member *m = ARENA_PUSH(c.arena, c.members, c.n_members);
		*m = (struct member){ .heard_ns = START };
		snprintf(m->name, sizeof(m->name), "w%zu", i);
	}
	assert_int_equal(crew_begin(&c, 0), n);
	return c;
}

static struct tally *
tally_of(int64_t sent, int64_t answered, int64_t errors, int64_t timeouts)
{
	struct tally *t = tally_new(2);

	t->sent = sent;
	t->routes[1].outcome[OUTCOME_ANSWERED] = answered;
	t->routes[0].outcome[OUTCOME_RESET] = errors;
	t->routes[1].outcome[OUTCOME_TIMEOUT] = timeouts;
	t->routes[1].status[200] = (uint32_t)answered;
	if (answered)
		histogram_record_n(&t->routes[1].latency, 5 * NS_PER_MS, answered);
	return t;
}

static struct tally *
tell(struct crew *c, size_t number, struct tally *t, int64_t told_ns)
{
	struct buf b = { 0 };

	tally_encode(t, &b);
	struct tally *back = crew_hear(c, number, "tally", told_ns, b.data, b.size, START + told_ns);
	tally_free(t);
	buf_done(&b);
	return back;
}

static void
end(struct crew *c, size_t number, struct last_words w)
{
	struct buf b = { 0 };

	last_words_encode(&w, &b);
	crew_hear(c, number, "end", 0, b.data, b.size, START + 10 * NS_PER_S);
	buf_done(&b);
}

static void
tallies_come_back(void **state)
{
	struct tally *t = tally_of(10, 6, 3, 1);
	struct buf b = { 0 };

	t->slice = 8;
	t->scheduled = 11;
	t->censored = 1;
	t->tokens = 40;
	t->tokens_estimated = 4;
	t->routes[1].body_bytes = 1234;
	snprintf(t->routes[1].content_type, sizeof(t->routes[1].content_type), "text/html");
	histogram_record(&t->spans[SPAN_SERVICE], 77);
	tally_encode(t, &b);
	struct tally *back = tally_decode(b.data, b.size, 2);
	assert_non_null(back);
	assert_int_equal(back->slice, 8);
	assert_int_equal(back->scheduled, 11);
	assert_int_equal(back->sent, 10);
	assert_int_equal(back->censored, 1);
	assert_int_equal(back->tokens, 40);
	assert_int_equal(back->tokens_estimated, 4);
	assert_int_equal(tally_count(back, OUTCOME_ANSWERED), 6);
	assert_int_equal(back->routes[0].outcome[OUTCOME_RESET], 3);
	assert_int_equal(back->routes[1].status[200], 6);
	assert_int_equal(back->routes[1].body_bytes, 1234);
	assert_string_equal(back->routes[1].content_type, "text/html");
	assert_int_equal(back->spans[SPAN_SERVICE].max, 77);
	assert_null(tally_decode(b.data, b.size, 3));
	assert_null(tally_decode(b.data, b.size - 1, 2));
	buf_putc(&b, '\0');
	assert_null(tally_decode(b.data, b.size, 2));
	tally_free(back);
	tally_free(t);
	buf_done(&b);
}

/* Merging what was sent in pieces gives what one would have tallied, bucket by bucket. */
static void
pieces_merge_to_the_whole(void **state)
{
	struct crew c = crew_of(3);
	struct tally *whole = tally_new(2), *sum = tally_new(2);

	for (int i = 0; i < 30; i++) {
		struct tally *t = tally_of(0, 0, 0, 0);
		for (int k = 0; k < 100; k++) {
			histogram_record(&t->routes[0].latency, (i * 100 + k) * 7919);
			t->routes[0].outcome[OUTCOME_ANSWERED]++;
			t->sent++;
		}
		tally_merge(whole, t);
		struct tally *back = tell(&c, (size_t)i % 3, t, i * NS_PER_S / 3);
		assert_non_null(back);
		tally_merge(sum, back);
		tally_free(back);
	}
	struct histogram a = tally_latency(whole), b = tally_latency(sum);
	assert_int_equal(sum->sent, 3000);
	assert_int_equal(b.count, 3000);
	for (int64_t k = 1; k <= 3000; k += 7)
		assert_int_equal(histogram_rank(&a, k), histogram_rank(&b, k));
	histogram_done(&a);
	histogram_done(&b);
	tally_free(whole);
	tally_free(sum);
	arena_free(c.arena);
}

static void
silence_is_loss_and_the_books_balance(void **state)
{
	struct crew c = crew_of(2);
	struct load_crew_end over;

	struct tally *t = tally_of(500, 498, 2, 0);
	t->scheduled = 500;
	tally_free(tell(&c, 0, t, 9 * NS_PER_S));
	end(&c, 0, (struct last_words){ .scheduled = 500, .sent = 500, .window_ns = 10 * NS_PER_S,
	    .cpu = 0.25, .engine = "epoll" });
	tally_free(tell(&c, 1, tally_of(150, 140, 3, 2), 3 * NS_PER_S));
	assert_null(crew_sweep(&c, START + 6 * NS_PER_S));
	const struct member *lost = crew_sweep(&c, START + 6 * NS_PER_S + 1);
	assert_ptr_equal(lost, &c.members[1]);
	assert_null(crew_sweep(&c, START + 9 * NS_PER_S));
	assert_false(crew_is_running(&c));
	/* What comes too late counts no more. */
	assert_null(tell(&c, 1, tally_of(50, 50, 0, 0), 4 * NS_PER_S));
	struct tally *rest = crew_close(&c, &over);
	assert_int_equal(over.window_ns, 10 * NS_PER_S);
	assert_int_equal(over.unsent, 350);
	assert_int_equal(rest->scheduled, 500);
	assert_int_equal(tally_count(rest, OUTCOME_IN_FLIGHT), 5);
	CHECK_NEAR(over.cpu, 0.25, 0);
	lost = &c.members[1];
	assert_int_equal(lost->lost_ns, 3 * NS_PER_S);
	const struct member_sums *sums = &lost->now;
	assert_int_equal(sums->scheduled, sums->sent + sums->unsent);
	assert_int_equal(sums->sent, sums->answered + sums->errors + sums->timeouts + sums->in_flight);
	tally_free(rest);
	arena_free(c.arena);
}

/* All are lost. Flows of several requests: only what was due after the last word is known to be
 * missing. A load that was cut short has no share after that. */
static void
flows_lost_count_from_the_last_word(void **state)
{
	for (int cut = 0; cut < 2; cut++) {
		struct crew c = crew_of(2);
		struct load_crew_end over;
		c.single = false;
		c.cut = cut;
		tally_free(tell(&c, 0, tally_of(900, 900, 0, 0), 2 * NS_PER_S));
		tally_free(tell(&c, 1, tally_of(300, 290, 0, 0), 4 * NS_PER_S));
		struct tally *rest = crew_close(&c, &over);
		assert_int_equal(over.window_ns, (cut ? 4 : 10) * NS_PER_S);
		assert_int_equal(c.members[0].now.unsent, cut ? 100 : 400);
		assert_int_equal(c.members[1].now.unsent, cut ? 0 : 300);
		assert_int_equal(rest->scheduled, 1200 + over.unsent);
		assert_int_equal(tally_count(rest, OUTCOME_IN_FLIGHT), 10);
		tally_free(rest);
		arena_free(c.arena);
	}
}

static void
whoever_makes_no_sense_is_lost(void **state)
{
	static const struct { const char *kind, *bytes; } says[] = {
		{ "tally", "x" }, { "end", "x" }, { "fail", "it was interrupted" },
	};
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		struct crew c = crew_of(1);
		assert_null(crew_hear(&c, 0, says[i].kind, 0, says[i].bytes, strlen(says[i].bytes), START));
		assert_int_equal(c.members[0].state, MEMBER_LOST);
		assert_non_null(c.members[0].why);
		arena_free(c.arena);
	}
	struct crew c = crew_of(1);
	assert_null(crew_hear(&c, 7, "beat", 0, "", 0, START));
	assert_null(crew_hear(&c, 0, "beat", 0, "", 0, START + NS_PER_S));
	assert_int_equal(c.members[0].heard_ns, START + NS_PER_S);
	/* It says it sent ten, and told of none. */
	end(&c, 0, (struct last_words){ .scheduled = 10, .sent = 10, .window_ns = NS_PER_S });
	assert_int_equal(c.members[0].state, MEMBER_LOST);
	assert_string_equal(c.members[0].why, "not all of its figures arrived");
	arena_free(c.arena);
}

static void
one_limited_worker_limits_all(void **state)
{
	struct crew c = crew_of(2);
	struct run *r = run_new();
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);

	end(&c, 0, (struct last_words){ .window_ns = NS_PER_S });
	end(&c, 1, (struct last_words){ .window_ns = NS_PER_S, .limited = true, .why = "too slow" });
	crew_judge(&c, r, p);
	crew_record(&c, r);
	assert_true(p->generator_limited);
	assert_string_equal(p->generator_why, "worker w1 on : too slow");
	assert_int_equal(r->evidence.n_workers, 2);
	assert_false(r->evidence.workers[1].lost);
	run_free(r);
	arena_free(c.arena);
}

static void
all_sent(struct crew *c, size_t number, int64_t n)
{
	struct tally *t = tally_of(n, n, 0, 0);

	t->scheduled = n;
	tally_free(tell(c, number, t, 10 * NS_PER_S));
	end(c, number, (struct last_words){ .scheduled = n, .sent = n, .window_ns = 10 * NS_PER_S });
}

/* The share of the lost one is missing in its phase, and in no later one. */
static void
phases_after_a_loss_are_shared_by_who_is_left(void **state)
{
	struct crew c = crew_of(3);
	struct load_crew_end over;
	struct run *r = run_new();

	assert_null(crew_lost_now(&c));
	crew_hear(&c, 1, "fail", 0, "it was interrupted", 18, START);
	assert_ptr_equal(crew_lost_now(&c), &c.members[1]);
	all_sent(&c, 0, 334);
	assert_int_equal(crew_told(&c), 0);
	all_sent(&c, 2, 333);
	assert_int_equal(crew_told(&c), INT64_MAX);
	tally_free(crew_close(&c, &over));
	assert_int_equal(over.unsent, 333);

	c.start_ns += 20 * NS_PER_S;
	assert_int_equal(crew_begin(&c, 0), 2);
	assert_int_equal(c.members[1].part, CREW_NO_PART);
	assert_int_equal(c.members[2].part, 1);
	assert_null(crew_lost_now(&c));
	all_sent(&c, 0, 500);
	all_sent(&c, 2, 500);
	assert_false(crew_is_running(&c));
	tally_free(crew_close(&c, &over));
	assert_int_equal(over.unsent, 0);

	/* For one alone: the other one waits, and is not missed. */
	assert_int_equal(crew_begin(&c, 1), 1);
	assert_null(crew_sweep(&c, START));
	all_sent(&c, 0, 7);
	assert_false(crew_is_running(&c));
	tally_free(crew_close(&c, &over));
	crew_record(&c, r);
	assert_int_equal(r->evidence.workers[0].sent, 841);
	assert_int_equal(r->evidence.workers[1].unsent, 333);
	assert_true(r->evidence.workers[1].lost);
	assert_int_equal(r->evidence.workers[2].sent, 833);
	run_free(r);
	arena_free(c.arena);
}

/* What no leader of this version has written is no order. */
static void
orders_come_back(void **state)
{
	const struct order o = {
		.name = "knee-3", .rate = 1234.5, .for_ns = 3 * NS_PER_S, .at_most = 200, .draw = 7, .fresh = true,
		.drain_ns = NS_PER_S, .behind_ns = 5,
	}, no_rate = { .for_ns = 1 }, no_end = { .rate = 1 }, too_long = { .rate = 1, .for_ns = INT64_MAX };
	struct order back;
	struct buf b = { 0 };

	order_encode(&o, &b);
	assert_true(order_decode(b.data, b.size, &back));
	assert_string_equal(back.name, o.name);
	CHECK_NEAR(back.rate, o.rate, 0);
	assert_int_equal(back.for_ns, o.for_ns);
	assert_int_equal(back.at_most, o.at_most);
	assert_int_equal(back.draw, o.draw);
	assert_true(back.fresh && !back.asked);
	assert_int_equal(back.drain_ns, o.drain_ns);
	assert_int_equal(back.behind_ns, o.behind_ns);
	for (size_t n = 0; n < b.size; n++)
		assert_false(order_decode(b.data, n, &back));
	buf_putc(&b, '\0');
	assert_false(order_decode(b.data, b.size, &back));
	const struct order *bad[] = { &no_rate, &no_end, &too_long };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_clear(&b);
		order_encode(bad[i], &b);
		assert_false(order_decode(b.data, b.size, &back));
	}
	buf_done(&b);
}

RUN_TESTS(cmocka_unit_test(tallies_come_back), cmocka_unit_test(pieces_merge_to_the_whole),
    cmocka_unit_test(silence_is_loss_and_the_books_balance),
    cmocka_unit_test(flows_lost_count_from_the_last_word),
    cmocka_unit_test(whoever_makes_no_sense_is_lost), cmocka_unit_test(one_limited_worker_limits_all),
    cmocka_unit_test(phases_after_a_loss_are_shared_by_who_is_left), cmocka_unit_test(orders_come_back))

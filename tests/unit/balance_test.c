/* SPDX-License-Identifier: MIT */
/* Servers are simulated: each answers after a time of its own, one request after the other or side by side. */
#include "gate/origin/balance.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "check.h"

#define MS NS_PER_MS
#define FLIGHTS_MAX 4096

static struct gate_server servers[GATE_SERVERS_MAX];
static char names[GATE_SERVERS_MAX][32];

static struct gate_upstream
upstream(size_t n, enum gate_balance how)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "10.0.0.%zu:80", i);
		servers[i] = (struct gate_server){ { .text = names[i] }, .weight = 1 };
	}
	return (struct gate_upstream){ .servers = servers, .n_servers = n, .balance = how,
		.ejection = { 5, 30 * NS_PER_S, 0.5 }, .health = { .rise = 2, .fall = 3 } };
}

/* ---- a simulation ---- */

struct flight { size_t server; int64_t begin_ns, end_ns; };

struct world {
	struct balance *b;
	const int64_t *latency_ns;      /* of each server, when alone */
	bool (*fails)(size_t server, int64_t now_ns);
	struct flight flights[FLIGHTS_MAX];
	size_t n;
	int64_t asked[GATE_SERVERS_MAX], sum_ns, bad;
};

static void
land(struct world *w, int64_t now_ns)
{
	for (size_t i = 0; i < w->n; ) {
		struct flight f = w->flights[i];
		if (f.end_ns > now_ns) {
			i++;
			continue;
		}
		bool bad = w->fails && w->fails(f.server, f.begin_ns);
		balance_end(w->b, f.server, bad ? OUTCOME_BAD : OUTCOME_GOOD, f.end_ns - f.begin_ns, f.end_ns);
		w->bad += bad;
		w->flights[i] = w->flights[--w->n];
	}
}

/* `n` requests, one each `every_ns`; a server that has k in flight takes k + 1 times as long. */
static void
run(struct world *w, int n, int64_t every_ns, int64_t *now_ns)
{
	for (int i = 0; i < n; i++, *now_ns += every_ns) {
		land(w, *now_ns);
		size_t s = balance_begin(w->b, (uint64_t)i, NULL, *now_ns);
		int64_t takes = w->latency_ns[s] * balance_look(w->b, s, *now_ns).in_flight;
		if (w->fails && w->fails(s, *now_ns))
			takes = MS / 10;
		assert_true(w->n < FLIGHTS_MAX);
		w->flights[w->n++] = (struct flight){ s, *now_ns, *now_ns + takes };
		w->asked[s]++;
		w->sum_ns += takes;
	}
	land(w, INT64_MAX / 2);
}

/* ---- p2c ---- */

/* What was not awaited to its end would have taken at least so long; less than what is known says nothing. */
static void
who_was_not_awaited_is_slow(void **state)
{
	struct gate_upstream u = upstream(1, GATE_BALANCE_P2C);
	struct balance *b = balance_new(&u, 1);
	static const struct { enum outcome outcome; int64_t latency_ns, known_ns; } steps[] = {
		{ OUTCOME_GOOD, 10 * MS, 10 * MS }, { OUTCOME_UNKNOWN, -1, 10 * MS }, { OUTCOME_UNKNOWN, 5 * MS, 10 * MS },
		{ OUTCOME_UNKNOWN, 80 * MS, 80 * MS },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		balance_end(b, balance_begin(b, 0, NULL, 1), steps[i].outcome, steps[i].latency_ns, 1);
		CHECK_NEAR(balance_look(b, 0, 1).latency_ns, (double)steps[i].known_ns, 1);
	}
	balance_free(b);
}

static void
a_slow_server_gets_less(void **state)
{
	static const int64_t latency[] = { 10 * MS, 10 * MS, 100 * MS, 10 * MS };
	struct gate_upstream u = upstream(4, GATE_BALANCE_P2C);
	struct world w = { balance_new(&u, 1), latency };
	int64_t now = NS_PER_S;

	run(&w, 10000, 4 * MS, &now);
	assert_true(w.asked[2] < 700);   /* a quarter would be 2500, its share of the speed 320 */
	assert_true(w.asked[2] > 50);
	for (int i = 0; i < 4; i++)
		assert_true(i == 2 || w.asked[i] > 2700);
	balance_free(w.b);
}

static void
who_was_slow_is_asked_again(void **state)
{
	int64_t latency[] = { 10 * MS, 1000 * MS };
	struct gate_upstream u = upstream(2, GATE_BALANCE_P2C);
	struct world w = { balance_new(&u, 1), latency };
	int64_t now = NS_PER_S;

	run(&w, 100, 50 * MS, &now);
	latency[1] = 10 * MS;
	run(&w, 2000, 50 * MS, &now);
	memset(w.asked, 0, sizeof(w.asked));
	run(&w, 1000, 4 * MS, &now);
	assert_true(w.asked[0] > 350 && w.asked[1] > 350);
	balance_free(w.b);
}

static bool
second_fails(size_t server, int64_t now_ns)
{
	return server == 1;
}

/* Failing takes no time, which must not make it look fast. */
static void
a_quick_failure_attracts_nobody(void **state)
{
	static const int64_t latency[] = { 10 * MS, 10 * MS, 10 * MS };
	struct gate_upstream u = upstream(3, GATE_BALANCE_P2C);
	u.ejection.errors = 0;
	struct world w = { balance_new(&u, 1), latency, second_fails };
	int64_t now = NS_PER_S;

	run(&w, 10000, 5 * MS, &now);
	assert_true(w.bad < 300);
	balance_free(w.b);
}

/* ---- the others ---- */

static void
in_turn_means_by_weight(void **state)
{
	struct gate_upstream u = upstream(3, GATE_BALANCE_ROUND);
	servers[0].weight = 5;
	struct balance *b = balance_new(&u, 1);
	char order[15] = "";

	for (int i = 0; i < 14; i++) {
		size_t s = balance_begin(b, 0, NULL, 1);
		order[i] = (char)('a' + s);
		balance_end(b, s, OUTCOME_GOOD, 1, 1);
	}
	assert_string_equal(order, "aabacaaaabacaa");
	balance_free(b);
}

static void
fewest_in_flight_is_by_weight_too(void **state)
{
	struct gate_upstream u = upstream(3, GATE_BALANCE_LEAST);
	servers[2].weight = 2;
	struct balance *b = balance_new(&u, 1);

	for (int i = 0; i < 400; i++)
		balance_begin(b, 0, NULL, 1);
	assert_int_equal(balance_look(b, 0, 1).in_flight, 100);
	assert_int_equal(balance_look(b, 1, 1).in_flight, 100);
	assert_int_equal(balance_look(b, 2, 1).in_flight, 200);
	for (int i = 0; i < 90; i++)
		balance_end(b, 1, OUTCOME_UNKNOWN, -1, 1);
	for (int i = 0; i < 90; i++)
		assert_int_equal(balance_begin(b, 0, NULL, 1), 1);
	balance_free(b);
}

/* ---- hash ---- */

static size_t
owner(struct balance *b, uint64_t key)
{
	size_t s = balance_begin(b, random_at(3, key), NULL, 1);
	balance_end(b, s, OUTCOME_GOOD, 1, 1);
	return s;
}

static void
a_key_stays_where_it_was(void **state)
{
	struct gate_upstream ten = upstream(10, GATE_BALANCE_HASH);
	struct gate_upstream nine = ten;
	nine.n_servers = 9;
	struct balance *a = balance_new(&ten, 1), *b = balance_new(&nine, 2);
	int moved = 0, of_each[10] = { 0 };

	for (uint64_t key = 0; key < 10000; key++) {
		size_t with = owner(a, key), without = owner(b, key);
		of_each[with]++;
		if (with != 9)
			assert_int_equal(with, without);   /* only keys of who left move */
		else
			moved++;
	}
	for (int i = 0; i < 10; i++)
		assert_true(of_each[i] > 850 && of_each[i] < 1150);
	assert_int_equal(moved, of_each[9]);
	balance_free(a);
	balance_free(b);
}

static void
weights_are_shares_of_the_keys(void **state)
{
	struct gate_upstream u = upstream(3, GATE_BALANCE_HASH);
	servers[1].weight = 3;
	struct balance *b = balance_new(&u, 1);
	int of_each[3] = { 0 };

	for (uint64_t key = 0; key < 10000; key++)
		of_each[owner(b, key)]++;
	assert_true(of_each[1] > 5800 && of_each[1] < 6200);
	assert_true(of_each[0] > 1850 && of_each[0] < 2150);
	balance_free(b);
}

/* One key for all requests: its server gets a quarter above the mean, not everything. */
static void
a_hot_key_spreads_when_it_is_too_much(void **state)
{
	struct gate_upstream u = upstream(4, GATE_BALANCE_HASH);
	struct balance *b = balance_new(&u, 1);

	for (int i = 0; i < 1000; i++)
		balance_begin(b, 42, NULL, 1);
	for (size_t i = 0; i < 4; i++)
		assert_true(balance_look(b, i, 1).in_flight <= 313);
	balance_free(b);
}

/* ---- who is left out ---- */

static void
servers_that_fail_in_a_row_are_left_out(void **state)
{
	struct gate_upstream u = upstream(3, GATE_BALANCE_ROUND);
	struct balance *b = balance_new(&u, 1);
	int64_t now = NS_PER_S;

	for (int i = 0; i < 15; i++) {
		size_t s = balance_begin(b, 0, NULL, now);
		balance_end(b, s, s == 1 ? OUTCOME_BAD : OUTCOME_GOOD, 1, now);
	}
	assert_true(balance_look(b, 1, now).ejected);
	for (int i = 0; i < 30; i++) {
		size_t s = balance_begin(b, 0, NULL, now);
		assert_int_not_equal(s, 1);
		balance_end(b, s, OUTCOME_GOOD, 1, now);
	}
	/* back after 30 s; the first failure sends it out again, for twice as long */
	now += 30 * NS_PER_S;
	assert_false(balance_look(b, 1, now).ejected);
	struct server_set others = { { 0 } };
	server_set_add(&others, 0);
	server_set_add(&others, 2);
	assert_int_equal(balance_begin(b, 0, &others, now), 1);
	balance_end(b, 1, OUTCOME_BAD, 1, now);
	assert_true(balance_look(b, 1, now + 59 * NS_PER_S).ejected);
	assert_false(balance_look(b, 1, now + 60 * NS_PER_S).ejected);
	balance_free(b);
}

static void
no_more_than_their_share_are_left_out(void **state)
{
	struct gate_upstream u = upstream(4, GATE_BALANCE_ROUND);
	struct balance *b = balance_new(&u, 1);
	int out = 0;

	for (int i = 0; i < 100; i++) {
		size_t s = balance_begin(b, 0, NULL, 1);
		balance_end(b, s, OUTCOME_BAD, 1, 1);
	}
	for (size_t i = 0; i < 4; i++)
		out += balance_look(b, i, 1).ejected;
	assert_int_equal(out, 2);
	balance_free(b);

	struct gate_upstream alone = upstream(1, GATE_BALANCE_P2C);
	b = balance_new(&alone, 1);
	for (int i = 0; i < 20; i++)
		balance_end(b, balance_begin(b, 0, NULL, 1), OUTCOME_BAD, 1, 1);
	assert_false(balance_look(b, 0, 1).ejected);
	balance_free(b);
}

static void
who_fails_its_checks_is_left_out(void **state)
{
	struct gate_upstream u = upstream(2, GATE_BALANCE_LEAST);
	struct balance *b = balance_new(&u, 1);

	balance_health(b, 0, false);
	for (int i = 0; i < 10; i++)
		assert_int_equal(balance_begin(b, 0, NULL, 1), 1);
	/* nobody is well: then all are asked */
	balance_health(b, 1, false);
	for (int i = 0; i < 10; i++)
		balance_begin(b, 0, NULL, 1);
	assert_int_equal(balance_look(b, 0, 1).in_flight, 10);
	balance_free(b);
}

/* Of eight with a quarter as the least share, two carry the load alone, one does not have to. */
static void
too_few_are_not_left_alone(void **state)
{
	struct gate_upstream u = upstream(8, GATE_BALANCE_ROUND);
	u.health.path = "/";
	u.health.panic = 0.25;
	for (size_t well = 2; well >= 1; well--) {
		struct balance *b = balance_new(&u, 1);
		size_t asked = 0;
		for (size_t i = well; i < 8; i++)
			balance_health(b, i, false);
		for (int i = 0; i < 16; i++)
			balance_begin(b, 0, NULL, 1);
		for (size_t i = 0; i < 8; i++)
			asked += balance_look(b, i, 1).in_flight > 0;
		assert_int_equal(asked, well == 2 ? 2 : 8);
		balance_free(b);
	}
}

/* Failing does not take away the last server that its checks find well. */
static void
the_last_one_is_not_ejected(void **state)
{
	struct gate_upstream u = upstream(4, GATE_BALANCE_ROUND);
	struct balance *b = balance_new(&u, 1);

	for (size_t i = 1; i < 4; i++)
		balance_health(b, i, false);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(balance_begin(b, 0, NULL, 1), 0);
		balance_end(b, 0, OUTCOME_BAD, 1, 1);
	}
	assert_false(balance_look(b, 0, 1).ejected);
	assert_int_equal(balance_look(b, 0, 1).ejections, 0);
	balance_free(b);
}

static void
a_retry_goes_elsewhere(void **state)
{
	static const enum gate_balance ways[] = {
		GATE_BALANCE_P2C, GATE_BALANCE_LEAST, GATE_BALANCE_HASH, GATE_BALANCE_ROUND,
	};

	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		struct gate_upstream u = upstream(3, ways[w]);
		struct balance *b = balance_new(&u, 7);
		struct server_set tried = { { 0 } };
		for (int i = 0; i < 3; i++) {
			size_t s = balance_begin(b, 5, &tried, 1);
			assert_false(server_set_has(&tried, s));
			server_set_add(&tried, s);
		}
		assert_true(balance_begin(b, 5, &tried, 1) < 3);   /* all were tried: any */
		balance_free(b);
	}
	balance_free(NULL);
}

RUN_TESTS(
    cmocka_unit_test(a_slow_server_gets_less),
    cmocka_unit_test(who_was_slow_is_asked_again),
    cmocka_unit_test(a_quick_failure_attracts_nobody),
    cmocka_unit_test(in_turn_means_by_weight),
    cmocka_unit_test(fewest_in_flight_is_by_weight_too),
    cmocka_unit_test(a_key_stays_where_it_was),
    cmocka_unit_test(weights_are_shares_of_the_keys),
    cmocka_unit_test(a_hot_key_spreads_when_it_is_too_much),
    cmocka_unit_test(servers_that_fail_in_a_row_are_left_out),
    cmocka_unit_test(no_more_than_their_share_are_left_out),
    cmocka_unit_test(who_was_not_awaited_is_slow),
    cmocka_unit_test(who_fails_its_checks_is_left_out),
    cmocka_unit_test(too_few_are_not_left_alone),
    cmocka_unit_test(the_last_one_is_not_ejected),
    cmocka_unit_test(a_retry_goes_elsewhere))

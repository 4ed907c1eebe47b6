/* SPDX-License-Identifier: MIT */
#include "gate/warm/event_places.h"

#include "check.h"

#define HERE  7
#define OTHER 8

static struct event_places places, heir;

static int
set_up(void **state)
{
	places = heir = (struct event_places){ 0 };
	event_places_init(&places);
	event_places_init(&heir);
	return 0;
}

static int
tear_down(void **state)
{
	event_places_done(&places);
	event_places_done(&heir);
	return 0;
}

static void
hand_over(bool last)
{
	struct event_standing s = event_places_standing(&places, last);

	if (!last)
		event_places_take(&heir, &s);
	else
		assert_true(event_places_take_last(&heir, &s));
}

static void
a_line_is_read_as_it_was_written(void **state)
{
	const struct event_standing rows[] = {
		{ 0 }, { UINT64_MAX, 1, "1795000000000-12" }, { 1, 0, "18446744073709551615-18446744073709551615" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf line = { 0 };
		struct event_standing s;
		event_standing_write(&rows[i], &line);
		assert_true(event_standing_read((struct text){ line.data, line.size }, &s));
		assert_true(s.stream == rows[i].stream && s.channel == rows[i].channel);
		assert_string_equal(s.redis, rows[i].redis);
		buf_done(&line);
	}
}

static void
other_lines_are_none(void **state)
{
	static const char *const rows[] = {
		"", "events", "events 1", "events 1 2", "events 1 2 x", "events 1 2 1-1 ", "Events 1 2 1-1", "events x 2 1-1",
		"12 2026-11-22T03:12:00Z tag hard shop-7",
		"events 1 2 1234567890123456789012345678901234567890123456789",
	};
	struct event_standing s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (event_standing_read(text_of(rows[i]), &s))
			fail_msg("'%s' was taken", rows[i]);
}

static void
who_waits_has_his_turn_behind_the_others(void **state)
{
	assert_true(event_places_begin(&places, SOURCE_REDIS, true));
	assert_false(event_places_begin(&places, SOURCE_REDIS, true));
	assert_true(event_places_begin(&places, SOURCE_REPLICATION, true));
	assert_true(event_places_begin(&places, SOURCE_NOTIFY, false));
	assert_true(event_places_begin(&places, SOURCE_NOTIFY, false));
	event_places_end(&places, SOURCE_REDIS);
	assert_true(event_places_begin(&places, SOURCE_REDIS, true));
	assert_false(event_places_are_left(&places));
}

static void
the_next_process_reads_on_behind_the_last_entry(void **state)
{
	char id[EVENTS_PLACE_MAX];

	assert_true(event_places_begin(&places, SOURCE_REDIS, true));
	event_places_keep(&places, HERE, "5-0");
	hand_over(false);
	assert_false(event_places_begin(&heir, SOURCE_REDIS, true));
	event_places_keep(&places, HERE, "6-0");
	event_places_end(&places, SOURCE_REDIS);
	assert_true(event_places_are_left(&places));
	hand_over(true);
	assert_true(event_places_begin(&heir, SOURCE_REDIS, true));
	assert_false(event_places_of_stream(&heir, OTHER, id));
	assert_true(event_places_of_stream(&heir, HERE, id));
	assert_string_equal(id, "6-0");
}

/* It would be thrown back. */
static void
who_did_not_wait_keeps_his_place(void **state)
{
	char id[EVENTS_PLACE_MAX];

	event_places_keep(&places, HERE, "5-0");
	hand_over(false);
	assert_true(event_places_begin(&heir, SOURCE_REDIS, false));
	event_places_keep(&heir, HERE, "9-0");
	hand_over(true);
	assert_true(event_places_of_stream(&heir, HERE, id));
	assert_string_equal(id, "9-0");
}

static void
a_killed_one_leaves_the_place_that_it_has_told(void **state)
{
	char id[EVENTS_PLACE_MAX];

	event_places_keep(&places, HERE, "5-0");
	hand_over(false);
	assert_true(event_places_take_last(&heir, NULL));
	assert_true(event_places_begin(&heir, SOURCE_REDIS, true));
	assert_true(event_places_of_stream(&heir, HERE, id));
	assert_string_equal(id, "5-0");
}

static void
nothing_is_missed_while_another_one_listens(void **state)
{
	assert_int_equal(event_places_listen(&places, HERE), EVENT_MISSED_ALL);
	assert_int_equal(event_places_listen(&places, HERE), EVENT_MISSED_NOTHING);
	event_places_stop_listening(&places, HERE, false);
	event_places_stop_listening(&places, HERE, true);
	assert_int_equal(event_places_listen(&places, HERE), EVENT_MISSED_SOME);
	assert_int_equal(event_places_listen(&places, OTHER), EVENT_MISSED_ALL);
	event_places_stop_listening(&places, HERE, false);   /* which nobody counts any more */
	assert_int_equal(event_places_listen(&places, OTHER), EVENT_MISSED_NOTHING);
}

static void
the_process_before_listens_as_well(void **state)
{
	event_places_listen(&places, HERE);
	hand_over(false);
	assert_int_equal(event_places_listen(&heir, HERE), EVENT_MISSED_NOTHING);
	event_places_stop_listening(&places, HERE, false);
	hand_over(true);
	event_places_stop_listening(&heir, HERE, true);
	assert_int_equal(event_places_listen(&heir, HERE), EVENT_MISSED_SOME);
}

/* It did not listen, was lost while it should, was killed: before or after somebody relied on it. */
static void
who_trusted_in_vain_is_told(void **state)
{
	hand_over(false);
	assert_int_equal(event_places_listen(&heir, HERE), EVENT_MISSED_ALL);
	assert_true(event_places_take_last(&heir, NULL));

	event_places_stop_listening(&heir, HERE, true);
	event_places_listen(&places, HERE);
	hand_over(false);
	assert_int_equal(event_places_listen(&heir, HERE), EVENT_MISSED_NOTHING);
	assert_false(event_places_take_last(&heir, NULL));
	assert_true(event_places_take_last(&heir, NULL));   /* said once */

	event_places_stop_listening(&heir, HERE, true);
	hand_over(false);
	assert_int_equal(event_places_listen(&heir, HERE), EVENT_MISSED_NOTHING);
	event_places_stop_listening(&places, HERE, true);
	struct event_standing deaf = event_places_standing(&places, true);
	assert_false(event_places_take_last(&heir, &deaf));

	event_places_stop_listening(&heir, HERE, true);
	event_places_listen(&places, HERE);
	hand_over(false);
	assert_true(event_places_take_last(&heir, NULL));   /* before it is relied on */
	assert_int_equal(event_places_listen(&heir, HERE), EVENT_MISSED_SOME);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

RUN_TESTS(cmocka_unit_test(a_line_is_read_as_it_was_written), cmocka_unit_test(other_lines_are_none),
    ROW(who_waits_has_his_turn_behind_the_others), ROW(the_next_process_reads_on_behind_the_last_entry),
    ROW(who_did_not_wait_keeps_his_place), ROW(a_killed_one_leaves_the_place_that_it_has_told),
    ROW(nothing_is_missed_while_another_one_listens), ROW(the_process_before_listens_as_well),
    ROW(who_trusted_in_vain_is_told))

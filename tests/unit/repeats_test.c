/* SPDX-License-Identifier: MIT */
/* Answers of routes, told apart. */
#include "load/repeats.h"

#include "check.h"

static void
note(struct repeats *all, const char *route, uint64_t hash, bool failed)
{
	repeats_note(all, &(struct load_answer){
		.route = route, .status = 200, .failed = failed, .body_bytes = 100, .body_hash = hash });
}

static void
the_commonest_answer_is_counted(void **state)
{
	struct repeats all = { 0 };
	struct run *r = run_new();

	for (int i = 0; i < 9; i++)
		note(&all, "/same?id=1", 7, false);
	note(&all, "/same?id=1", 8, false);
	note(&all, "/same?id=1", 9, true);               /* an error is no answer */
	for (uint64_t i = 0; i < 100; i++)
		note(&all, "/differs", i, false);            /* more than there is room for */
	repeats_record(&all, r);
	assert_int_equal(r->evidence.n_repeats, 2);
	assert_string_equal(r->evidence.repeats[0].route, "/same?id=*");
	assert_int_equal(r->evidence.repeats[0].answers, 10);
	CHECK_NEAR(r->evidence.repeats[0].same, 0.9, 1e-12);
	CHECK_NEAR(r->evidence.repeats[1].same, 0.01, 1e-12);
	run_free(r);
}

static void
routes_beyond_the_room_are_left_out(void **state)
{
	static char names[REPEATS_ROUTES + 1][8];
	struct repeats all = { 0 };
	struct run *r = run_new();

	for (int i = 0; i <= REPEATS_ROUTES; i++) {
		snprintf(names[i], sizeof(names[i]), "/%d", i);
		note(&all, names[i], 1, false);
	}
	repeats_record(&all, r);
	assert_int_equal(r->evidence.n_repeats, REPEATS_ROUTES);
	run_free(r);
}

RUN_TESTS(
	cmocka_unit_test(the_commonest_answer_is_counted),
	cmocka_unit_test(routes_beyond_the_room_are_left_out))

/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "check.h"

static void
pushed_elements_keep_their_values(void **state)
{
	struct arena *a = arena_new();
	int *items = NULL;
	size_t n = 0;

	for (int i = 0; i < 5000; i++) {
		int *at = ARENA_PUSH(a, items, n);
		assert_int_equal(*at, 0);
		*at = i;
	}
	assert_int_equal(n, 5000);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(items[i], i);
	arena_free(a);
}

static void
large_and_small_blocks_do_not_overlap(void **state)
{
	struct arena *a = arena_new();
	char *big = arena_alloc(a, 1 << 20), *small = arena_strdup(a, "hello");
	memset(big, 'x', 1 << 20);
	assert_string_equal(small, "hello");
	assert_string_equal(arena_printf(a, "%s %d", small, 7), "hello 7");
	assert_null(arena_strdup(a, NULL));
	arena_free(a);
}

/* A list that was cut short gives zeroed elements again, of whatever size it was. */
static void
a_list_that_was_longer_starts_clean(void **state)
{
	struct arena *a = arena_new();
	struct { char bytes[100]; } *items = NULL;
	size_t n = 0;

	for (int i = 0; i < 5000; i++)
		memset(ARENA_PUSH(a, items, n), 'x', sizeof(*items));
	for (size_t cut = 4096; cut >= 4; cut /= 2) {
		n = cut;
		assert_int_equal(ARENA_PUSH(a, items, n)->bytes[99], 0);
		assert_int_equal(items[cut - 1].bytes[0], 'x');
	}
	arena_free(a);
}

/* Lists that grow in turn do not disturb each other. */
static void
lists_grow_side_by_side(void **state)
{
	struct arena *a = arena_new();
	uint64_t *lists[3] = { NULL };
	size_t n[3] = { 0 };

	for (uint64_t i = 0; i < 60000; i++)
		for (uint64_t k = 0; k < 3; k++)
			*ARENA_PUSH(a, lists[k], n[k]) = i * (k + 1);
	for (uint64_t i = 0; i < 60000; i++)
		for (uint64_t k = 0; k < 3; k++)
			assert_int_equal(lists[k][i], i * (k + 1));
	arena_free(a);
}

RUN_TESTS(cmocka_unit_test(a_list_that_was_longer_starts_clean), cmocka_unit_test(lists_grow_side_by_side),
    cmocka_unit_test(pushed_elements_keep_their_values),
    cmocka_unit_test(large_and_small_blocks_do_not_overlap))

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

RUN_TESTS(cmocka_unit_test(pushed_elements_keep_their_values),
    cmocka_unit_test(large_and_small_blocks_do_not_overlap))

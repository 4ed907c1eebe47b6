/* SPDX-License-Identifier: MIT */
#include "base/map.h"
#include "check.h"

static void
finds_what_was_put(void **state)
{
	struct map m = { 0 };
	char key[16];
	bool new;

	for (int i = 0; i < 10000; i++) {
		int size = snprintf(key, sizeof(key), "k%d", i % 5000);
		*map_at(&m, key, (size_t)size, &new) += 1;
		assert_int_equal(new, i < 5000);
	}
	assert_int_equal(m.count, 5000);
	assert_int_equal(*map_find(&m, "k4999", 5), 2);
	assert_null(map_find(&m, "k5000", 5));
	size_t at = 0, seen = 0;
	while (map_next(&m, &at))
		seen++;
	assert_int_equal(seen, 5000);
	map_done(&m);
	assert_null(map_find(&m, "k1", 2));
}

RUN_TESTS(cmocka_unit_test(finds_what_was_put))

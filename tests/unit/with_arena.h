/* SPDX-License-Identifier: MIT */
/* An arena for each test: RUN_TESTS(WITH_ARENA(a_test), ...). Who sets up more calls arena_begin and arena_end. */
#pragma once

#include "base/arena.h"
#include "check.h"

static struct arena *arena;

static int
arena_begin(void **state)
{
	arena = arena_new();
	return 0;
}

static int
arena_end(void **state)
{
	arena_free(arena);
	return 0;
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, arena_begin, arena_end)

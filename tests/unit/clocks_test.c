/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/clocks.h"
#include "check.h"

#define PATIENCE (20 * NS_PER_S)

static void
what_a_process_uses_is_counted_from_then_on(void **state)
{
	struct clocks c = { .arena = arena_new() };
	clocks_add(&c, getpid());
	int64_t before = clocks_sum(&c), end = now_ns() + PATIENCE;
	while (clocks_sum(&c) < before + NS_PER_MS && now_ns() < end)
		;
	assert_true(clocks_sum(&c) >= before + NS_PER_MS);
	arena_free(c.arena);
}

static void
one_that_has_ended_keeps_what_it_had(void **state)
{
	struct clocks c = { .arena = arena_new() };
	pid_t child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	assert_true(child > 0);
	clocks_add(&c, child);
	assert_int_equal(c.n, 1);
	int64_t had = clocks_sum(&c);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(clocks_sum(&c) >= had);
	int64_t last = clocks_sum(&c);
	assert_true(clocks_sum(&c) == last);
	clocks_add(&c, child);                   /* nobody any more */
	assert_int_equal(c.n, 1);
	arena_free(c.arena);
}

RUN_TESTS(cmocka_unit_test(what_a_process_uses_is_counted_from_then_on),
    cmocka_unit_test(one_that_has_ended_keeps_what_it_had))

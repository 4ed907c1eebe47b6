/* SPDX-License-Identifier: MIT */
/* Every engine against real sockets on 127.0.0.1, and all by the same rows. */
#include <errno.h>
#include <signal.h>

#include "engine_bench.h"

static void
run_rows(const struct engine_ops *ops, const struct engine_row *rows)
{
	for (size_t i = 0; rows[i / 2].name; i++) {
		struct bench b;
		const struct engine_row *row = &rows[i / 2];
		if (i % 2 && row->stamped)
			continue;
		if (!bench_open(&b, ops, row->conns, i % 2))
			return;
		print_message("# %s: %s%s\n", ops->name, row->name, i % 2 ? ", unstamped" : "");
		row->run(&b);
		bench_close(&b);
	}
}

static void
epoll_keeps_the_contract(void **state)
{
	run_rows(&engine_epoll, engine_rows_calls);
	run_rows(&engine_epoll, engine_rows_server);
}

static void
io_uring_keeps_the_contract(void **state)
{
	run_rows(&engine_uring, engine_rows_calls);
	run_rows(&engine_uring, engine_rows_server);
}

static void
an_engine_is_chosen(void **state)
{
	const struct engine_ops *ops = NULL;

	assert_int_equal(engine_choose(NULL, 8, &ops), 0);
	assert_non_null(ops);
	assert_int_equal(engine_choose("epoll", 8, &ops), 0);
	assert_ptr_equal(ops, &engine_epoll);
	assert_int_equal(engine_choose("kqueue", 8, &ops), -EINVAL);
}

static void
raise_limit(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_is_chosen),
		cmocka_unit_test(epoll_keeps_the_contract),
		cmocka_unit_test(io_uring_keeps_the_contract),
	};
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A store in memory that another process, or the next one, has too. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_world.h"

static const struct store_settings shared = {
	.limit_bytes = 8 << 20, .max_workers = 4, .terms_layout = 7,
};

/* What the other process sees and leaves: it ends in the middle of a fill. */
static int
other_process(int memory)
{
	struct store_settings settings = shared;
	struct world x = { .now = 1000 };
	struct store_found found;
	struct store_cursor c = { 0 };
	struct err e;

	settings.memory = &memory;
	if (store_attach(&settings, &x.store, &e) < 0 || !(x.w = store_worker_open(x.store)))
		return 2;
	if (find(&x, "kept", "", &found) != STORE_FOUND || read_on(&x, found.object, &c, 3) != 70000)
		return 3;
	put(&x, "theirs", "", 5, 1000);
	begin(&x, "half", "", 9);
	return 0;
}

static void
another_process_shares_it(void **state)
{
	int memory = memfd_create("test", MFD_CLOEXEC), status;
	struct store_settings settings = shared;
	struct world x = { .now = 1000 };
	struct store_found found;
	struct store *second;
	struct err e = { 0 };

	settings.memory = &memory;
	assert_true(memory >= 0);
	assert_int_equal(store_new(&settings, &x.store, &e), 0);
	x.w = store_worker_open(x.store);
	put(&x, "kept", "", 3, 70000);
	/* Its place is taken where it is mapped already. */
	assert_int_equal(store_attach(&settings, &second, &e), -EADDRINUSE);
	store_sleep(x.w);
	pid_t pid = fork();
	if (pid == 0) {
		store_free(x.store);
		_exit(other_process(memory));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	store_wake(x.w);
	assert_int_equal(find(&x, "theirs", "", &found), STORE_FOUND);
	assert_int_equal(find(&x, "half", "", &found), STORE_FILLING);
	store_bury(x.store, pid, 9);
	assert_int_equal(find(&x, "half", "", &found), STORE_FILLING);
	store_bury(x.store, pid, 10);
	assert_int_equal(find(&x, "half", "", &found), STORE_ABSENT);
	/* Its workers' seats are free again, and keep nothing from being freed. */
	for (int i = 0; i < 3; i++)
		assert_non_null(store_worker_open(x.store));
	assert_null(store_worker_open(x.store));
	world_done(&x);
	close(memory);
}

static void
what_does_not_fit_is_not_attached(void **state)
{
	int memory = memfd_create("test", MFD_CLOEXEC);
	struct store_settings settings = shared;
	struct store *s, *second;
	struct err e = { 0 };

	settings.memory = &memory;
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);   /* empty */
	assert_int_equal(store_new(&settings, &s, &e), 0);
	store_free(s);
	settings.terms_layout++;
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);
	settings = shared;
	settings.memory = &memory;
	settings.limit_bytes *= 2;
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);
	assert_non_null(strstr(e.text, "another size"));
	settings.limit_bytes /= 2;
	assert_int_equal(ftruncate(memory, 4096), 0);
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);
	close(memory);
}

RUN_TESTS(
	cmocka_unit_test(another_process_shares_it),
	cmocka_unit_test(what_does_not_fit_is_not_attached))

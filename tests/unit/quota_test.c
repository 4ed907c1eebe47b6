/* SPDX-License-Identifier: MIT */
/* Which control group is set, or made, for a press test: recorded layouts of v1 and v2 as folders; and
 * the texts that are written there and taken back. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "experiment/quota.h"
#include "with_arena.h"

static char root[64];

static int
make_root(void **state)
{
	arena_begin(state);
	strcpy(root, "/tmp/prony-quota-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
remove_root(void **state)
{
	arena_end(state);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *
at(const char *path)
{
	return arena_printf(arena, "%s/%s", root, path);
}

static void
put(const char *path, const char *text)
{
	struct err e = { 0 };
	char *full = arena_strdup(arena, at(path));
	char *slash = strrchr(full, '/');

	*slash = '\0';
	assert_int_equal(file_mkdirs(full, &e), 0);
	*slash = '/';
	assert_int_equal(file_write(full, text, strlen(text), &e), 0);
}

static void
process(const char *pid, const char *cgroup)
{
	put(arena_printf(arena, "proc/%s/cgroup", pid), cgroup);
	put(arena_printf(arena, "proc/%s/task/%s/cgroup", pid, pid), cgroup);
}

static void
v1_host(void)
{
	put("proc/self/mountinfo", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
	put("sys/fs/cgroup/cpu/shop/cgroup.procs", "7\n8\n9\n");
}

static void
v2_host(void)
{
	put("proc/self/mountinfo", "27 22 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("sys/fs/cgroup/cgroup.procs", "1\n");
	put("sys/fs/cgroup/a/shop.service/cgroup.procs", "7\n8\n");
	put("sys/fs/cgroup/a/shop.service/cpu.max", "max 100000\n");
}

static int
place(const int *pids, size_t n, struct change_text *ret, struct err *e)
{
	*ret = (struct change_text){ .step = "press" };
	*e = (struct err){ 0 };
	return quota_place(root, pids, n, 0.87, arena, ret, e);
}

static void
v1_makes_a_child_group(void **state)
{
	struct change_text c;
	struct err e;

	v1_host();
	process("7", "3:cpu,cpuacct:/shop\n0::/\n");
	process("8", "3:cpu,cpuacct:/shop\n0::/\n");
	assert_int_equal(place((const int[]){ 7, 8 }, 2, &c, &e), 0);
	assert_string_equal(c.executor, "quota");
	assert_string_equal(c.apply, "43500 50000 7,8");
	assert_string_equal(c.undo, at("sys/fs/cgroup/cpu/shop"));
	assert_string_equal(c.on, arena_printf(arena, "%s/prony-press-%d", c.undo, getpid()));
}

static void
v2_sets_a_group_of_its_own(void **state)
{
	struct change_text c;
	struct err e;
	char now[64];

	v2_host();
	process("7", "0::/a/shop.service\n");
	process("8", "0::/a/shop.service\n");
	assert_int_equal(place((const int[]){ 7, 8 }, 2, &c, &e), 0);
	assert_string_equal(c.on, at("sys/fs/cgroup/a/shop.service"));
	assert_string_equal(c.apply, "43500 50000");
	assert_string_equal(c.undo, "max 100000");
	const struct executor *x = executor_named("quota");
	assert_int_equal(x->check(&c, &e), 0);
	assert_int_equal(x->apply(&c, &e), 0);
	assert_true(file_peek(now, sizeof(now), "%s/cpu.max", c.on) > 0);
	assert_string_equal(now, "43500 50000");
	assert_int_equal(x->undo(&c, &e), 0);
	assert_true(file_peek(now, sizeof(now), "%s/cpu.max", c.on) > 0);
	assert_string_equal(now, "max 100000");
}

static void
what_somebody_has_set_since_stays(void **state)
{
	struct change_text c;
	struct err e;
	char now[64];

	v2_host();
	process("7", "0::/a/shop.service\n");
	process("8", "0::/a/shop.service\n");
	assert_int_equal(place((const int[]){ 7, 8 }, 2, &c, &e), 0);
	put("sys/fs/cgroup/a/shop.service/cpu.max", "200000 100000\n");
	assert_int_equal(executor_named("quota")->undo(&c, &e), 0);
	assert_true(file_peek(now, sizeof(now), "%s/cpu.max", c.on) > 0);
	assert_string_equal(now, "200000 100000\n");
	put("sys/fs/cgroup/a/shop.service/cpu.max", "");
	c.on = at("sys/fs/cgroup/a/gone.service");
	assert_int_equal(executor_named("quota")->undo(&c, &e), 0);
}

static void
v2_moves_out_of_a_shared_group(void **state)
{
	struct change_text c;
	struct err e;

	v2_host();
	process("7", "0::/a/shop.service\n");
	assert_int_equal(place((const int[]){ 7 }, 1, &c, &e), 0);
	assert_string_equal(c.undo, at("sys/fs/cgroup/a/shop.service"));
	assert_string_equal(c.on, at(arena_printf(arena, "sys/fs/cgroup/a/prony-press-%d", getpid())));
	assert_string_equal(c.apply, "43500 50000 7");
	put("sys/fs/cgroup/a/shop.service/cpu.max", "150000 100000\n");
	assert_int_equal(place((const int[]){ 7 }, 1, &c, &e), -ENOTSUP);
	assert_non_null(strstr(e.hint, "systemd-run"));
}

static void
v2_makes_a_group_below_the_root(void **state)
{
	struct change_text c;
	struct err e;

	v2_host();
	process("1", "0::/\n");
	assert_int_equal(place((const int[]){ 1 }, 1, &c, &e), 0);
	assert_string_equal(c.undo, at("sys/fs/cgroup"));
	assert_string_equal(c.on, at(arena_printf(arena, "sys/fs/cgroup/prony-press-%d", getpid())));
}

static void
processes_and_threads_apart_are_refused(void **state)
{
	struct change_text c;
	struct err e;

	v1_host();
	process("7", "3:cpu,cpuacct:/shop\n");
	process("8", "3:cpu,cpuacct:/\n");
	assert_int_equal(place((const int[]){ 7, 8 }, 2, &c, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "several control groups"));
	put("proc/7/task/71/cgroup", "3:cpu,cpuacct:/shop/slow\n");
	assert_int_equal(place((const int[]){ 7 }, 1, &c, &e), -ENOTSUP);
	assert_true(e.hint[0]);
}

static void
no_controller_is_told(void **state)
{
	struct change_text c;
	struct err e;

	put("proc/self/mountinfo", "41 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
	process("7", "2:memory:/a\n");
	assert_int_equal(place((const int[]){ 7 }, 1, &c, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "no control group"));
}

/* A group of the name that is there already is somebody else's. */
static void
an_existing_group_is_not_taken(void **state)
{
	struct change_text c;
	struct err e;

	v1_host();
	process("7", "3:cpu,cpuacct:/shop\n");
	assert_int_equal(place((const int[]){ 7 }, 1, &c, &e), 0);
	assert_int_equal(executor_named("quota")->check(&c, &e), 0);
	put(arena_printf(arena, "sys/fs/cgroup/cpu/shop/prony-press-%d/x", getpid()), "");
	assert_int_equal(executor_named("quota")->check(&c, &e), -EEXIST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

RUN_TESTS(TEST(v1_makes_a_child_group), TEST(v2_sets_a_group_of_its_own), TEST(what_somebody_has_set_since_stays),
    TEST(v2_moves_out_of_a_shared_group), TEST(v2_makes_a_group_below_the_root),
    TEST(processes_and_threads_apart_are_refused), TEST(no_controller_is_told), TEST(an_existing_group_is_not_taken))

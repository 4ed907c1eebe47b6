/* SPDX-License-Identifier: MIT */
/* Cgroup layouts as folders: a hybrid host with v1 quotas, a v2 host, a mount that shows a part. */
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"
#include "base/cgroup.h"
#include "observe/discover.h"

static char root[64];

static int
make_root(void **state)
{
	strcpy(root, "/tmp/prony-cgroup-XXXXXX");
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
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
put(const char *path, const char *text)
{
	char full[512];
	struct err e = { 0 };

	snprintf(full, sizeof(full), "%s/%s", root, path);
	char *slash = strrchr(full, '/');
	*slash = '\0';
	assert_int_equal(file_mkdirs(full, &e), 0);
	*slash = '/';
	assert_int_equal(file_write(full, text, strlen(text), &e), 0);
}

static void
v1_takes_the_smallest_limit_above(void **state)
{
	struct cgroup_facts f;
	struct io_limits io;

	put("proc/self/mountinfo",
	    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	    "38 31 0:35 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
	    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	put("proc/7/cgroup", "3:cpu,cpuacct:/a/b\n2:memory:/a\n1:blkio:/a/b\n0::/\n");
	put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n");
	put("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
	put("sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "200000\n");
	put("sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1048576\n");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("sys/fs/cgroup/blkio/a/blkio.throttle.write_bps_device", "254:0 4096\n");
	put("sys/fs/cgroup/blkio/a/b/blkio.throttle.write_iops_device", "254:0 30\n");
	cgroup_read(root, 7, &f);
	assert_string_equal(f.path, "/a/b");
	assert_string_equal(f.container, "");
	CHECK_NEAR(f.cpu_limit, 0.5, 1e-9);
	assert_int_equal(f.memory_limit, 1048576);
	cgroup_io_limits(root, 7, &io);
	CHECK_NEAR(io.bytes_per_s, 4096, 0);
	CHECK_NEAR(io.operations_per_s, 30, 0);
}

static void
v2_takes_the_smallest_limit_above(void **state)
{
	struct cgroup_facts f;
	struct io_limits io;

	put("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("proc/7/cgroup", "0::/system.slice/shop.service\n");
	put("sys/fs/cgroup/system.slice/cpu.max", "150000 100000\n");
	put("sys/fs/cgroup/system.slice/memory.max", "2097152\n");
	put("sys/fs/cgroup/system.slice/shop.service/cpu.max", "max 100000\n");
	put("sys/fs/cgroup/system.slice/shop.service/memory.max", "max\n");
	put("sys/fs/cgroup/system.slice/shop.service/io.max", "254:0 rbps=max wbps=8192 riops=max wiops=max\n");
	cgroup_read(root, 7, &f);
	assert_string_equal(f.path, "/system.slice/shop.service");
	CHECK_NEAR(f.cpu_limit, 1.5, 1e-9);
	assert_int_equal(f.memory_limit, 2097152);
	cgroup_io_limits(root, 7, &io);
	CHECK_NEAR(io.bytes_per_s, 8192, 0);
	CHECK_NEAR(io.operations_per_s, 0, 0);
}

static void
a_mount_may_show_a_part(void **state)
{
	struct cgroup_dir d;
	char wanted[128];

	put("proc/self/mountinfo", "30 23 0:26 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("proc/7/cgroup", "0::/docker/x/job\n");
	assert_true(cgroup_find(root, 7, "cpu", &d));
	snprintf(wanted, sizeof(wanted), "%s/sys/fs/cgroup/job", root);
	assert_string_equal(d.path, wanted);
	assert_true(cgroup_up(&d));
	assert_false(cgroup_up(&d));
}

static void
nothing_there_is_no_limit(void **state)
{
	struct cgroup_facts f;
	struct io_limits io;

	cgroup_read(root, 7, &f);
	assert_true(isnan(f.cpu_limit));
	assert_int_equal(f.memory_limit, 0);
	cgroup_io_limits(root, 7, &io);
	CHECK_NEAR(io.bytes_per_s, 0, 0);
}

static void
units_are_folders(void **state)
{
	static const char *const layouts[] = {
		"sys/fs/cgroup/systemd/system.slice/v1.service/cgroup.procs",
		"sys/fs/cgroup/unified/system.slice/hybrid.service/cgroup.procs",
		"sys/fs/cgroup/system.slice/v2.service/child/cgroup.procs",
	};
	static const char *const names[] = { "v1", "hybrid.service", "v2" };
	char pid[16];

	snprintf(pid, sizeof(pid), "%d\n", getppid());
	for (size_t i = 0; i < 3; i++)
		put(layouts[i], pid);
	for (size_t i = 0; i < 3; i++) {
		struct tree t = { 0 };
		assert_true(discover_unit(root, names[i], &t));
		assert_non_null(tree_find(&t, getppid()));
		tree_done(&t);
	}
	struct tree t = { 0 };
	assert_false(discover_unit(root, "nosuch", &t));
	tree_done(&t);
}

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
RUN_TESTS(IN_ROOT(v1_takes_the_smallest_limit_above), IN_ROOT(v2_takes_the_smallest_limit_above),
    IN_ROOT(a_mount_may_show_a_part), IN_ROOT(nothing_there_is_no_limit), IN_ROOT(units_are_folders))

/* SPDX-License-Identifier: MIT */
#include "base/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file_map.h"
#include "check.h"

static void
invalid_address(void)
{
	volatile uintptr_t nowhere = 16;

	*(volatile int *)nowhere = 1;
}

static int
endless(volatile int n)
{
	volatile char used[4096];

	used[0] = (char)n;
	return n ? endless(n + 1) + used[0] : 0;
}

static void
stack_overflow(void)
{
	setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 20 });
	endless(1);
}

static void
illegal(void)
{
	raise(SIGILL);
}

static void
divide(void)
{
	raise(SIGFPE);
}

/* A file of one's own, but none that file_map knows. */
static void
short_file(void)
{
	char path[] = "/tmp/prony-crash-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	if (ftruncate(fd, 4096) < 0)
		_exit(1);
	volatile char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (ftruncate(fd, 0) < 0)
		_exit(1);
	_exit(map[0]);
}

/* Status of a child that does it, and what it says on stderr. */
static int
crash(void (*how)(void), char *said, size_t size)
{
	int ends[2], status;
	size_t n = 0;

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		crash_install();
		crash_doing("knee-3");
		how();
		_exit(1);
	}
	close(ends[1]);
	for (ssize_t got; n < size - 1 && (got = read(ends[0], said + n, size - 1 - n)) > 0;)
		n += (size_t)got;
	said[n] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
a_bug_is_told_and_ends_with_its_status(void **state)
{
	static const struct { void (*how)(void); const char *says; } rows[] = {
		{ invalid_address, "segmentation fault at address 0x10\n" },
		{ stack_overflow, "segmentation fault at address 0x" },
		{ abort, "internal error: aborted, sent by process " }, { illegal, "illegal instruction" },
		{ divide, "arithmetic error" }, { short_file, "bus error at address 0x" },
	};
	char said[16384];

	if (SANITIZED)
		SKIP("the sanitizer handles signals itself");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = crash(rows[i].how, said, sizeof(said));
		if (!WIFEXITED(status) || WEXITSTATUS(status) != STATUS_BUG)
			fail_msg("row %zu: wait status %d, said %s", i, status, said);
		if (!strstr(said, rows[i].says) || !strstr(said, "busy with: knee-3\n") ||
		    !strstr(said, "\n  next: ") || !strstr(said, "[0x"))
			fail_msg("row %zu: said %s", i, said);
	}
}

static void
a_core_may_be_asked_for(void **state)
{
	char said[16384];

	if (SANITIZED)
		SKIP("the sanitizer handles signals itself");
	setenv("PRONY_CORE", "1", 1);
	int status = crash(abort, said, sizeof(said));
	unsetenv("PRONY_CORE");
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(said, "aborted"));
}

/* ---- files that others shorten ---- */

static void
read_what_is_gone(void)
{
	char path[] = "/tmp/prony-map-XXXXXX";
	int fd = mkstemp(path);
	size_t size = 0;

	unlink(path);
	if (ftruncate(fd, 3 * 4096) < 0 || pwrite(fd, "abc", 3, 0) != 3 || pwrite(fd, "xyz", 3, 8192) != 3)
		_exit(1);
	volatile char *map = file_map(fd, &size);
	if (!map || size != 3 * 4096 || map[0] != 'a' || map[8192] != 'x')
		_exit(2);
	if (ftruncate(fd, 4096) < 0)
		_exit(3);
	if (map[0] != 'a' || map[8192] != 0 || map[4096] != 0)
		_exit(4);
	file_unmap((void *)map, size);
	_exit(0);
}

static void
a_shortened_file_reads_as_zeros(void **state)
{
	char said[16384];

	if (SANITIZED)
		SKIP("the sanitizer handles signals itself");
	int status = crash(read_what_is_gone, said, sizeof(said));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("wait status %d, said %s", status, said);
}

static void
only_regular_files_are_mapped(void **state)
{
	int ends[2];
	size_t size;

	assert_int_equal(pipe(ends), 0);
	assert_null(file_map(ends[0], &size));
	assert_null(file_map(-1, &size));
	close(ends[0]);
	close(ends[1]);
	file_unmap(NULL, 0);
	assert_false(file_map_mend(&size));
}

RUN_TESTS(
	cmocka_unit_test(a_bug_is_told_and_ends_with_its_status),
	cmocka_unit_test(a_core_may_be_asked_for),
	cmocka_unit_test(a_shortened_file_reads_as_zeros),
	cmocka_unit_test(only_regular_files_are_mapped),
)

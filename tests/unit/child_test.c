/* SPDX-License-Identifier: MIT */
/* Real commands: what they print says which processes there are, /proc whether they are still. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "check.h"

#define LONG_NS (60 * NS_PER_S)

/* A file in memory for what a command prints. */
static int
paper(void)
{
	int fd = memfd_create("printed", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	return fd;
}

static size_t
printed(int fd, char *out, size_t size)
{
	ssize_t n = pread(fd, out, size - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	return strlen(out);
}

static struct child
start(const char *command, int fd)
{
	const struct child_how how = { .command = command, .out = fd, .err = fd };
	struct child c = { 0 };
	struct err e = { 0 };

	if (child_start(&how, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

/* Wait until the command has printed so many lines. */
static void
await_lines(int fd, int lines)
{
	char text[4096];
	int n = 0;

	for (int64_t end = now_ns() + LONG_NS; n < lines && now_ns() < end;) {
		printed(fd, text, sizeof(text));
		n = 0;
		for (char *at = text; (at = strchr(at, '\n')); at++)
			n++;
		sleep_until_ns(now_ns() + NS_PER_MS);
	}
	assert_true(n >= lines);
}

/* No such process, or a zombie that only waits to be collected by its new parent. */
static bool
is_gone(long pid)
{
	char stat[512];
	if (file_peek(stat, sizeof(stat), "/proc/%ld/stat", pid) < 0)
		return true;
	const char *state = strrchr(stat, ')');
	return state && state[2] == 'Z';
}

/* All pids on paper. Each must be there before, and gone after. */
static size_t
read_pids(int fd, long pids[8])
{
	char text[4096];
	size_t n = 0;

	printed(fd, text, sizeof(text));
	for (char *at = text; *at && n < 8; n++)
		pids[n] = strtol(at, &at, 10), at += strspn(at, "\n");
	return n;
}

static void
how_it_ends_is_told(void **state)
{
	static const struct { const char *command, *fate; } rows[] = {
		{ "exit 0", "ended with status 0" },
		{ "exit 3", "ended with status 3" },
		{ "kill -9 $$", "was killed by signal 9 (Killed)" },
		{ "kill -TERM $$", "was killed by signal 15 (Terminated)" },
	};
	char fate[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = paper();
		struct child c = start(rows[i].command, fd);
		assert_true(child_ended(&c, LONG_NS));
		assert_string_equal(child_fate(&c, fate, sizeof(fate)), rows[i].fate);
		child_stop(&c, 0);
		assert_string_equal(child_fate(&c, fate, sizeof(fate)), rows[i].fate);
		close(fd);
	}
}

static void
what_cannot_be_run_is_an_error(void **state)
{
	static const struct { const char *program, *folder, *says; int code; } rows[] = {
		{ "/no/such/program", NULL, "cannot run '/no/such/program': No such file", ENOENT },
		{ "prony-no-such-word", NULL, "cannot run 'prony-no-such-word'", ENOENT },
		{ "/etc", NULL, "Permission denied", EACCES },
		{ "true", "/no/such/folder", "in '/no/such/folder': No such file", ENOENT },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const argv[] = { rows[i].program, NULL };
		const struct child_how how = { .argv = argv, .folder = rows[i].folder, .out = 1, .err = 2 };
		struct child c = { 0 };
		struct err e = { 0 };
		assert_int_equal(child_start(&how, &c, &e), -rows[i].code);
		if (!strstr(e.text, rows[i].says))
			fail_msg("'%s' does not say '%s'", e.text, rows[i].says);
		assert_int_equal(c.minder, 0);
	}
	/* And nothing is left of the attempts. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
a_running_command_is_stopped_gently(void **state)
{
	int fd = paper();
	char text[64];
	struct child c = start("trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.01; done", fd);

	await_lines(fd, 1);
	assert_false(child_ended(&c, 0));
	assert_int_equal(getpgid(c.pid), c.pid);
	child_stop(&c, LONG_NS);
	assert_string_equal(child_fate(&c, text, sizeof(text)), "ended with status 4");
	printed(fd, text, sizeof(text));
	assert_non_null(strstr(text, "bye\n"));
	child_stop(&c, LONG_NS);
	close(fd);
}

static void
who_ignores_sigterm_is_killed(void **state)
{
	int fd = paper();
	char fate[64];
	struct child c = start("trap '' TERM; echo up; while :; do sleep 0.01; done", fd);

	await_lines(fd, 1);
	long pid = c.pid;
	child_stop(&c, 50 * NS_PER_MS);
	assert_string_equal(child_fate(&c, fate, sizeof(fate)), "was killed by signal 9 (Killed)");
	assert_true(is_gone(pid));
	close(fd);
}

/* Families that children leave behind: in their group, in a session of their own, without parents,
 * deaf to SIGTERM. Each prints the numbers of its members. */
static const char *const families[] = {
	"sleep 1000 & echo $!; sleep 1000 & echo $!; wait",
	"sleep 1000 & echo $!; sleep 1000 & echo $!; exit 0",
	"sh -c 'sleep 1000 & echo $!; exit 0'; sleep 1000 & echo $!",
	"setsid sh -c 'sleep 1000 & echo $!; echo $$; wait' & wait",
	"setsid sh -c 'sleep 1000 & echo $!; sleep 1000 & echo $!; exit 0'; exit 1",
	"sh -c 'trap \"\" TERM; echo $$; (echo $$; exec sleep 1000) & wait; wait' & exit 0",
};

static void
nothing_of_a_family_remains(void **state)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		int fd = paper();
		long pids[8];
		struct child c = start(families[i], fd);
		await_lines(fd, 2);
		size_t n = read_pids(fd, pids);
		assert_int_equal(n, 2);
		for (size_t k = 0; k < n; k++)
			assert_false(is_gone(pids[k]));
		child_stop(&c, 50 * NS_PER_MS);
		for (size_t k = 0; k < n; k++)
			if (!is_gone(pids[k]))
				fail_msg("family %zu: %ld is still there", i, pids[k]);
		close(fd);
	}
}

/* In a process of its own, which is killed. */
static void
die_with_family(const char *command, int fd)
{
	struct child c = start(command, fd);

	(void)c;
	await_lines(fd, 2);
	raise(SIGKILL);
}

static void
nothing_remains_when_prony_is_killed(void **state)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) - 1; i++) {
		int fd = paper(), status;
		long pids[8];
		pid_t pid = fork();
		if (pid == 0)
			die_with_family(families[i], fd);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(read_pids(fd, pids), 2);
		for (int64_t end = now_ns() + LONG_NS;
		     now_ns() < end && !(is_gone(pids[0]) && is_gone(pids[1]));)
			sleep_until_ns(now_ns() + NS_PER_MS);
		assert_true(is_gone(pids[0]) && is_gone(pids[1]));
		close(fd);
	}
}

static void
a_killed_minder_takes_the_command_along(void **state)
{
	int fd = paper();
	char fate[64];
	struct child c = start("echo up; exec sleep 1000", fd);

	await_lines(fd, 1);
	long pid = c.pid;
	kill(c.minder, SIGKILL);
	assert_true(child_ended(&c, LONG_NS));
	assert_string_equal(child_fate(&c, fate, sizeof(fate)), "was killed by signal 9 (Killed)");
	child_stop(&c, LONG_NS);
	for (int64_t end = now_ns() + LONG_NS; now_ns() < end && !is_gone(pid);)
		sleep_until_ns(now_ns() + NS_PER_MS);
	assert_true(is_gone(pid));
	close(fd);
}

/* Descriptors that somebody forgot to mark, signals that prony ignores, limits that it raised. */
static void
the_command_inherits_nothing(void **state)
{
	const struct rlimit files = { 77, 88 };
	int fd = paper(), leak = open("/dev/null", O_RDONLY);
	char text[512];
	const struct child_how how = {
		.command = "pwd; ulimit -n; grep SigIgn /proc/self/status; grep SigBlk /proc/self/status; "
		           "cd /proc/self/fd; echo *; readlink /proc/self/fd/0",
		.folder = "/usr", .out = fd, .err = fd, .files = &files,
	};
	struct child c = { 0 };
	struct err e = { 0 };

	assert_true(leak >= 0);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(child_start(&how, &c, &e), 0);
	signal(SIGPIPE, SIG_DFL);
	assert_true(child_ended(&c, LONG_NS));
	child_stop(&c, 0);
	printed(fd, text, sizeof(text));
	/* 3 is the shell's own, of the folder that the star reads. */
	assert_string_equal(text, "/usr\n77\nSigIgn:\t0000000000000000\nSigBlk:\t0000000000000000\n"
	                          "0 1 2 3\n/dev/null\n");
	close(leak);
	close(fd);
}

static void
output_and_errors_go_apart(void **state)
{
	int out = paper(), err = paper();
	const char *const argv[] = { "sh", "-c", "echo good; echo bad >&2", NULL };
	const struct child_how how = { .argv = argv, .out = out, .err = err };
	char text[64];
	struct child c = { 0 };
	struct err e = { 0 };

	assert_int_equal(child_start(&how, &c, &e), 0);
	assert_true(child_ended(&c, LONG_NS));
	child_stop(&c, 0);
	printed(out, text, sizeof(text));
	assert_string_equal(text, "good\n");
	printed(err, text, sizeof(text));
	assert_string_equal(text, "bad\n");
	close(out);
	close(err);
}

RUN_TESTS(cmocka_unit_test(how_it_ends_is_told), cmocka_unit_test(what_cannot_be_run_is_an_error),
    cmocka_unit_test(a_running_command_is_stopped_gently),
    cmocka_unit_test(who_ignores_sigterm_is_killed), cmocka_unit_test(nothing_of_a_family_remains),
    cmocka_unit_test(nothing_remains_when_prony_is_killed),
    cmocka_unit_test(a_killed_minder_takes_the_command_along),
    cmocka_unit_test(the_command_inherits_nothing), cmocka_unit_test(output_and_errors_go_apart))

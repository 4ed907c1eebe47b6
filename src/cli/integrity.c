/* SPDX-License-Identifier: MIT */
#include "cli/integrity.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"

#define LINE_MAX_BYTES 200
#define LONGEST_NS     (10 * 60 * NS_PER_S)
#define KILLED         128

/* The last line of what came so far, without what a terminal would obey. */
struct last_line {
	char text[LINE_MAX_BYTES + 1];
	size_t size;
	bool ended;
};

static void
take(struct last_line *l, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r') {
			l->ended = true;
			continue;
		}
		if (l->ended)
			l->size = 0;
		l->ended = false;
		if (l->size < LINE_MAX_BYTES)
			l->text[l->size++] = (unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f ? '?' : bytes[i];
	}
	l->text[l->size] = '\0';
}

/* In the child. A group of its own, so that all of it can be ended. */
static void
become_command(const char *command, int output)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(nothing, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(output, STDERR_FILENO) >= 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Read until the command has ended; it is ended when it takes too long or prony is to stop. */
static int
follow(pid_t pid, int output, struct last_line *line)
{
	int64_t end = now_ns() + LONGEST_NS;
	char bytes[4096];
	int status;

	for (;;) {
		struct pollfd p = { .fd = output, .events = POLLIN };
		poll(&p, 1, 50);
		for (ssize_t n; (n = read(output, bytes, sizeof(bytes))) > 0;)
			take(line, bytes, (size_t)n);
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (now_ns() > end || stop_requested())
			kill(-pid, SIGKILL);
	}
	for (ssize_t n; (n = read(output, bytes, sizeof(bytes))) > 0;)
		take(line, bytes, (size_t)n);
	return status;
}

int
integrity_check(const char *command, const char *when, struct run *r, struct err *e)
{
	struct last_line line = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(e, errno, "cannot make a pipe: %s", strerror(errno));
	CLEANUP(fd_close_p) int output = ends[0];
	pid_t pid = fork();
	if (pid == 0)
		become_command(command, ends[1]);
	int code = errno;
	close(ends[1]);
	if (pid < 0)
		return err_set(e, code, "cannot run the integrity check: %s", strerror(code));
	int status = follow(pid, output, &line);
	struct run_integrity *to = RUN_ADD(r, integrity, r->suite.integrity, r->suite.n_integrity);
	to->when = when;
	to->status = WIFEXITED(status) ? WEXITSTATUS(status) : KILLED + WTERMSIG(status);
	to->said = line.size ? run_str(r, line.text) : NULL;
	return 0;
}

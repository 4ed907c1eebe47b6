/* SPDX-License-Identifier: MIT */
#include "cli/integrity.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
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

static void
take_all(int output, struct last_line *line)
{
	char bytes[4096];

	for (ssize_t n; (n = read(output, bytes, sizeof(bytes))) > 0;)
		take(line, bytes, (size_t)n);
}

/* Read until the command has ended; it is ended when it takes too long or prony is to stop. */
static void
follow(struct child *c, int output, struct last_line *line)
{
	struct pollfd p = { .fd = output, .events = POLLIN };
	int64_t end = now_ns() + LONGEST_NS;

	while (!child_ended(c, 0) && now_ns() < end && !stop_requested()) {
		poll(&p, 1, 50);
		take_all(output, line);
		if (p.revents & POLLHUP)
			p.fd = -1;
	}
	child_stop(c, 0);
	take_all(output, line);
}

int
integrity_check(const char *command, const char *when, struct run *r, struct err *e)
{
	struct last_line line = { 0 };
	struct child c = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(e, errno, "cannot make a pipe: %s", strerror(errno));
	CLEANUP(fd_close_p) int output = ends[0];
	const struct child_how how = { .command = command, .out = ends[1], .err = ends[1] };
	int code = child_start(&how, &c, e);
	close(ends[1]);
	if (code < 0)
		return err_wrap(e, code, "cannot run the integrity check");
	follow(&c, output, &line);
	struct run_integrity *to = RUN_ADD(r, integrity, r->suite.integrity, r->suite.n_integrity);
	to->when = when;
	to->status = WIFEXITED(c.status) ? WEXITSTATUS(c.status) : KILLED + WTERMSIG(c.status);
	to->said = line.size ? run_str(r, line.text) : NULL;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The user's own pair of commands: a reload, a sysctl, a feature flag, a restart with another
 * option. What prony cannot see, the two have to know: undo must be right also after an apply that
 * was cut short. */
#include "experiment/executor.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "experiment/hide.h"
#include "experiment/job.h"
#include "experiment/journal.h"

#define LOG_NAME  "fix.log"
#define MOST_NS   (600 * NS_PER_S)
#define WAIT_NS   (15 * NS_PER_S)     /* more than a minder leaves to a command without prony */
#define TRY_NS    (50 * NS_PER_MS)

/* Whoever runs a command holds a lock on the log, and by its output the command holds it, too: so
 * after a crash nothing is taken back while its apply still runs. */
static int
lock(const struct printed *log, struct err *e)
{
	int64_t end_ns = now_ns() + WAIT_NS;

	while (flock(log->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, errno, "cannot lock '%s': %s", log->path, strerror(errno));
		if (now_ns() > end_ns)
			return err_set(e, EBUSY, "the command of an earlier prony fix still runs");
		sleep_until_ns(now_ns() + TRY_NS);
	}
	return 0;
}

static int
run_one(const struct change_text *c, const char *command, bool stubborn, struct err *e)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	CLEANUP(printed_close) struct printed log = { .fd = -1 };
	const struct child_how how = { .command = command, .folder = c->folder };

	int code = printed_open(JOURNAL_FOLDER, LOG_NAME, a, &log, e);
	if (code == 0)
		code = lock(&log, e);
	if (code < 0)
		return code;
	const char *what = arena_printf(a, "'%.100s'", hide_in_command(a, command));
	code = job_run_and_leave(&how, &log, what, MOST_NS, stubborn, e);
	flock(log.fd, LOCK_UN);             /* also where a service that it started has the log open */
	return code;
}

static int
check(const struct change_text *c, struct err *e)
{
	if (c->apply[strspn(c->apply, " \t\n")] && c->undo[strspn(c->undo, " \t\n")])
		return 0;
	return err_usage(e, "its command is empty");
}

static int
apply(const struct change_text *c, struct err *e)
{
	return run_one(c, c->apply, false, e);
}

static int
undo(const struct change_text *c, struct err *e)
{
	return run_one(c, c->undo, true, e);
}

const struct executor executor_command = {
	.name = "command",
	.check = check,
	.apply = apply,
	.undo = undo,
};

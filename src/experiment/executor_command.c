/* SPDX-License-Identifier: MIT */
/* The user's own pair of commands: a reload, a sysctl, a feature flag, a restart with another
 * option. What prony cannot see, the two have to know: undo must be right also after an apply that
 * was cut short. */
#include "experiment/executor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

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

/* Its owner's alone, as the journal is, and added to: a service that was started earlier may have it
 * open. */
static int
open_log(struct printed *ret, struct err *e)
{
	struct stat st;

	ret->path = JOURNAL_FOLDER "/" LOG_NAME;
	ret->fd = open(ret->path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
		return err_set(e, errno, "cannot write '%s': %s", ret->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EPERM, "cannot write '%s': it is no file", ret->path);
	if (fchmod(ret->fd, 0600) < 0)
		return err_set(e, errno, "cannot make '%s' yours alone: %s", ret->path, strerror(errno));
	return 0;
}

/* A journal that was copied from elsewhere runs nothing here. */
static int
check_folder(const char *folder, struct err *e)
{
	struct stat here, there;

	if (folder && stat(".", &here) == 0 && stat(folder, &there) == 0 && here.st_dev == there.st_dev &&
	    here.st_ino == there.st_ino)
		return 0;
	return err_set(e, EPERM, "its command belongs to another folder, %s", folder ? folder : "which is not told");
}

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
	const struct child_how how = {
		.command = command, .folder = c->folder, .files = job_files_of_user(),
	};

	int code = check_folder(c->folder, e);
	if (code == 0)
		code = open_log(&log, e);
	if (code == 0)
		code = lock(&log, e);
	if (code < 0)
		return code;
	printed_bound(&log);
	const char *what = arena_printf(a, "'%.100s'", hide_in_command(a, command));
	code = job_run_and_leave(&how, &log, what, MOST_NS, stubborn, e);
	flock(log.fd, LOCK_UN);             /* also where a service that it started has the log open */
	return code;
}

static int
check(const struct change_text *c, struct err *e)
{
	job_files_of_user();                /* while it is what the user has */
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

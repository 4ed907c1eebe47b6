/* SPDX-License-Identifier: MIT */
/* Less CPU for a few processes (quota.h), by their control group.
 *
 *   on     the group whose quota is set
 *   apply  "QUOTA PERIOD", microseconds, in a group that is theirs; "QUOTA PERIOD PID,PID" where they
 *          are moved into one that is made for them
 *   undo   its cpu.max as it was; or the group, a path, that they go back to
 *
 * After a crash whoever is in the group then goes back, also what was forked since, so that no number
 * of a process is trusted that may be another's by now. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc_text.h"
#include "experiment/executor.h"

#define MEMBERS_MAX ((size_t)1 << 20)
#define ROUNDS      100                     /* of moving what is there back: it may fork meanwhile */
#define PAUSE_NS    (10 * NS_PER_MS)

static bool
is_moved(const struct change_text *c)
{
	return c->undo[0] == '/';
}

/* 0 or -errno: the kernel takes a value or says why not at once. */
static int
put(const char *folder, const char *file, const char *value)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	CLEANUP(fd_close_p) int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static int
tell(int code, const struct change_text *c, const char *what, struct err *e)
{
	if (code >= 0)
		return 0;
	err_set(e, -code, "cannot %s '%s': %s", what, c->on, strerror(-code));
	if (code == -ENOENT)
		err_hint(e, "the group above it has to share out CPU: write +cpu to its cgroup.subtree_control");
	return code;
}

static int
check(const struct change_text *c, struct err *e)
{
	struct stat st;

	if (!c->on || c->on[0] != '/')
		return err_usage(e, "the change does not say which control group it is for");
	if (is_moved(c) && stat(c->on, &st) == 0)
		return err_set(e, EEXIST, "the control group '%s' is there already", c->on);
	return 0;
}

/* ---- there --------------------------------------------------------------------------------- */

/* v2 has one file for both figures. Of v1 the period comes first: a quota above that of the group
 * above is refused. */
static int
set_quota(const char *folder, const char *quota, const char *period)
{
	char both[64];

	snprintf(both, sizeof(both), "%s %s", quota, period);
	int code = put(folder, "cpu.max", both);
	if (code != -ENOENT)
		return code;
	code = put(folder, "cpu.cfs_period_us", period);
	return code < 0 ? code : put(folder, "cpu.cfs_quota_us", quota);
}

/* One that has ended meanwhile is no error. */
static int
move_all(const char *pids, const char *to)
{
	char pid[16];

	for (; *pids; pids += strspn(pids, ",\n")) {
		size_t n = strcspn(pids, ",\n");
		snprintf(pid, sizeof(pid), "%.*s", (int)n, pids);
		int code = put(to, "cgroup.procs", pid);
		if (code < 0 && code != -ESRCH)
			return code;
		pids += n;
	}
	return 0;
}

static int
apply(const struct change_text *c, struct err *e)
{
	char quota[24], period[24];
	int at = 0;

	if (sscanf(c->apply, "%23s %23s %n", quota, period, &at) < 2)
		return err_usage(e, "'%.100s' is no quota", c->apply);
	if (is_moved(c) && mkdir(c->on, 0755) < 0)
		return tell(-errno, c, "make the control group", e);
	int code = tell(set_quota(c->on, quota, period), c, "set the CPU quota of", e);
	if (code == 0 && is_moved(c))
		code = tell(move_all(c->apply + at, c->on), c, "move the processes to", e);
	return code;
}

/* ---- and back ------------------------------------------------------------------------------ */

static int
move_back(const char *from, const char *to)
{
	CLEANUP(buf_done) struct buf members = { 0 };
	char path[1024];
	struct err ignored;

	snprintf(path, sizeof(path), "%s/cgroup.procs", from);
	int code = file_read(path, MEMBERS_MAX, &members, &ignored);
	return code < 0 ? code : move_all(buf_text(&members), to);
}

static int
remove_group(const struct change_text *c, struct err *e)
{
	int code = 0;

	for (int round = 0; round < ROUNDS; round++) {
		if (rmdir(c->on) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return tell(-errno, c, "remove the control group", e);
		code = move_back(c->on, c->undo);
		if (code < 0)
			return tell(code, c, "move the processes back from", e);
		if (round)
			sleep_until_ns(now_ns() + PAUSE_NS);
	}
	return tell(-EBUSY, c, "remove the control group", e);
}

/* What somebody else has set since stays, and so does what a restart of the host has made new. */
static int
set_back(const struct change_text *c, struct err *e)
{
	char now[64];

	if (file_peek(now, sizeof(now), "%s/cpu.max", c->on) <= 0)
		return 0;
	now[strcspn(now, "\n")] = '\0';
	if (strcmp(now, c->apply) != 0)
		return 0;
	return tell(put(c->on, "cpu.max", c->undo), c, "set back the CPU quota of", e);
}

static int
undo(const struct change_text *c, struct err *e)
{
	return is_moved(c) ? remove_group(c, e) : set_back(c, e);
}

const struct executor executor_quota = {
	.name = "quota",
	.check = check,
	.apply = apply,
	.undo = undo,
};

/* SPDX-License-Identifier: MIT */
#include "experiment/quota.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/file.h"

#define QUOTA_MIN_US 1000          /* the kernel takes no less */
#define MEMBERS_MAX  ((size_t)1 << 16)

/* ---- are they together --------------------------------------------------------------------- */

static int
refuse(const char *why, const char *hint, struct err *e)
{
	int code = err_set(e, ENOTSUP, "%s", why);
	err_hint(e, "%s", hint);
	return code;
}

static void
closedir_p(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* v1 lets threads of a process be in different groups, and moving it back would bring them together. */
static bool
threads_are_together(const char *root, int pid)
{
	char path[600], of_process[8192], of_thread[8192];

	snprintf(path, sizeof(path), "%s/proc/%d/task", root, pid);
	CLEANUP(closedir_p) DIR *d = opendir(path);
	if (file_peek(of_process, sizeof(of_process), "%s/proc/%d/cgroup", root, pid) <= 0)
		return true;
	for (struct dirent *entry; d && (entry = readdir(d));)
		if (atoi(entry->d_name) > 0 && file_peek(of_thread, sizeof(of_thread), "%s/%s/cgroup", path,
		    entry->d_name) > 0 && strcmp(of_process, of_thread) != 0)
			return false;
	return true;
}

static int
find_group(const char *root, const int *pids, size_t n, struct cgroup_dir *ret, struct err *e)
{
	struct cgroup_dir d;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!cgroup_find(root, pids[i], "cpu", &d))
			continue;                      /* it has ended, or there is no such controller */
		if (found++ == 0)
			*ret = d;
		if (strcmp(ret->path, d.path) != 0 || !threads_are_together(root, pids[i]))
			return refuse("its processes are in several control groups", "start all of it in one: "
			    "systemd-run --unit NAME COMMAND", e);
	}
	return found ? 0 : refuse("no control group that shares out CPU is mounted here",
	    "mount -t cgroup2 none /sys/fs/cgroup", e);
}

/* Are these all the processes that are in the group itself? */
static bool
is_theirs_alone(const struct cgroup_dir *d, const int *pids, size_t n)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char path[800], line[64];
	struct err ignored;

	snprintf(path, sizeof(path), "%s/cgroup.procs", d->path);
	if (file_read(path, MEMBERS_MAX, &text, &ignored) < 0)
		return false;
	for (const char *at = buf_text(&text); text_line(&at, line, sizeof(line));) {
		size_t i = 0;
		while (i < n && pids[i] != atoi(line))
			i++;
		if (i == n)
			return false;
	}
	return true;
}

/* ---- the change ---------------------------------------------------------------------------- */

static const char *
pid_list(const int *pids, size_t n, struct arena *a)
{
	CLEANUP(buf_done) struct buf list = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_printf(&list, "%s%d", i ? "," : "", pids[i]);
	return arena_strdup(a, buf_text(&list));
}

static int
check_writable(const char *path, struct err *e)
{
	if (access(path, W_OK) == 0)
		return 0;
	err_set(e, EACCES, "'%s' may not be changed: %s", path, strerror(errno));
	err_hint(e, "call it as root: sudo prony check --press");
	return -EACCES;
}

/* Set the group that they are in. */
static int
set_own(const struct cgroup_dir *d, const char *limit, struct arena *a, struct change_text *ret,
    struct err *e)
{
	char old[64];
	const char *file = arena_printf(a, "%s/cpu.max", d->path);

	if (file_peek(old, sizeof(old), "%s", file) <= 0)
		return refuse("its control group does not share out CPU", "write +cpu to cgroup.subtree_control of the "
		    "group above it", e);
	old[strcspn(old, "\n")] = '\0';
	ret->on = arena_strdup(a, d->path);
	ret->apply = limit;
	ret->undo = arena_strdup(a, old);
	return check_writable(file, e);
}

/* Move them into a group that is made below `above`. */
static int
move(const struct cgroup_dir *home, const struct cgroup_dir *above, const char *limit,
    const int *pids, size_t n, struct arena *a, struct change_text *ret, struct err *e)
{
	ret->on = arena_printf(a, "%s/prony-press-%d", above->path, getpid());
	ret->apply = arena_printf(a, "%s %s", limit, pid_list(pids, n, a));
	ret->undo = arena_strdup(a, home->path);
	return check_writable(above->path, e);
}

int
quota_place(const char *root, const int *pids, size_t n, double cores, struct arena *a,
    struct change_text *ret, struct err *e)
{
	struct cgroup_dir home, above;
	double own_quota;

	int code = find_group(root, pids, n, &home, e);
	if (code < 0)
		return code;
	const char *limit = arena_printf(a, "%lld %d",
	    (long long)fmax(QUOTA_MIN_US, cores * QUOTA_PERIOD_US), QUOTA_PERIOD_US);
	ret->executor = "quota";
	above = home;
	if (!home.v2)
		return move(&home, &home, limit, pids, n, a, ret, e);
	bool at_root = strlen(home.path) <= home.floor;
	if (!at_root && is_theirs_alone(&home, pids, n))
		return set_own(&home, limit, a, ret, e);
	if (!at_root && cgroup_quota(&home, &own_quota))
		return refuse("it shares a control group that has a quota with others", "start it in one of its own: "
		    "systemd-run --unit NAME COMMAND", e);
	if (!at_root)
		cgroup_up(&above);
	return move(&home, &above, limit, pids, n, a, ret, e);
}

bool
quota_periods(const struct change_text *c, struct quota_periods *ret)
{
	char text[1024];
	uint64_t all, stopped;

	if (file_peek(text, sizeof(text), "%s/cpu.stat", c->on) <= 0 ||
	    !text_number(text, "nr_periods", &all) || !text_number(text, "nr_throttled", &stopped))
		return false;
	*ret = (struct quota_periods){ (double)all, (double)stopped };
	return true;
}

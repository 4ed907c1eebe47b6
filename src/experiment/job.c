/* SPDX-License-Identifier: MIT */
#include "experiment/job.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"

#define LOOK_NS     (200 * NS_PER_MS)
#define PATIENCE_NS (2 * NS_PER_S)    /* git undoes what it has half done */

const struct rlimit *
job_files_of_user(void)
{
	static struct rlimit files;
	static bool known;

	if (!known)
		known = getrlimit(RLIMIT_NOFILE, &files) == 0;
	return &files;
}

static int
failed(const struct child *c, const struct printed *to, const char *what, struct err *e)
{
	CLEANUP(buf_done) struct buf lines = { 0 };
	char fate[64];

	printed_show(to, &lines);
	err_set(e, ECHILD, "%s %s%s%s", what, child_fate(c, fate, sizeof(fate)),
	    lines.size ? "; it said last:" : " and said nothing", buf_text(&lines));
	if (to->path)
		err_hint(e, "everything that it said is in %s", to->path);
	return -ECHILD;
}

static int
start(const struct child_how *how, struct printed *to, struct child *ret, struct err *e)
{
	struct child_how mine = *how;

	mine.out = mine.err = to->fd;
	printed_begin(to);
	return child_start(&mine, ret, e);
}

int
job_run(const struct child_how *how, struct printed *to, const char *what, struct err *e)
{
	struct child c = { 0 };

	int code = start(how, to, &c, e);
	if (code < 0)
		return code;
	while (!stop_requested() && !child_ended(&c, LOOK_NS))
		;
	bool interrupted = !child_ended(&c, 0);
	child_stop(&c, interrupted ? PATIENCE_NS : 0);
	if (interrupted)
		return err_set(e, EINTR, "%s was interrupted", what);
	return c.status == 0 ? 0 : failed(&c, to, what, e);
}

int
job_run_and_leave(const struct child_how *how, struct printed *to, const char *what,
    int64_t most_ns, bool stubborn, struct err *e)
{
	int64_t end_ns = now_ns() + most_ns;
	struct child c = { 0 };

	int code = start(how, to, &c, e);
	if (code < 0)
		return code;
	while ((stubborn || !stop_requested()) && !child_ended(&c, LOOK_NS) && now_ns() < end_ns)
		printed_bound(to);
	if (child_ended(&c, 0)) {
		child_leave(&c);
		return c.status == 0 ? 0 : failed(&c, to, what, e);
	}
	child_stop(&c, PATIENCE_NS);
	if (now_ns() < end_ns)
		return err_set(e, EINTR, "%s was interrupted", what);
	return err_set(e, ETIMEDOUT, "%s had not ended after %.0f s", what, ns_to_s(most_ns));
}

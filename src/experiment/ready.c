/* SPDX-License-Identifier: MIT */
#include "experiment/ready.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/units.h"
#include "load/load.h"
#include "observe/discover.h"

#define TRY_NS     (20 * NS_PER_MS)
#define FIRST_NS   (1 * NS_PER_S)
#define SETTLE_NS  (3 * NS_PER_S)     /* for what answers, but wrongly: it may be half up */
#define TELL_NS    (1 * NS_PER_S)

/* "3000" or "3000 and 9090": the ports that the service listens on; empty when there are none. */
static void
listening(const struct child *c, struct buf *out)
{
	CLEANUP(run_free_p) struct run *r = run_new();
	CLEANUP(tree_done) struct tree t = { 0 };

	/* With the minder: the parent of what has left its own. */
	tree_add(&t, c->minder);
	tree_scan(&t);
	describe_processes(&t, r);
	for (size_t i = 0; i < r->system.n_processes; i++)
		for (size_t k = 0; k < r->system.processes[i].n_ports; k++)
			buf_printf(out, "%s%" PRId64, out->size ? " and " : "", r->system.processes[i].ports[k]);
}

/* The same error, with what the service said last behind it. */
static int
with_lines(const struct printed *printed, struct err *e)
{
	CLEANUP(buf_done) struct buf lines = { 0 };
	char text[sizeof(e->text)];

	printed_show(printed, &lines);
	memcpy(text, e->text, sizeof(text));
	if (lines.size && snprintf(e->text, sizeof(e->text), "%s; it said last:%s", text, buf_text(&lines)) < 0)
		e->text[0] = '\0';
	return -e->code;
}

static int
ended(const struct child *c, const struct printed *printed, struct err *e)
{
	char fate[64];

	err_set(e, ECHILD, "it %s before it answered", child_fate(c, fate, sizeof(fate)));
	if (c->status == 0)
		err_hint(e, "it has to stay in the foreground, so that prony can watch and stop it");
	else if (printed->path)
		err_hint(e, "everything that it said is in %s", printed->path);
	return with_lines(printed, e);
}

static int
not_listening(const struct child *c, uint16_t port, int64_t waited_ns, struct err *e)
{
	CLEANUP(buf_done) struct buf ports = { .cap_bytes = 100 };
	char time[24];

	format_duration(time, ns_to_s(waited_ns));
	listening(c, &ports);
	if (ports.size) {
		err_set(e, ETIMEDOUT, "it listens on %s, not on %u, after %s", buf_text(&ports), port, time);
		err_hint(e, "write {port} where the port of its requests goes, and see that it is heeded");
	} else {
		err_set(e, ETIMEDOUT, "it does not listen on port %u after %s", port, time);
		err_hint(e, "does it need longer? --ready-timeout TIME waits longer");
	}
	return -ETIMEDOUT;
}

static void
tell_where_it_is(const struct child *c, uint16_t port, const char *name,
    const struct progress *progress)
{
	CLEANUP(buf_done) struct buf ports = { 0 };
	char line[128];

	listening(c, &ports);
	if (ports.size)
		snprintf(line, sizeof(line), "%s listens on %.60s, and not yet on %u", name, buf_text(&ports),
		    port);
	else
		snprintf(line, sizeof(line), "%s does not listen yet", name);
	progress_say(progress, "start", -1, line);
}

/* How long to wait for an answer: longer and longer, so that a service that is slow at first gets its
 * time, and Ctrl-C is heeded soon. */
static int64_t
patience(const struct spec *spec, int64_t begin, int64_t end)
{
	int64_t now = now_ns(), ns = now - begin > FIRST_NS ? now - begin : FIRST_NS;

	ns = ns < spec->timeout_ns ? ns : spec->timeout_ns;
	ns = ns < end - now ? ns : end - now;
	return ns > TRY_NS ? ns : TRY_NS;
}

/* One try: 0, or why not. */
static int
ask(const struct spec *spec, int64_t timeout_ns, struct err *e)
{
	CLEANUP(run_free_p) struct run *r = run_new();
	CLEANUP(load_close_p) struct load *l = NULL;
	struct spec hasty = *spec;

	hasty.timeout_ns = timeout_ns;
	hasty.connections = 1;
	hasty.threads = 1;
	int code = load_open(&hasty, NULL, &l, e);
	return code < 0 ? code : load_probe(l, r, e);
}

int
ready_again(const struct spec *spec, struct err *e)
{
	int64_t begin = now_ns(), end = begin + spec->ready_timeout_ns;

	for (;;) {
		*e = (struct err){ 0 };
		int code = ask(spec, patience(spec, begin, end), e);
		if (code == 0 || now_ns() >= end)
			return code;
		sleep_until_ns(now_ns() + TRY_NS);
	}
}

/* May it answer well a little later? */
static bool
may_settle(int code, int64_t *first_wrong)
{
	if (code != -EPROTO)
		return code == -EBUSY || code == -ECONNREFUSED || code == -ECONNRESET || code == -EPIPE ||
		    code == -ETIMEDOUT;
	if (!*first_wrong)
		*first_wrong = now_ns();
	return now_ns() - *first_wrong < SETTLE_NS;
}

int
ready_wait(struct child *c, const struct spec *spec, uint16_t port, const char *name,
    const struct printed *printed, const struct progress *progress, struct err *e)
{
	int64_t begin = now_ns(), end = begin + spec->ready_timeout_ns, wrong = 0;
	int64_t tell = begin + TELL_NS;

	for (;;) {
		struct err why = { 0 };
		if (child_ended(c, TRY_NS))
			return ended(c, printed, e);
		if (stop_requested())
			return err_set(e, EINTR, "interrupted while it was starting");
		int code = ask(spec, patience(spec, begin, end), &why);
		if (code == 0 && !child_ended(c, 0))
			return 0;
		bool enough = code < 0 && (now_ns() >= end || !may_settle(code, &wrong));
		if (enough) {
			if (code == -ECONNREFUSED)
				not_listening(c, port, now_ns() - begin, e);
			else
				*e = why;
			return with_lines(printed, e);
		}
		if (code == -ECONNREFUSED && now_ns() > tell) {
			tell_where_it_is(c, port, name, progress);
			tell = now_ns() + TELL_NS;
		}
	}
}

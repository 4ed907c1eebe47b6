/* SPDX-License-Identifier: MIT */
/* The facade's half that looks at the service as it is: find, refresh, alive. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "observe/discover.h"
#include "observe/host.h"
#include "observe/observe.h"
#include "observe/peers.h"

/* Who is root and may not is in a container, or behind a wrapper that has taken the right away. */
#define CURE_OF_ROOT "docker run --cap-add SYS_PTRACE ..., or run prony outside of the container"

static void
explain_absence(enum found how, const struct url *at, const char *url, struct run *r)
{
	const char *cure = run_printf(r, "sudo prony check %s", url), *means;

	if (how == FOUND_REMOTE) {
		means = run_printf(r, "'%s' is another host: only what it answers can be measured",
		    at->host);
		cure = run_printf(r, "on %s: sudo prony check %s", at->host, url);
	} else if (how == FOUND_HIDDEN) {
		means = run_printf(r, "port %u is open, but the process behind it may not be seen: "
		    "another user's, or inside a container", at->port);
		if (geteuid() == 0)
			cure = CURE_OF_ROOT;
	} else {
		means = run_printf(r, "nothing on this host is seen listening on port %u; it may be "
		    "inside a container or a virtual machine", at->port);
		if (geteuid() == 0)
			cure = run_printf(r, "prony check pid:N %s", url);
	}
	run_eye(r, "service processes", false, means, cure);
}

static int
seed(const struct spec *spec, struct run *r, struct tree *t, struct err *e)
{
	struct url at;
	enum found how = FOUND_REMOTE;

	if (spec->pid && !tree_add(t, spec->pid)) {
		err_set(e, ESRCH, "there is no process %d", spec->pid);
		err_hint(e, "list the processes that listen: ss -ltnp");
		return -ESRCH;
	}
	if (spec->unit && !discover_unit("", spec->unit, t)) {
		err_set(e, ESRCH, "no process runs in a unit '%s'", spec->unit);
		err_hint(e, "see whether it runs: systemctl status %s", spec->unit);
		return -ESRCH;
	}
	r->host.generator_on_host = !spec->n_urls;
	/* Named by the user, the service is that: the URL may be a proxy's in front of it. */
	bool named = t->n > 0, given = named;
	for (size_t i = 0; i < spec->n_urls; i++) {
		CLEANUP(tree_done) struct tree front = { 0 };
		int bad = url_parse(spec->urls[i], &at, e);
		if (bad < 0)
			return bad;
		how = discover_url(&at, named ? &front : t);
		r->host.generator_on_host |= how != FOUND_REMOTE;
		if (how == FOUND)
			given = true;
	}
	if (!given && spec->n_urls)
		explain_absence(how, &at, spec->urls[0], r);
	return 0;
}

/* What of the found processes can be looked into. */
static void
report_sight(struct run *r)
{
	char path[64];
	bool io = true, files = true;

	for (size_t i = 0; i < r->system.n_processes; i++) {
		snprintf(path, sizeof(path), "/proc/%d/io", (int)r->system.processes[i].pid);
		CLEANUP(file_close_p) FILE *f = fopen(path, "re");
		io &= f && fgetc(f) != EOF;
		files &= r->system.processes[i].exe != NULL;
	}
	const char *cure = geteuid() == 0 ? CURE_OF_ROOT : r->system.n_targets ?
	    run_printf(r, "sudo prony check %s", r->system.targets[0]) :
	    run_printf(r, "sudo prony check pid:%d", (int)r->system.processes[0].pid);
	run_eye(r, "service processes", true, run_printf(r, "%zu, with what they have forked",
	    r->system.n_processes), NULL);
	if (!files)
		run_eye(r, "service files and peers", false, "the processes belong to another user: "
		    "their program, open files and connections are not seen", cure);
	if (!io)
		run_eye(r, "service disk I/O", false, "/proc/PID/io may not be read: bytes that "
		    "the service reads and writes are not counted", cure);
}

int
observe_find(const struct spec *spec, struct run *r, struct err *e)
{
	CLEANUP(tree_done) struct tree t = { 0 };

	host_describe(r);
	int result = seed(spec, r, &t, e);
	if (result < 0 || !t.n)
		return result;
	discover_masters(&t);
	tree_scan(&t);
	describe_processes(&t, r);
	if (t.full)
		run_eye(r, "all processes", false, run_printf(r, "the service has more than %d "
		    "processes: the rest is left out", TREE_MAX), "prony check pid:N, of the part that matters");
	report_sight(r);
	peers_find(r);
	return 0;
}

void
observe_refresh(struct run *r)
{
	CLEANUP(tree_done) struct tree t = { 0 };

	for (size_t i = 0; i < r->system.n_processes; i++)
		tree_add(&t, (int)r->system.processes[i].pid);
	if (!t.n)
		return;
	tree_scan(&t);
	describe_processes(&t, r);
	peers_find(r);
}

/* A pid alone may have been given to another process since: the start time tells. */
static bool
runs(const struct run_process *p, const char **ret_how)
{
	struct proc_stat s;

	if (!proc_stat_read((int)p->pid, &s)) {
		*ret_how = "is gone";
		return false;
	}
	bool ended = s.state == 'Z' || s.state == 'X';
	*ret_how = ended ? "has ended" : "was replaced by another process";
	return !ended && (int64_t)s.start_ticks == p->start_ticks;
}

/* A worker that ended while the process that forked it goes on and listens too is the master's
 * business: pre-fork servers renew their workers. */
static bool
has_living_master(const struct run *r, const struct run_process *p)
{
	const char *how;
	for (size_t i = 0; i < r->system.n_processes; i++) {
		const struct run_process *master = &r->system.processes[i];
		if (master->pid == p->parent && master->n_ports)
			return runs(master, &how);
	}
	return false;
}

bool
observe_alive(const struct run *r, char *why, size_t why_size)
{
	bool any_listens = false;
	for (size_t i = 0; i < r->system.n_processes; i++)
		any_listens |= r->system.processes[i].n_ports > 0;
	for (size_t i = 0; i < r->system.n_processes; i++) {
		const struct run_process *p = &r->system.processes[i];
		const char *how;
		bool counts = any_listens ? p->n_ports > 0 : i == 0;
		if (!counts || runs(p, &how) || has_living_master(r, p))
			continue;
		snprintf(why, why_size, "process %d (%s) of the service %s", (int)p->pid,
		    p->name ? p->name : "?", how);
		return false;
	}
	return true;
}

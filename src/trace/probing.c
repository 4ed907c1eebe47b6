/* SPDX-License-Identifier: MIT */
#include "trace/probing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "trace/event.h"
#include "trace/eyes.h"

static bool
may_hold_sqlite(const char *path, const char *exe)
{
	const char *base = strrchr(path, '/');
	return base && (strstr(base, "sqlite") || !strcmp(path, exe));
}

/* Probe each object with SQLite inside, once a process. */
static void
probe_sqlite(struct collect *c, struct run *r, const struct run_process *p)
{
	struct map done = { 0 };
	char line[1024], path[768], maps[64];
	snprintf(maps, sizeof(maps), "/proc/%d/maps", (int)p->pid);
	CLEANUP(file_close_p) FILE *f = fopen(maps, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char flags[8], device[16];
		unsigned long inode;
		bool new;
		struct err e = { 0 };
		if (sscanf(line, "%*x-%*x %7s %*x %15s %lu %767[^\n]", flags, device, &inode, path) != 4 ||
		    flags[2] != 'x' || !may_hold_sqlite(path, p->exe ? p->exe : ""))
			continue;
		struct { char device[16]; unsigned long inode; } key = { .inode = inode };
		memcpy(key.device, device, strlen(device));
		map_at(&done, &key, sizeof(key), &new);
		int code = new ? collect_add_sqlite(c, (int)p->pid, path, &e) : -ENOENT;
		if (code != -ENOENT)
			run_eye(r, "SQL", !code, code ? e.text :
			    "statements of SQLite, by probes on its functions", code == -EPERM || code == -EACCES ?
			    "sudo prony check ..." : "use a SQLite library with symbols");
	}
	map_done(&done);
}

/* The runtime's garbage collector and thread pool, in the program or a library of its. */
static void
probe_runtime(struct collect *c, struct symbols *symbols, struct run *r, const struct run_process *p)
{
	static const char *const objects[] = { "node", "libnode", "libuv", "python3", "libpython3" };
	const char *path;
	bool known = false;
	for (size_t i = 0; (path = symbols_object(symbols, (int)p->pid, i)); i++) {
		const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
		struct err e = { 0 };
		bool runtime = false;
		for (size_t k = 0; k < COUNT_OF(objects); k++)
			runtime |= !strncmp(base, objects[k], strlen(objects[k]));
		if (!runtime)
			continue;
		collect_add_pool(c, (int)p->pid, path, &e);
		int code = known ? -ENOENT : collect_add_gc(c, (int)p->pid, path, &e);
		known |= !code;
		if (code != -ENOENT)
			run_eye(r, "garbage collection", !code, code ? e.text :
			    "each collection and its pause, by probes on the runtime",
			    "run as root, with a runtime that has its symbols");
	}
}

void
probing_open(struct collect *c, struct symbols *symbols, struct run *r)
{
	for (size_t i = 0; i < r->system.n_processes; i++)
		probe_sqlite(c, r, &r->system.processes[i]);
	for (size_t i = 0; i < r->system.n_processes; i++)
		probe_runtime(c, symbols, r, &r->system.processes[i]);
}

void
probing_end(const struct collect *c, struct run *r)
{
	int code = collect_dear_error(c, COLLECT_SQLITE);
	if (code)
		run_eye(r, "SQL", false, run_printf(r, "statements of SQLite are not seen: its functions cannot be "
		    "probed: %s", strerror(-code)), "sudo prony check ...");
}

void
probing_kept(const struct collect *c, struct run *r, int64_t began)
{
	struct collect_kept points[EV_KEPT_POINTS];

	for (size_t i = 0; i < r->evidence.trace.n_gc; i++) {
		struct run_gc *g = &r->evidence.trace.gc[i];
		size_t n = collect_kept(c, (int)g->pid, points, EV_KEPT_POINTS);
		for (size_t k = 0; k < n; k++)
			*RUN_ADD(r, kept, g->kept, g->n_kept) = (struct run_kept){
				ns_to_s(points[k].at_ns - began), (double)points[k].bytes };
	}
}

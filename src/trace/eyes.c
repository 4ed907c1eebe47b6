/* SPDX-License-Identifier: MIT */
#include "trace/eyes.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trace/cures.h"

struct row { const char *name, *open, *lost; };

void
eyes_collector(struct run *r, const char *why, const char *cure)
{
	static const struct row rows[] = {
		{ "requests", "HTTP/1 and HTTP/2 requests at the system-call border, by BPF",
		    "no time split per route" },
		{ "waits", "off-CPU time with its reason and who ended it, by BPF",
		    "locks, disk and network waits are not told apart" },
		{ "wire", "what PostgreSQL, Redis and HTTP/1 peers are asked and answer, by BPF",
		    "statements and calls of peers are not seen" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_eye(r, rows[i].name, !why,
		    why ? run_printf(r, "%s: %s", rows[i].lost, why) : rows[i].open, cure);
}

void
eyes_sampler(struct run *r, const char *why, const char *cure, bool system_wide)
{
	run_eye(r, "on-CPU stacks", !why, why ? run_printf(r, "no hot functions: %s", why) :
	    system_wide ? "perf events on every CPU, user and kernel" :
	    "perf events of the service's threads, user space only", cure);
}

void
eyes_node(struct run *r, const char *why, const char *cure, bool coarse)
{
	run_eye(r, "JavaScript functions", !why, why ? run_printf(r, "no names: %s", why) :
	    coarse ? "frames of V8, read from the living heap; what is inlined counts as its caller" :
	    "frames of V8, read from the living heap: no flag, no port", cure);
}

void
eyes_python(struct run *r)
{
	run_eye(r, "Python functions", true, "read from the memory of threads that run, some 50 times a second", NULL);
}

/* The kernel writes zeros for who may not see its addresses. */
void
eyes_kernel(struct run *r)
{
	char line[64];
	bool seen = file_peek(line, sizeof(line), "/proc/kallsyms") > 0 && line[strspn(line, "0")] != ' ';

	run_eye(r, "kernel functions", seen, seen ? "names of what system calls spend CPU in" :
	    "CPU time in the kernel has no names: its addresses are hidden", cure_kernel());
}

void
eyes_java(struct run *r, struct symbols *symbols, const int *pids, size_t n_pids)
{
	bool java = false, any = false;
	const char *lost = NULL;
	for (size_t i = 0; i < n_pids; i++) {
		const char *why = symbols_java_lost(symbols, pids[i], &java);
		any |= java;
		lost = why ? why : lost;
	}
	if (any)
		run_eye(r, "Java functions", !lost, lost ? run_printf(r, "compiled Java code has no names, "
		    "stacks end at it: %s", lost) : "read from the memory of the Java machine, which is not "
		    "stopped, attached to or changed", cure_read());
}

void
eyes_go(struct run *r, int lost)
{
	run_eye(r, "goroutines", !lost, !lost ? "what they wait for, read from the memory of the program" :
	    lost == -ENOTSUP ? "what they wait for is not known: the program has no symbols, or too many" :
	    "what they wait for is not known: its memory may not be read",
	    lost == -ENOTSUP ? "build it without -ldflags='-s -w'" : cure_read());
}

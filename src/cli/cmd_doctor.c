/* SPDX-License-Identifier: MIT */
/* prony doctor: what can be seen on this host, and what would open each closed eye. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/command.h"
#include "trace/trace.h"

#define KERNEL_MIN 508   /* 5.8: BPF ring buffer, CAP_BPF and CAP_PERFMON */

static void
check_kernel(struct run *r)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	bool new_enough = sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	    major * 100 + minor >= KERNEL_MIN;
	run_eye(r, "kernel", new_enough, run_printf(r, "Linux %s%s", name.release,
	    new_enough ? "" : "; BPF tracing needs 5.8"), "boot a kernel of 5.8 or later");
	run_eye(r, "kernel types", access("/sys/kernel/btf/vmlinux", R_OK) == 0,
	    "BTF: BPF programs fit themselves to this kernel",
	    "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian's is)");
}

static void
check_capabilities(struct run *r)
{
	static const struct { const char *name; int bit; const char *loses; } wanted[] = {
		{ "CAP_BPF", 39, "waits, requests and statements inside the service" },
		{ "CAP_PERFMON", 38, "stacks of processes of other users" },
		{ "CAP_SYS_PTRACE", 19, "files, memory maps and symbols of processes of other users" },
	};
	char status[4096];
	const char *line = file_peek(status, sizeof(status), "/proc/self/status") > 0
	    ? strstr(status, "CapEff:") : NULL;
	unsigned long long held = line ? strtoull(line + 7, NULL, 16) : 0;
	bool admin = held >> 21 & 1;

	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		bool has = (held >> wanted[i].bit & 1) || (admin && wanted[i].bit >= 38);
		run_eye(r, wanted[i].name, has, run_printf(r, "%s%s", has ? "" : "without it not seen: ",
		    wanted[i].loses), "run it with sudo: sudo prony check ...");
	}
}

/* A number in a file of /proc/sys; `otherwise` when it is not there. */
static long
read_setting(const char *path, long otherwise)
{
	char text[32];
	return file_peek(text, sizeof(text), "%s", path) > 0 ? strtol(text, NULL, 10) : otherwise;
}

static void
check_settings(struct run *r)
{
	bool root = geteuid() == 0;
	long paranoid = read_setting("/proc/sys/kernel/perf_event_paranoid", -1);
	long scope = read_setting("/proc/sys/kernel/yama/ptrace_scope", 0);
	long hidden = read_setting("/proc/sys/kernel/kptr_restrict", 0);

	run_eye(r, "perf events", root || paranoid <= 1,
	    run_printf(r, "kernel.perf_event_paranoid is %ld", paranoid),
	    "sudo sysctl kernel.perf_event_paranoid=1");
	run_eye(r, "other processes", root || scope == 0,
	    run_printf(r, "kernel.yama.ptrace_scope is %ld", scope),
	    "sudo sysctl kernel.yama.ptrace_scope=0");
	run_eye(r, "kernel symbols", root ? hidden < 2 : hidden == 0,
	    run_printf(r, "kernel.kptr_restrict is %ld", hidden), "sudo sysctl kernel.kptr_restrict=0");
}

static void
check_accounting(struct run *r)
{
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
	bool v1 = access("/sys/fs/cgroup/cpu", R_OK) == 0;

	run_eye(r, "cgroups", v1 || v2, v2 ? "version 2" : v1 ? "version 1"
	    : "not mounted: quotas and throttling are not seen", "mount /sys/fs/cgroup");
	run_eye(r, "pressure", access("/proc/pressure/cpu", R_OK) == 0,
	    "PSI: time lost to waiting for CPU, memory and disk", "boot with psi=1");
}

/* What prony itself weighs, before it does anything. */
static void
own_weight(int64_t *ret_binary_bytes, int64_t *ret_rss_bytes)
{
	struct rusage usage;
	struct stat st;

	*ret_binary_bytes = stat("/proc/self/exe", &st) == 0 ? st.st_size : 0;
	getrusage(RUSAGE_SELF, &usage);
	*ret_rss_bytes = (int64_t)usage.ru_maxrss * 1024;
}

static json_t *
text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static void
write_json(struct buf *out, const struct run *r, int64_t binary_bytes, int64_t rss_bytes)
{
	json_t *eyes = json_array();

	for (size_t i = 0; i < r->n_eyes; i++)
		json_array_append_new(eyes, json_pack("{s:o, s:b, s:o, s:o}",
		    "name", text_or_null(r->eyes[i].name), "open", r->eyes[i].open,
		    "means", text_or_null(r->eyes[i].means), "cure", text_or_null(r->eyes[i].cure)));
	json_t *j = json_pack("{s:o, s:{s:I, s:I}}", "eyes", eyes, "self",
	    "binary_bytes", (json_int_t)binary_bytes, "rss_bytes", (json_int_t)rss_bytes);
	char *dump = json_dumps(j, JSON_INDENT(2));
	buf_printf(out, "%s\n", dump ? dump : "{}");
	free(dump);
	json_decref(j);
}

static void
write_text(struct buf *out, const struct invocation *in, const struct run *r,
    int64_t binary_bytes, int64_t rss_bytes)
{
	bool colour = in->terminal.colour;
	const char *good = colour ? "\033[32m" : "", *bad = colour ? "\033[33m" : "";
	const char *plain = colour ? "\033[0m" : "";
	char binary[24], rss[24];
	size_t n_closed = 0;

	for (size_t i = 0; i < r->n_eyes; i++) {
		const struct run_eye *eye = &r->eyes[i];
		n_closed += !eye->open;
		buf_printf(out, "  %s%-7s%s %-22s %s\n", eye->open ? good : bad, eye->open ? "open" : "closed",
		    plain, eye->name, eye->means ? eye->means : "");
		if (!eye->open && eye->cure)
			buf_printf(out, "  %-30s to open it: %s\n", "", eye->cure);
	}
	buf_printf(out, "\n%zu of %zu closed%s\n", n_closed, r->n_eyes, n_closed
	    ? "; prony measures without them and says what is lost" : "");
	buf_printf(out, "prony's own weight: program %s, memory %s after these checks\n",
	    format_size(binary, (double)binary_bytes), format_size(rss, (double)rss_bytes));
}

static int
run(struct invocation *in)
{
	struct run *r = run_new();
	struct buf text = { 0 };
	int64_t binary_bytes, rss_bytes;

	check_kernel(r);
	check_capabilities(r);
	check_settings(r);
	check_accounting(r);
	trace_probe_eyes(r);
	own_weight(&binary_bytes, &rss_bytes);
	if (in->json)
		write_json(&text, r, binary_bytes, rss_bytes);
	else
		write_text(&text, in, r, binary_bytes, rss_bytes);
	int status = cli_print(in, &text, STATUS_OK);
	buf_done(&text);
	run_free(r);
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.about = "tell what can be seen on this host, and the command that opens what cannot",
	.details = "Checks the kernel, privileges and settings that tracing needs, and tries each rung of "
	           "the tracer for a moment. Changes nothing. What is closed costs detail, not the "
	           "measurement: every report names what it could not see.",
	.run = run,
};

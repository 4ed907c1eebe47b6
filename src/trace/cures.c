/* SPDX-License-Identifier: MIT */
#include "trace/cures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc_text.h"

/* User-space samples of one's own processes are allowed up to here; Debian's kernels know 3. */
#define PARANOID_OWN 2

static bool
is_filtered(void)
{
	char text[4096];
	uint64_t mode;

	return file_peek(text, sizeof(text), "/proc/self/status") > 0 &&
	    text_number(text, "Seccomp", &mode) && mode;
}

static bool
is_of_others(int pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return stat(path, &st) == 0 && st.st_uid != geteuid();
}

const char *
cure_collector(const struct err *why)
{
	if (why->hint[0])
		return why->hint;
	return geteuid() == 0
	    ? "docker run --cap-add BPF --cap-add PERFMON --cap-add SYS_PTRACE ..., or run prony outside of "
	      "the container"
	    : "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog+ep $(command -v prony)";
}

const char *
cure_sampler(int pid)
{
	char text[32];
	bool strict = file_peek(text, sizeof(text), "/proc/sys/kernel/perf_event_paranoid") > 0 &&
	    strtol(text, NULL, 10) > PARANOID_OWN;

	if (geteuid() == 0)
		return "docker run --cap-add PERFMON --security-opt seccomp=unconfined ..., or run prony outside of the "
		    "container";
	if (is_of_others(pid))
		return "sudo prony check ...";
	if (strict || !is_filtered())
		return "sudo sysctl kernel.perf_event_paranoid=1";
	return "docker run --security-opt seccomp=unconfined ..., or run prony outside of the container: its "
	    "seccomp profile forbids perf_event_open()";
}

const char *
cure_kernel(void)
{
	return geteuid() == 0 ? "sudo sysctl kernel.kptr_restrict=1"
	    : "sudo sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1";
}

const char *
cure_read(void)
{
	return geteuid() == 0 ? "docker run --cap-add SYS_PTRACE ..., or run prony outside of the container"
	    : "sudo prony check ..., or run prony as the service's own user with kernel.yama.ptrace_scope=0";
}

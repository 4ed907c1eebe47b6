/* SPDX-License-Identifier: MIT */
/* Every parser of /proc and cgroup text, on the whole input and on each of its lines. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "observe/peers.h"
#include "base/proc_text.h"
#include "observe/runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse_line(const char *line)
{
	struct proc_stat stat;
	struct proc_cpu cpu;
	struct proc_tcp tcp;
	struct proc_call call;
	struct proc_disk disk;
	struct proc_interface interface;
	struct cgroup_mount mount;

	proc_parse_cpu(line, &cpu);
	proc_parse_disk(line, &disk);
	if (proc_parse_call(line, &call) && call.nr < -1)
		abort();
	proc_parse_interface(line, &interface);
	if (proc_parse_stat(line, &stat) && strlen(stat.name) >= sizeof(stat.name))
		abort();
	if (proc_parse_tcp(line, &tcp) && tcp.state < 0)
		abort();
	if (cgroup_parse_mount(line, &mount) && strlen(mount.point) >= sizeof(mount.point))
		abort();
}

static void
parse_text(const char *text)
{
	uint64_t a, b;
	int64_t limit;
	double cores;
	char path[64], id[65];
	struct io_limits limits = { 0 };

	text_number(text, "VmSwap", &a);
	proc_parse_schedstat(text, &a, &b);
	proc_parse_pressure(text, &a);
	proc_parse_fd_limit(text, &limit);
	proc_counter(text, "TcpExt", "ListenOverflows", &a);
	cgroup_parse_path(text, "cpu", path, sizeof(path));
	cgroup_parse_path(text, "", path, sizeof(path));
	cgroup_parse_cpu_max(text, &cores);
	io_limits_add(text, false, &limits);
	io_limits_add(text, true, &limits);
	if (cgroup_parse_container(text, id) && (!id[0] || strlen(id) > 64))
		abort();
	if (limits.bytes_per_s < 0 || limits.operations_per_s < 0)
		abort();
	peer_kind_unix(text);
	runtime_name(text, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char line[512];

	memcpy(text, data, size);
	text[size] = '\0';
	parse_text(text);
	framework_name("python", text, size, "/nonexistent", text);
	for (const char *at = text; text_line(&at, line, sizeof(line));)
		parse_line(line);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The texts of /proc and of cgroups, parsed.
 *
 * Pure functions over terminated strings: no I/O, so that recorded, cut and hostile text can be
 * fed in tests. Each returns false (or a negative number), with nothing written, for text that
 * is not what it expects. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Walk lines: start with the text; copies each line, cut at size - 1, without its end. */
bool text_line(const char **cursor, char *out, size_t size);

/* Number after `key` at the start of a line, between them only blanks or a colon: "VmRSS:  12 kB",
 * "nr_throttled 5". */
bool text_number(const char *text, const char *key, uint64_t *ret);

/* /proc/PID/stat. `name` may hold anything, also ") R 1". */
struct proc_stat {
	int pid, parent;
	char name[64];
	char state;
	uint64_t minor_faults, child_minor_faults, major_faults, child_major_faults;
	uint64_t user_ticks, system_ticks, child_user_ticks, child_system_ticks;
	int64_t threads;
	uint64_t start_ticks;           /* since boot */
	int64_t rss_pages;
};
bool proc_parse_stat(const char *text, struct proc_stat *ret);

/* A "cpu" line of /proc/stat, in ticks; cpu is -1 on the line of all CPUs. */
struct proc_cpu {
	int cpu;
	uint64_t user, system, idle, iowait, steal;
};
bool proc_parse_cpu(const char *line, struct proc_cpu *ret);

/* First two numbers of /proc/PID/task/TID/schedstat. */
bool proc_parse_schedstat(const char *text, uint64_t *ret_ran_ns, uint64_t *ret_waited_ns);

/* A line of /proc/net/tcp or tcp6. IPv4 is kept as ::ffff:a.b.c.d. */
struct net_address {
	uint8_t ip[16];
	uint16_t port;
};
struct proc_tcp {
	struct net_address local, remote;
	int state;
	uint64_t inode;
};
#define TCP_STATE_ESTABLISHED 1
#define TCP_STATE_LISTEN 10
bool proc_parse_tcp(const char *line, struct proc_tcp *ret);

/* /proc/PID/task/TID/syscall of a thread that is blocked; false while it runs. nr is -1 outside of a
 * call (a fault); then sp and pc alone are known. */
struct proc_call {
	int nr;
	uint64_t arg[6];
	uint64_t sp, pc;
};
bool proc_parse_call(const char *text, struct proc_call *ret);

/* A line of /proc/diskstats. */
struct proc_disk {
	char name[32];
	uint64_t operations, waited_ms, busy_ms;
};
bool proc_parse_disk(const char *line, struct proc_disk *ret);

/* A line of /proc/net/dev. */
struct proc_interface {
	char name[32];
	uint64_t received_bytes, sent_bytes;
};
bool proc_parse_interface(const char *line, struct proc_interface *ret);

/* A counter of /proc/net/netstat or snmp: two lines a group, names and figures. */
bool proc_counter(const char *text, const char *group, const char *name, uint64_t *ret);

/* "some" total of a pressure file. */
bool proc_parse_pressure(const char *text, uint64_t *ret_total_us);

/* Soft limit on open files in /proc/PID/limits; INT64_MAX for unlimited. */
bool proc_parse_fd_limit(const char *text, int64_t *ret);

/* Path of the process in the hierarchy of `controller` ("" is cgroup v2) in /proc/PID/cgroup. */
bool cgroup_parse_path(const char *text, const char *controller, char *out, size_t size);

/* A line of mountinfo that mounts a cgroup hierarchy. */
struct cgroup_mount {
	bool v2;
	char root[256];         /* the part of the hierarchy that is mounted */
	char point[256];        /* where */
	char options[256];      /* v1: the controllers, comma-separated */
};
bool cgroup_parse_mount(const char *line, struct cgroup_mount *ret);

/* Does the comma-separated list hold the word? */
bool list_has(const char *list, const char *word);

/* Id of a container (64 hexadecimal digits, or an LXC name) in the text of /proc/PID/cgroup. */
bool cgroup_parse_container(const char *text, char out[65]);

/* cpu.max: cores; false without a limit. */
bool cgroup_parse_cpu_max(const char *text, double *ret_cores);

/* Smallest limits in blkio.throttle.*_device ("8:0 1048576") or io.max ("8:0 rbps=1048576
 * wiops=max"); a v1 text has one kind of limit, told by `operations`. 0: none. */
struct io_limits { double bytes_per_s, operations_per_s; };
void io_limits_add(const char *text, bool operations, struct io_limits *limits);

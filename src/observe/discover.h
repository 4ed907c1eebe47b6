/* SPDX-License-Identifier: MIT */
/* From a URL, a process id or a unit's name to the processes that make up the service. */
#pragma once

#include "net/url.h"
#include "observe/sockets.h"
#include "observe/tree.h"
#include "run/run.h"

/* How a search by URL ended. */
enum found {
	FOUND,
	FOUND_REMOTE,           /* the host is another one */
	FOUND_NO_LISTENER,      /* nobody here listens on that port */
	FOUND_HIDDEN,           /* somebody does, but may not be seen */
};

/* Add the processes that hold the socket listening behind the URL. */
enum found discover_url(const struct url *u, struct tree *t);

/* Add the processes that listen at an address as the process `from` means it: in its network namespace, or at the address
 * of a container on this host. */
void discover_listener(int from, const struct net_address *at, struct tree *t);
/* Those that listen at the path of a Unix socket. */
void discover_unix(const char *path, struct tree *t);

/* Add the processes of a systemd unit ("nginx" or "nginx.service"); false when it has none. `root`
 * as in cgroup.h. */
bool discover_unit(const char *root, const char *unit, struct tree *t);

/* Add the parents that only differ from a member in having forked it: pre-fork masters. */
void discover_masters(struct tree *t);

/* Describe the members that r->system.processes does not hold yet, and add them. */
void describe_processes(const struct tree *t, struct run *r);

/* /proc/PID/exe as text, "" when it may not be read. */
void process_exe(int pid, char *out, size_t size);

/* Identity of a process's network namespace; 0 when it may not be read. */
uint64_t network_namespace(int pid);

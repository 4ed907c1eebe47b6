/* SPDX-License-Identifier: MIT */
#include "trace/rings.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace/eyes.h"

static bool
has_ring(int pid)
{
	char path[64], link[64];
	bool found = false;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && !found && (d = readdir(dir)); ) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		found = !strcmp(link, "anon_inode:[io_uring]");
	}
	if (dir)
		closedir(dir);
	return found;
}

void
rings_open(struct collect *c, struct run *r)
{
	bool any = false;
	for (size_t i = 0; i < r->system.n_processes; i++)
		any |= has_ring((int)r->system.processes[i].pid);
	if (!any)
		return;
	bool seen = collect_add_rings(c);
	run_eye(r, "io_uring", seen, seen ? "reads and writes of sockets as they complete, also where a thread of "
	    "the kernel takes them from the ring (SQPOLL); of one request "
	    "that receives many times (multishot) the sizes alone, so that routes are not known" :
	    "what it reads and writes by io_uring is not seen",
	    "a kernel from 5.19 on, or let the service use epoll while prony looks");
}

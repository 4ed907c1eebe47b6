/* SPDX-License-Identifier: MIT */
/* Processes of the service as the run knows them. */
#include <stdio.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "observe/discover.h"
#include "observe/runtime.h"

static bool
is_described(const struct run *r, int pid)
{
	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].pid == pid)
			return true;
	return false;
}

static void
note_listener(void *ctx, const struct proc_tcp *t)
{
	if (t->state == TCP_STATE_LISTEN)
		*map_at(ctx, &t->inode, sizeof(t->inode), NULL) = t->local.port;
}

/* Inode -> port of all listening sockets in the members' network namespaces. */
static void
listening_ports(const struct tree *t, struct map *ports)
{
	struct map namespaces = { 0 };
	for (size_t i = 0; i < t->n; i++) {
		uint64_t id = network_namespace(t->members[i].pid);
		bool new;
		map_at(&namespaces, &id, sizeof(id), &new);
		if (new)
			tcp_each(t->members[i].pid, note_listener, ports);
	}
	map_done(&namespaces);
}

struct port_list {
	struct run *run;
	struct run_process *process;
	const struct map *ports;
};

static void
note_port(void *ctx, int pid, int fd, const char *target)
{
	struct port_list *l = ctx;
	struct run_process *p = l->process;
	uint64_t inode = socket_inode(target);
	const uint64_t *port = inode ? map_find(l->ports, &inode, sizeof(inode)) : NULL;

	for (size_t i = 0; port && i < p->n_ports; i++)
		if (p->ports[i] == (int64_t)*port)
			return;
	if (port)
		*ARENA_PUSH(l->run->arena, p->ports, p->n_ports) = (int64_t)*port;
}

static void
describe(const struct proc_stat *s, const struct map *ports, struct run *r)
{
	struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	struct cgroup_facts group;
	char exe[1024];

	process_exe(s->pid, exe, sizeof(exe));
	p->pid = s->pid;
	p->start_ticks = (int64_t)s->start_ticks;
	p->parent = s->parent;
	p->exe = exe[0] ? run_str(r, exe) : NULL;
	p->name = run_str(r, s->name);
	p->threads = s->threads;
	runtime_of(s->pid, exe, &p->runtime, &p->framework);
	struct port_list l = { .run = r, .process = p, .ports = ports };
	fd_each(s->pid, note_port, &l);
	cgroup_read("", s->pid, &group);
	p->cgroup = group.path[0] ? run_str(r, group.path) : NULL;
	p->container = group.container[0] ? run_str(r, group.container) : NULL;
	p->cpu_limit = group.cpu_limit;
	p->memory_limit = group.memory_limit;
}

void
describe_processes(const struct tree *t, struct run *r)
{
	struct map ports = { 0 };

	listening_ports(t, &ports);
	for (size_t i = 0; i < t->n; i++)
		if (!is_described(r, t->members[i].pid))
			describe(&t->members[i], &ports, r);
	map_done(&ports);
}

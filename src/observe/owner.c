/* SPDX-License-Identifier: MIT */
/* Which process of the service serves a connection: the kernel's socket diagnostics have the inode of
 * its accepted end, /proc/PID/fd who has that open. */
#include <stdlib.h>
#include <string.h>

#include "observe/observe.h"
#include "observe/sockets.h"

/* Both ends, as the service sees them; without padding: a key of the map. */
struct ends { struct net_address here, there; };
_Static_assert(sizeof(struct ends) == 36, "no padding");

struct observe_owners {
	const struct run *run;
	struct map holders;        /* inode -> number of the process in run->system, from 1 */
	struct map owners;         /* struct ends -> pid */
	bool looked;
	uint16_t port;             /* of the service, in that look */
	size_t process;            /* whose files are being looked at, from 1 */
};

struct observe_owners *
observe_owners_new(const struct run *r)
{
	struct observe_owners *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	o->run = r;
	return o;
}

static void
forget(struct observe_owners *o)
{
	map_done(&o->holders);
	map_done(&o->owners);
	o->holders = o->owners = (struct map){ 0 };
	o->looked = false;
}

void
observe_owners_free(struct observe_owners *o)
{
	if (o)
		forget(o);
	free(o);
}

static bool
is_younger(const struct run_process *a, const struct run_process *b)
{
	return a->start_ticks != b->start_ticks ? a->start_ticks > b->start_ticks : a->pid > b->pid;
}

static void
note_file(void *ctx, int pid, int fd, const char *target)
{
	struct observe_owners *o = ctx;
	const struct run_process *all = o->run->system.processes;
	uint64_t inode = socket_inode(target);

	if (!inode)
		return;
	uint64_t *holder = map_at(&o->holders, &inode, sizeof(inode), NULL);
	if (!*holder || is_younger(&all[o->process - 1], &all[*holder - 1]))
		*holder = o->process;
}

static void
note_socket(void *ctx, const struct proc_tcp *t)
{
	struct observe_owners *o = ctx;
	const struct ends ends = { t->local, t->remote };
	const uint64_t *holder = map_find(&o->holders, &t->inode, sizeof(t->inode));

	if (holder)
		*map_at(&o->owners, &ends, sizeof(ends), NULL) =
		    (uint64_t)o->run->system.processes[*holder - 1].pid;
}

/* Files first: a connection that is accepted meanwhile is not known then, rather than another's. */
static void
look(struct observe_owners *o, uint16_t port)
{
	const struct run_system *s = &o->run->system;

	for (o->process = 1; o->process <= s->n_processes; o->process++)
		fd_each((int)s->processes[o->process - 1].pid, note_file, o);
	tcp_connections(port, note_socket, o);    /* none where the kernel does not tell */
	o->port = port;
	o->looked = true;
}

int64_t
observe_owner(void *owners, const struct sockaddr *local, const struct sockaddr *remote)
{
	struct observe_owners *o = owners;
	struct ends ends;

	if (!local || !remote) {
		forget(o);
		return 0;
	}
	if (!address_of(remote, &ends.here) || !address_of(local, &ends.there))
		return 0;
	if (!o->looked || o->port != ends.here.port) {
		forget(o);
		look(o, ends.here.port);
	}
	const uint64_t *pid = map_find(&o->owners, &ends, sizeof(ends));
	return pid ? (int64_t)*pid : 0;
}

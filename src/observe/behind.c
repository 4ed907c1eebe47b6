/* SPDX-License-Identifier: MIT */
/* A proxy may open a connection for each request, and have none when nobody asks: so its connections are looked at
 * many times, by a thread of its own. */
#include "observe/behind.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "observe/discover.h"
#include "observe/observe.h"
#include "observe/peers.h"
#include "observe/runtime.h"

#define LOOK_EVERY_NS NS_PER_MS

struct observe_behind {
	struct tree tree;               /* of the service, with who was found */
	struct map ports;               /* that its members listen on: there clients come from, and nothing leads */
	struct map met;                 /* addresses and paths that were looked up */
	struct map front_of;            /* pid of one that was found -> of the front that leads there */
	pthread_t thread;
	atomic_bool ending;
};

bool
behind_is_front(const char *program)
{
	static const char *const fronts[] = {
		"nginx", "openresty", "haproxy", "envoy", "traefik", "caddy", "apache", "httpd", "lighttpd", "varnishd",
		"h2o", "traffic_server", "prony",
	};

	for (size_t i = 0; i < COUNT_OF(fronts); i++)
		if (program_is(program, fronts[i]))
			return true;
	return false;
}

#define EXE_BYTES 512

/* Its name, in `exe`. */
static const char *
program_of(int pid, char exe[EXE_BYTES])
{
	process_exe(pid, exe, EXE_BYTES);
	const char *slash = strrchr(exe, '/');
	return slash ? slash + 1 : exe;
}

/* ---- one front ----------------------------------------------------------------------------- */

struct look {
	struct observe_behind *b;
	int front;
	struct map sockets;             /* inodes that it has open */
	struct arena *arena;
	struct net_address *to;         size_t n_to;
};

/* Databases and caches are asked, not stood before. */
static bool
is_passed_on_to(const char *kind)
{
	return !kind || strcmp(kind, "http") == 0 || strcmp(kind, "tcp") == 0;
}

static void
take_holders(struct look *l, const struct tree *holders, uint16_t port)
{
	char exe[EXE_BYTES];

	for (size_t i = 0; i < holders->n; i++) {
		int pid = holders->members[i].pid;
		if (!is_passed_on_to(peer_kind(program_of(pid, exe), port)))
			continue;
		tree_add(&l->b->tree, pid);
		map_at(&l->b->ports, &port, sizeof(port), NULL);
		*map_at(&l->b->front_of, &pid, sizeof(pid), NULL) = (uint64_t)l->front;
	}
}

static bool
is_met(struct look *l, const void *key, size_t size)
{
	bool new;
	map_at(&l->b->met, key, size, &new);
	return !new;
}

static void
note_socket(void *ctx, int pid, int fd, const char *target)
{
	struct look *l = ctx;
	uint64_t inode = socket_inode(target);

	if (inode)
		map_at(&l->sockets, &inode, sizeof(inode), NULL);
}

static void
note_connection(void *ctx, const struct proc_tcp *t)
{
	struct look *l = ctx;
	uint16_t from = t->local.port;

	if (t->state == TCP_STATE_ESTABLISHED && !map_find(&l->b->ports, &from, sizeof(from)) && map_find(&l->sockets, &t->inode, sizeof(t->inode)) &&
	    !is_met(l, &t->remote, sizeof(t->remote)))
		*ARENA_PUSH(l->arena, l->to, l->n_to) = t->remote;
}

/* What is open now is gone in a tenth of a millisecond: the kernel is asked about its connections at once. */
static void
look_at_tcp(struct look *l)
{
	bool elsewhere = network_namespace(l->front) != network_namespace(getpid());

	fd_each(l->front, note_socket, l);
	if (elsewhere)
		tcp_each(l->front, note_connection, l);
	else
		tcp_connections(0, note_connection, l);
	for (size_t i = 0; i < l->n_to && !l->b->ending; i++) {
		struct tree holders = { 0 };
		discover_listener(l->front, &l->to[i], &holders);
		take_holders(l, &holders, l->to[i].port);
		tree_done(&holders);
	}
}

static void
look_at_unix(struct look *l)
{
	struct map paths = { 0 };
	const struct map_slot *slot;

	fd_each(l->front, note_socket, l);
	unix_peers(l->arena, &paths);
	for (size_t i = 0; (slot = map_next(&l->sockets, &i));) {
		const uint64_t *at = map_find(&paths, slot->key, slot->key_size);
		const char *path = at ? (const char *)(uintptr_t)*at : NULL;
		if (!path || !is_passed_on_to(peer_kind_unix(path)) || is_met(l, path, strlen(path) + 1))
			continue;
		struct tree holders = { 0 };
		discover_unix(path, &holders);
		take_holders(l, &holders, 0);
		tree_done(&holders);
	}
	map_done(&paths);
}

static void
look_at_front(struct observe_behind *b, int pid)
{
	struct look l = { .b = b, .front = pid, .arena = arena_new() };

	look_at_tcp(&l);
	look_at_unix(&l);
	map_done(&l.sockets);
	arena_free(l.arena);
}

/* ---- all of them --------------------------------------------------------------------------- */

static bool
is_front(int pid)
{
	char exe[EXE_BYTES];

	return behind_is_front(program_of(pid, exe));
}

static void *
work(void *arg)
{
	struct observe_behind *b = arg;

	while (!b->ending) {
		for (size_t i = 0; i < b->tree.n; i++)   /* grows meanwhile: proxies stand behind each other */
			if (is_front(b->tree.members[i].pid))
				look_at_front(b, b->tree.members[i].pid);
		sleep_until_ns(now_ns() + LOOK_EVERY_NS);
	}
	return NULL;
}

static void
release(struct observe_behind *b)
{
	tree_done(&b->tree);
	map_done(&b->ports);
	map_done(&b->met);
	map_done(&b->front_of);
	free(b);
}

struct observe_behind *
observe_behind_start(const struct run *r)
{
	struct observe_behind *b = calloc(1, sizeof(*b));
	bool any = false;

	for (size_t i = 0; b && i < r->system.n_processes; i++) {
		const struct run_process *p = &r->system.processes[i];
		tree_add(&b->tree, (int)p->pid);
		any |= is_front((int)p->pid);
		for (size_t k = 0; k < p->n_ports; k++) {
			uint16_t port = (uint16_t)p->ports[k];
			map_at(&b->ports, &port, sizeof(port), NULL);
		}
	}
	if (any && pthread_create(&b->thread, NULL, work, b) == 0)
		return b;
	if (b)
		release(b);
	return NULL;
}

static const struct run_process *
process_of(const struct run *r, int64_t pid)
{
	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].pid == pid)
			return &r->system.processes[i];
	return NULL;
}

/* Who was forked by one that was found was found with it. */
static int64_t
front_of(const struct observe_behind *b, const struct run *r, const struct run_process *p)
{
	for (; p; p = process_of(r, p->parent)) {
		int pid = (int)p->pid;
		const uint64_t *front = map_find(&b->front_of, &pid, sizeof(pid));
		if (front)
			return (int64_t)*front;
	}
	return 0;
}

static void
tell(struct run *r, const struct run_process *found, size_t n)
{
	const struct run_process *front = process_of(r, found->behind);

	run_eye(r, "behind the proxy", true, run_printf(r, "%s (pid %lld) passes requests on to %s (pid %lld): %zu more "
	    "process%s of the service", front ? front->name : "it", (long long)found->behind, found->name,
	    (long long)found->pid, n, n == 1 ? "" : "es"), NULL);
}

size_t
observe_behind_stop(struct observe_behind *b, struct run *r)
{
	size_t before = r->system.n_processes;

	b->ending = true;
	pthread_join(b->thread, NULL);
	discover_masters(&b->tree);
	tree_scan(&b->tree);
	describe_processes(&b->tree, r);
	for (size_t i = 0; i < r->system.n_processes; i++)
		r->system.processes[i].behind = front_of(b, r, &r->system.processes[i]);
	peers_forget_own(r);
	size_t n = r->system.n_processes - before;
	if (n)
		tell(r, &r->system.processes[before], n);
	release(b);
	return n;
}

/* SPDX-License-Identifier: MIT */
/* A connection is the service's own when its local port is none that the service listens on.
 * The other end has a name when a process here listens on it; else its port must do. */
#include "observe/peers.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/process_title.h"
#include "observe/discover.h"
#include "observe/sockets.h"
#include "observe/tree.h"

struct peer_row { const char *kind, *program, *socket; uint16_t port; };
#define PEER(...) { __VA_ARGS__ },
static const struct peer_row peer_rows[] = {
#include "observe/peers.def"
};
#undef PEER

const char *
peer_kind(const char *program, uint16_t port)
{
	for (size_t i = 0; program && program[0] && i < COUNT_OF(peer_rows); i++)
		if (strcmp(peer_rows[i].program, program) == 0)
			return peer_rows[i].kind;
	for (size_t i = 0; i < COUNT_OF(peer_rows); i++)
		if (port && peer_rows[i].port == port)
			return peer_rows[i].kind;
	return "tcp";
}

const char *
peer_kind_unix(const char *path)
{
	const char *base = strrchr(path, '/');
	base = base ? base + 1 : path;
	for (size_t i = 0; i < COUNT_OF(peer_rows); i++)
		if (peer_rows[i].socket[0] && strstr(base, peer_rows[i].socket))
			return peer_rows[i].kind;
	return NULL;
}

struct listener { struct net_address at; uint64_t inode; };
struct outgoing { struct net_address to; int64_t connections; uint16_t from; };   /* from: port of one of them */

struct peer_scan {
	struct run *run;
	struct map files;               /* path -> connections, of SQLite files */
	struct map other_files;         /* paths that are none */
	struct map sockets;             /* inodes that the service has open */
	struct map ports;               /* it listens on */
	struct listener *listeners;     size_t n_listeners;
	struct outgoing *outgoing;      size_t n_outgoing;
	struct arena *arena;
};

static bool
is_sqlite(int pid, int fd)
{
	static const char magic[16] = "SQLite format 3";
	char path[64], head[16];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOATIME);
	if (file < 0)           /* not the owner: then the access time may move */
		file = open(path, O_RDONLY | O_CLOEXEC);
	bool yes = file >= 0 && pread(file, head, sizeof(head), 0) == sizeof(head) &&
	    memcmp(head, magic, sizeof(head)) == 0;
	fd_close_p(&file);
	return yes;
}

static void
note_open(void *ctx, int pid, int fd, const char *target)
{
	struct peer_scan *s = ctx;
	uint64_t inode = socket_inode(target);
	size_t length = strlen(target);

	if (inode)
		map_at(&s->sockets, &inode, sizeof(inode), NULL);
	if (target[0] != '/' || strncmp(target, "/dev/", 5) == 0 ||
	    strncmp(target, "/proc/", 6) == 0)
		return;
	if (map_find(&s->files, target, length)) {
		++*map_at(&s->files, target, length, NULL);
		return;
	}
	bool new;
	map_at(&s->other_files, target, length, &new);
	if (new && is_sqlite(pid, fd))
		*map_at(&s->files, target, length, NULL) = 1;
}

static void
note_connection(struct peer_scan *s, const struct net_address *to, uint16_t from)
{
	for (size_t i = 0; i < s->n_outgoing; i++) {
		if (memcmp(&s->outgoing[i].to, to, sizeof(*to)) != 0)
			continue;
		s->outgoing[i].connections++;
		return;
	}
	*ARENA_PUSH(s->arena, s->outgoing, s->n_outgoing) = (struct outgoing){ *to, 1, from };
}

static void
note_tcp(void *ctx, const struct proc_tcp *t)
{
	struct peer_scan *s = ctx;
	uint16_t port = t->local.port;

	if (t->state == TCP_STATE_LISTEN)
		*ARENA_PUSH(s->arena, s->listeners, s->n_listeners) =
		    (struct listener){ t->local, t->inode };
	if (t->state == TCP_STATE_ESTABLISHED && !map_find(&s->ports, &port, sizeof(port)) &&
	    map_find(&s->sockets, &t->inode, sizeof(t->inode)))
		note_connection(s, &t->remote, t->local.port);
}

static struct run_peer *
peer_at(struct run *r, const char *kind, const char *address)
{
	for (size_t i = 0; i < r->system.n_peers; i++)
		if (strcmp(r->system.peers[i].address, address) == 0)
			return &r->system.peers[i];
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	p->kind = run_str(r, kind);
	p->address = run_str(r, address);
	return p;
}

static struct run_peer *
add_peer(struct run *r, const char *kind, const char *address, int64_t connections)
{
	struct run_peer *p = peer_at(r, kind, address);
	if (strcmp(p->kind, "tcp") == 0)   /* known by now */
		p->kind = run_str(r, kind);
	if (connections > p->connections)
		p->connections = connections;
	return p;
}

/* Pid of the process that listens there, when it does so in the same network namespace. */
static int
listening_process(const struct peer_scan *s, const struct net_address *at,
    const struct map *holders)
{
	for (size_t i = 0; i < s->n_listeners; i++) {
		const struct listener *l = &s->listeners[i];
		bool same = memcmp(l->at.ip, at->ip, 16) == 0;
		if (l->at.port != at->port || !(same || address_is_any(&l->at)))
			continue;
		if (!same && !address_is_loopback(at))
			continue;
		const uint64_t *pid = map_find(holders, &l->inode, sizeof(l->inode));
		if (pid)
			return (int)*pid;
	}
	return 0;
}

struct titled {
	const struct outgoing *of;
	const char *program;       /* NULL: none found */
};

static bool
note_title(void *ctx, int pid)
{
	struct titled *t = ctx;
	char title[512];
	struct process_title said;

	if (file_peek(title, sizeof(title), "/proc/%d/cmdline", pid) <= 0 || !process_title_parse(title, &said) ||
	    (said.client ? said.client != t->of->from : said.port != t->of->to.port))
		return true;
	t->program = said.program;
	return false;
}

/* A server of another user, whose files may not be seen, by what it calls itself; NULL unknown. */
static const char *
titled_server(const struct outgoing *of)
{
	struct titled t = { .of = of };

	if (address_is_loopback(&of->to))
		proc_each(note_title, &t);
	return t.program;
}

static bool
is_of_service(const struct run *r, int pid)
{
	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].pid == pid)
			return true;
	return false;
}

static void
add_tcp_peers(struct peer_scan *s)
{
	struct map holders = { 0 };
	size_t hidden;

	if (s->n_outgoing)
		socket_holders(&holders, &hidden);
	for (size_t i = 0; i < s->n_outgoing; i++) {
		const struct net_address *to = &s->outgoing[i].to;
		char exe[512] = "", address[64];
		struct proc_stat stat;
		int pid = listening_process(s, to, &holders);
		if (pid && is_of_service(s->run, pid))
			continue;
		if (pid)
			process_exe(pid, exe, sizeof(exe));
		const char *title = pid ? NULL : titled_server(&s->outgoing[i]);
		const char *slash = strrchr(exe, '/');
		address_format(to, address, sizeof(address));
		struct run_peer *peer = add_peer(s->run, peer_kind(slash ? slash + 1 : title, to->port),
		    address, s->outgoing[i].connections);
		if (pid && proc_stat_read(pid, &stat)) {
			peer->process = run_str(s->run, stat.name);
			peer->pid = pid;
		}
	}
	map_done(&holders);
}

static bool
is_known(const struct run *r, const char *address)
{
	for (size_t i = 0; i < r->system.n_peers; i++)
		if (strcmp(r->system.peers[i].address, address) == 0)
			return true;
	return false;
}

static void
note_listener(void *ctx, const struct proc_tcp *t)
{
	struct peer_scan *s = ctx;

	if (t->state == TCP_STATE_LISTEN)
		*ARENA_PUSH(s->arena, s->listeners, s->n_listeners) = (struct listener){ t->local, t->inode };
}

/* "127.0.0.1:80": of a loopback address the port says who listens. */
static void
add_called(struct peer_scan *s, const char *address, const struct map *holders)
{
	const char *port = strrchr(address, ':');
	struct proc_stat stat;

	if (!port || (strncmp(address, "127.", 4) != 0 && strncmp(address, "[::1]", 5) != 0))
		return;
	for (size_t i = 0; i < s->n_listeners; i++) {
		const uint64_t *pid = map_find(holders, &s->listeners[i].inode, sizeof(uint64_t));
		if (s->listeners[i].at.port != atoi(port + 1) || !pid || is_of_service(s->run, (int)*pid) ||
		    !proc_stat_read((int)*pid, &stat))
			continue;
		struct run_peer *peer = add_peer(s->run, peer_kind(stat.name, s->listeners[i].at.port), address, 0);
		peer->process = run_str(s->run, stat.name);
		peer->pid = stat.pid;
		return;
	}
}

void
peers_of_calls(struct run *r)
{
	struct peer_scan s = { .run = r, .arena = arena_new() };
	const struct run_trace *t = &r->evidence.trace;
	struct map holders = { 0 };
	size_t hidden;

	for (size_t i = 0; i < t->n_calls; i++) {
		if (!t->calls[i].peer || is_known(r, t->calls[i].peer))
			continue;
		if (!s.n_listeners) {
			tcp_each(getpid(), note_listener, &s);
			socket_holders(&holders, &hidden);
		}
		add_called(&s, t->calls[i].peer, &holders);
	}
	map_done(&holders);
	arena_free(s.arena);
}

void
peers_forget_own(struct run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->system.n_peers; i++)
		if (!is_of_service(r, (int)r->system.peers[i].pid))
			r->system.peers[kept++] = r->system.peers[i];
	r->system.n_peers = kept;
}

static void
add_unix_peers(struct peer_scan *s)
{
	struct map paths = { 0 };

	if (s->sockets.count)
		unix_peers(s->arena, &paths);
	struct map by_path = { 0 };
	const struct map_slot *slot;
	for (size_t i = 0; (slot = map_next(&s->sockets, &i));) {
		const uint64_t *path = map_find(&paths, slot->key, slot->key_size);
		if (path)
			++*map_at(&by_path, (const char *)(uintptr_t)*path,
			    strlen((const char *)(uintptr_t)*path) + 1, NULL);
	}
	for (size_t i = 0; (slot = map_next(&by_path, &i));) {
		const char *kind = peer_kind_unix(slot->key);
		if (kind)
			add_peer(s->run, kind, slot->key, (int64_t)slot->value);
	}
	map_done(&by_path);
	map_done(&paths);
}

static void
add_files(struct peer_scan *s)
{
	const struct map_slot *slot;
	for (size_t i = 0; (slot = map_next(&s->files, &i));)
		add_peer(s->run, "sqlite", arena_strndup(s->arena, slot->key, slot->key_size),
		    (int64_t)slot->value);
}

static void
read_sockets(struct peer_scan *s)
{
	const struct run_system *system = &s->run->system;
	struct map namespaces = { 0 };

	for (size_t i = 0; i < system->n_processes; i++)
		fd_each((int)system->processes[i].pid, note_open, s);
	for (size_t i = 0; i < system->n_processes; i++) {
		uint64_t id = network_namespace((int)system->processes[i].pid);
		bool new;
		map_at(&namespaces, &id, sizeof(id), &new);
		if (new)
			tcp_each((int)system->processes[i].pid, note_tcp, s);
	}
	map_done(&namespaces);
}

void
peers_find(struct run *r)
{
	struct peer_scan s = { .run = r, .arena = arena_new() };

	for (size_t i = 0; i < r->system.n_processes; i++)
		for (size_t j = 0; j < r->system.processes[i].n_ports; j++) {
			uint16_t port = (uint16_t)r->system.processes[i].ports[j];
			map_at(&s.ports, &port, sizeof(port), NULL);
		}
	read_sockets(&s);
	add_tcp_peers(&s);
	add_unix_peers(&s);
	add_files(&s);
	map_done(&s.files);
	map_done(&s.other_files);
	map_done(&s.sockets);
	map_done(&s.ports);
	arena_free(s.arena);
}

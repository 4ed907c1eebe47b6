/* SPDX-License-Identifier: MIT */
/* URL -> addresses -> listening sockets -> inodes -> processes with such a file open.
 *
 * The kernel gives a connection to the socket whose address fits most closely, so a socket bound
 * to the very address hides one bound to all. A socket published for a container is held by a
 * proxy (or by nobody: address translation); then the port is looked for in the other network
 * namespaces. */
#include "observe/discover.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "net/addr.h"

static bool
is_local(const struct net_address *a)
{
	struct ifaddrs *all = NULL;
	bool found = address_is_loopback(a) || address_is_any(a);

	if (found || getifaddrs(&all) < 0)
		return found;
	for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		struct net_address own;
		found = address_of(i->ifa_addr, &own) && memcmp(own.ip, a->ip, 16) == 0;
	}
	freeifaddrs(all);
	return found;
}

/* Listening sockets that fit an address best so far. */
struct match {
	struct net_address at;
	bool any_address;       /* only the port counts */
	int fit;
	struct map inodes;
};

static int
fit_of(const struct net_address *bound, const struct match *m)
{
	static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };
	if (bound->port != m->at.port)
		return 0;
	if (m->any_address || memcmp(bound->ip, m->at.ip, 16) == 0)
		return 3;
	if (!address_is_any(bound))
		return 0;
	return memcmp(bound->ip, v4_prefix, 12) == memcmp(m->at.ip, v4_prefix, 12) ? 2 : 1;
}

static void
match_listener(void *ctx, const struct proc_tcp *t)
{
	struct match *m = ctx;
	int fit = t->state == TCP_STATE_LISTEN ? fit_of(&t->local, m) : 0;
	if (!fit || fit < m->fit)
		return;
	if (fit > m->fit)
		map_done(&m->inodes);
	m->fit = fit;
	map_at(&m->inodes, &t->inode, sizeof(t->inode), NULL);
}

/* Processes that hold one of some sockets. */
struct hunt {
	const struct map *inodes;
	bool holds;
	int *pids;
	size_t n, capacity;
};

static void
hunt_fd(void *ctx, int pid, int fd, const char *target)
{
	struct hunt *h = ctx;
	uint64_t inode = socket_inode(target);
	h->holds |= inode && map_find(h->inodes, &inode, sizeof(inode));
}

static bool
hunt_process(void *ctx, int pid)
{
	struct hunt *h = ctx;
	h->holds = false;
	if (pid == getpid() || fd_each(pid, hunt_fd, h) < 0 || !h->holds)
		return true;
	if (h->n == h->capacity) {
		h->capacity = h->capacity ? h->capacity * 2 : 16;
		h->pids = realloc(h->pids, h->capacity * sizeof(*h->pids));
		if (!h->pids)
			abort();
	}
	h->pids[h->n++] = pid;
	return true;
}

uint64_t
network_namespace(int pid)
{
	char path[64], target[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	ssize_t size = readlink(path, target, sizeof(target) - 1);
	if (size < 0)
		return 0;
	target[size] = '\0';
	return strncmp(target, "net:[", 5) == 0 ? strtoull(target + 5, NULL, 10) : 0;
}

void
process_exe(int pid, char *out, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	ssize_t n = readlink(path, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
}

/* A port looked for in the network namespaces of others. */
struct elsewhere {
	struct match match;
	const char *container_ip;       /* NULL: any */
	struct map namespaces;          /* looked at already */
};

/* Is this an address of the network namespace that the process is in? */
static bool
has_address(int pid, const char *ip)
{
	CLEANUP(buf_done) struct buf routes = { 0 };
	char path[64], leaf[64];
	struct err ignored;

	snprintf(path, sizeof(path), "/proc/%d/net/fib_trie", pid);
	snprintf(leaf, sizeof(leaf), "|-- %s\n", ip);
	if (file_read(path, 1 << 20, &routes, &ignored) < 0)
		return false;
	const char *at = strstr(buf_text(&routes), leaf);   /* followed by what it is there */
	const char *host = at ? strstr(at, "/32 host LOCAL") : NULL;
	return host && !memmem(at + strlen(leaf), (size_t)(host - at) - strlen(leaf), "|--", 3);
}

static bool
look_elsewhere(void *ctx, int pid)
{
	struct elsewhere *w = ctx;
	bool new = false;

	uint64_t id = network_namespace(pid);
	if (id)
		map_at(&w->namespaces, &id, sizeof(id), &new);
	if (new && (!w->container_ip || has_address(pid, w->container_ip)))
		tcp_each(pid, match_listener, &w->match);
	return true;
}

static void
find_elsewhere(const char *container_ip, uint16_t port, struct map *ret_inodes)
{
	struct elsewhere w = { .container_ip = container_ip,
		.match = { .at.port = port, .any_address = true } };
	uint64_t own = network_namespace(getpid());

	map_at(&w.namespaces, &own, sizeof(own), NULL);
	proc_each(look_elsewhere, &w);
	map_done(&w.namespaces);
	*ret_inodes = w.match.inodes;
}

/* Value of "-name value" in a command line of NUL-separated arguments. */
static const char *
argument(const char *command, size_t size, const char *name)
{
	for (size_t at = 0; at < size; at += strlen(command + at) + 1)
		if (strcmp(command + at, name) == 0 && at + strlen(name) + 1 < size)
			return command + at + strlen(name) + 1;
	return NULL;
}

/* Is this Docker's userland proxy? Then find the sockets inside the container that it serves. */
static bool
behind_proxy(int pid, struct map *ret_inodes)
{
	char exe[512], command[2048];

	process_exe(pid, exe, sizeof(exe));
	const char *slash = strrchr(exe, '/');
	if (!slash || strcmp(slash + 1, "docker-proxy") != 0)
		return false;
	long size = file_peek(command, sizeof(command), "/proc/%d/cmdline", pid);
	const char *ip = size > 0 ? argument(command, (size_t)size, "-container-ip") : NULL;
	const char *port = size > 0 ? argument(command, (size_t)size, "-container-port") : NULL;
	if (!ip || !port)
		return false;
	find_elsewhere(ip, (uint16_t)atoi(port), ret_inodes);
	return true;
}

/* systemd keeps the sockets that it passes to services. */
static bool
is_init(int pid)
{
	char exe[512];

	if (pid == 1)
		process_exe(pid, exe, sizeof(exe));
	return pid == 1 && strstr(exe, "/systemd");
}

static size_t
add_holders(const struct map *inodes, struct tree *t)
{
	struct hunt h = { .inodes = inodes };

	if (inodes->count)
		proc_each(hunt_process, &h);
	size_t added = 0;
	for (size_t i = 0; i < h.n; i++) {
		struct map inside = { 0 };
		if (behind_proxy(h.pids[i], &inside))
			added += add_holders(&inside, t);
		else if (!is_init(h.pids[i]))
			added += tree_add(t, h.pids[i]) || tree_find(t, h.pids[i]);
		map_done(&inside);
	}
	free(h.pids);
	return added;
}

static enum found
discover_address(const struct net_address *a, struct tree *t)
{
	struct match m = { .at = *a };

	tcp_each(getpid(), match_listener, &m);
	if (!m.inodes.count)
		find_elsewhere(NULL, a->port, &m.inodes);
	enum found result = !m.inodes.count ? FOUND_NO_LISTENER :
	    add_holders(&m.inodes, t) ? FOUND : FOUND_HIDDEN;
	map_done(&m.inodes);
	return result;
}

void
discover_listener(int from, const struct net_address *at, struct tree *t)
{
	struct match m = { .at = *at };
	char text[64];

	address_format(at, text, sizeof(text));
	*strrchr(text, ':') = '\0';
	if (address_is_loopback(at) || has_address(from, text))
		tcp_each(from, match_listener, &m);
	else
		find_elsewhere(text, at->port, &m.inodes);
	add_holders(&m.inodes, t);
	map_done(&m.inodes);
}

void
discover_unix(const char *path, struct tree *t)
{
	struct map inodes = { 0 };

	unix_listeners(path, &inodes);
	add_holders(&inodes, t);
	map_done(&inodes);
}

enum found
discover_url(const struct url *u, struct tree *t)
{
	struct addr all[16];
	struct err ignored;
	enum found best = FOUND_REMOTE;

	int n = addr_resolve(u->host, u->port, all, COUNT_OF(all), &ignored);
	for (int i = 0; i < n && best != FOUND; i++) {
		struct net_address a;
		if (!address_of((const struct sockaddr *)&all[i].sa, &a) || !is_local(&a))
			continue;
		enum found this = discover_address(&a, t);
		if (best == FOUND_REMOTE || this == FOUND || this == FOUND_HIDDEN)
			best = this;
	}
	return best;
}

static bool
same_command(int a, int b)
{
	char exe[2][512], command[2][4096];
	int pid[2] = { a, b };
	long size[2];

	for (int i = 0; i < 2; i++) {
		process_exe(pid[i], exe[i], sizeof(exe[i]));
		size[i] = file_peek(command[i], sizeof(command[i]), "/proc/%d/cmdline", pid[i]);
	}
	return exe[0][0] && strcmp(exe[0], exe[1]) == 0 && size[0] > 0 && size[0] == size[1] &&
	    memcmp(command[0], command[1], (size_t)size[0]) == 0;
}

void
discover_masters(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		int parent = t->members[i].parent;
		if (parent > 1 && same_command(parent, t->members[i].pid))
			tree_add(t, parent);
	}
}

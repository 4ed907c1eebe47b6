/* SPDX-License-Identifier: MIT */
#include "trace/proc_talks.h"

#include <dirent.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/socket_dump.h"
#include "trace/assemble.h"
#include "trace/proc_sockets.h"
#include "trace/proc_states.h"
#include "trace/talk.h"

#define COSTS          20      /* times what a look took until the next one: 5 % */
#define TALKS_MAX      4096
#define SOCKETS_MAX    65536
#define PEERS_MAX      64
#define TIME_WAIT      6
#define TIME_WAIT_MS   60000   /* TCP_TIMEWAIT_LEN */
#define CLIENT         UINT32_MAX
#define ANSWERS_MIN    50
#define SHARE_MIN      0.02    /* of a thread: less is not told */

enum owner { OURS = 1, OTHERS };

struct ends { struct net_address local, remote; };

struct socket {                /* of one look */
	struct ends ends;
	uint64_t inode;
	struct talk_look look;
	uint64_t bytes_out;
	uint32_t mss;
};

struct connection {
	struct talk talk;
	uint32_t peer;             /* CLIENT: of the service's own clients */
	uint64_t bytes_first, bytes_out;
	uint32_t mss;
	bool was_there;            /* when looking began */
};

struct peer {
	struct net_address at;
	int64_t waiting;           /* sum over looks */
};

struct proc_talks {
	struct arena *arena;
	struct map ports;          /* the service listens on */
	struct map owners;         /* inode -> enum owner */
	struct map by_inode;       /* -> connection */
	struct connection *talks;  size_t n;
	struct peer *peers;        size_t n_peers;
	struct socket *now;        size_t n_now, room;
	struct map now_ids;        /* ends -> now */
	int64_t looked_at, cost, looks, sending;   /* sending: to clients, sum over looks */
};

struct proc_talks *
proc_talks_new(const struct run *r)
{
	struct proc_talks *t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->arena = arena_new();
	for (size_t i = 0; i < r->system.n_processes; i++)
		for (size_t k = 0; k < r->system.processes[i].n_ports; k++) {
			uint16_t port = (uint16_t)r->system.processes[i].ports[k];
			map_at(&t->ports, &port, sizeof(port), NULL);
		}
	return t;
}

void
proc_talks_free(struct proc_talks *t)
{
	if (!t)
		return;
	map_done(&t->ports);
	map_done(&t->owners);
	map_done(&t->by_inode);
	map_done(&t->now_ids);
	free(t->now);
	arena_free(t->arena);
	free(t);
}

/* ---- looking ------------------------------------------------------------------------------- */

static void
note_socket(void *ctx, const struct nlmsghdr *h)
{
	struct proc_talks *t = ctx;
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	struct tcp_info info = { 0 };
	size_t size;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || t->n_now == SOCKETS_MAX)
		return;
	const void *told = socket_attribute(h, sizeof(*m), INET_DIAG_INFO, &size);
	const struct proc_tcp tcp = socket_ends(m);
	if (!told || size < offsetof(struct tcp_info, tcpi_delivery_rate) || !tcp.inode)   /* not accepted yet */
		return;
	memcpy(&info, told, size < sizeof(info) ? size : sizeof(info));
	if (t->n_now == t->room) {
		t->room = t->room ? 2 * t->room : 256;
		t->now = realloc(t->now, t->room * sizeof(*t->now));
		if (!t->now)
			abort();
	}
	t->now[t->n_now++] = (struct socket){ .ends = { tcp.local, tcp.remote }, .inode = tcp.inode,
		.look = { .sent_ago = info.tcpi_last_data_sent, .received_ago = info.tcpi_last_data_recv,
			.unacked = info.tcpi_unacked, .segs_out = info.tcpi_data_segs_out,
			.segs_in = info.tcpi_data_segs_in, .bytes_in = info.tcpi_bytes_received,
			.unsent = info.tcpi_notsent_bytes },
		.bytes_out = info.tcpi_bytes_acked, .mss = info.tcpi_snd_mss };
}

static void
own_sockets(struct proc_talks *t, int pid)
{
	char path[64], target[64];
	unsigned long long inode;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir)); ) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%llu]", &inode) == 1) {
			uint64_t key = inode;
			*map_at(&t->owners, &key, sizeof(key), NULL) = OURS;
		}
	}
	if (dir)
		closedir(dir);
}

static bool
is_served(const struct proc_talks *t, const struct socket *s)
{
	return map_find(&t->ports, &s->ends.local.port, sizeof(s->ends.local.port)) != NULL;
}

/* New sockets are ours, or those of others, for as long as they are there. */
static void
find_owners(struct proc_talks *t, const int *pids, size_t n_pids)
{
	bool strange = false;

	if (t->owners.count > SOCKETS_MAX)
		map_done(&t->owners);
	for (size_t i = 0; i < t->n_now && !strange; i++)
		strange = !is_served(t, &t->now[i]) && !map_find(&t->owners, &t->now[i].inode, sizeof(uint64_t));
	for (size_t i = 0; strange && i < n_pids; i++)
		own_sockets(t, pids[i]);
	for (size_t i = 0; strange && i < t->n_now; i++) {
		uint64_t *owner = map_at(&t->owners, &t->now[i].inode, sizeof(uint64_t), NULL);
		*owner = *owner ? *owner : OTHERS;
	}
}

static uint32_t
peer_of(struct proc_talks *t, const struct net_address *at)
{
	for (size_t i = 0; i < t->n_peers; i++)
		if (!memcmp(&t->peers[i].at, at, sizeof(*at)))
			return (uint32_t)i;
	if (t->n_peers == PEERS_MAX)
		return CLIENT;
	*ARENA_PUSH(t->arena, t->peers, t->n_peers) = (struct peer){ .at = *at };
	return (uint32_t)t->n_peers - 1;
}

static struct connection *
connection_of(struct proc_talks *t, const struct socket *s, bool served)
{
	bool new;

	if (t->n == TALKS_MAX && !map_find(&t->by_inode, &s->inode, sizeof(s->inode)))
		return NULL;
	uint64_t *at = map_at(&t->by_inode, &s->inode, sizeof(s->inode), &new);
	if (!new)
		return &t->talks[*at];
	*at = t->n;
	struct connection *c = ARENA_PUSH(t->arena, t->talks, t->n);
	*c = (struct connection){ .peer = served ? CLIENT : peer_of(t, &s->ends.remote),
		.was_there = t->looks == 0, .bytes_first = t->looks ? 0 : s->bytes_out };
	if (c->was_there)
		talk_begin(&c->talk, &s->look);
	return c;
}

static const struct talk_look *
other_end(const struct proc_talks *t, const struct socket *s)
{
	const struct ends turned = { s->ends.remote, s->ends.local };
	const uint64_t *at = map_find(&t->now_ids, &turned, sizeof(turned));

	return at ? &t->now[*at].look : NULL;
}

static void
look_at(struct proc_talks *t, const struct socket *s)
{
	bool served = is_served(t, s);
	const uint64_t *owner = map_find(&t->owners, &s->inode, sizeof(s->inode));

	if (!served && (!owner || *owner != OURS))
		return;
	struct connection *c = connection_of(t, s, served);
	if (!c)
		return;
	c->bytes_out = s->bytes_out;
	c->mss = s->mss;
	bool waits = talk_waits(&c->talk, &s->look, other_end(t, s));
	if (c->peer != CLIENT)
		t->peers[c->peer].waiting += waits;
	else
		t->sending += s->look.unsent > 0;
}

void
proc_talks_look(struct proc_talks *t, const int *pids, size_t n_pids, int64_t now)
{
	const struct socket_filter filter = { .states = 1 << TCP_STATE_ESTABLISHED,
		.extensions = 1 << (INET_DIAG_INFO - 1) };

	if (now - t->looked_at < COSTS * t->cost)
		return;
	t->looked_at = now;
	int64_t began = now_ns();
	t->n_now = 0;
	map_done(&t->now_ids);
	if (!socket_dump_tcp(&filter, note_socket, t)) {
		for (size_t i = 0; i < t->n_now; i++)
			*map_at(&t->now_ids, &t->now[i].ends, sizeof(t->now[i].ends), NULL) = i;
		find_owners(t, pids, n_pids);
		for (size_t i = 0; i < t->n_now; i++)
			look_at(t, &t->now[i]);
		t->looks++;
	}
	t->cost = now_ns() - began;
}

/* ---- the record ---------------------------------------------------------------------------- */

struct ended { struct net_address at; int64_t since_ms, n; };

static void
note_ended(void *ctx, const struct nlmsghdr *h)
{
	struct ended *e = ctx;
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->idiag_expires > TIME_WAIT_MS)
		return;
	const struct proc_tcp tcp = socket_ends(m);
	bool its = !memcmp(&tcp.local, &e->at, sizeof(e->at)) || !memcmp(&tcp.remote, &e->at, sizeof(e->at));
	e->n += its && TIME_WAIT_MS - (int64_t)m->idiag_expires <= e->since_ms;
}

/* Connections made since: those that are there, and those that have ended, which the kernel of whoever
 * ended them remembers for a minute. */
static int64_t
connects(const struct proc_talks *t, size_t peer, double seconds)
{
	struct ended ended = { .at = t->peers[peer].at, .since_ms = (int64_t)(1e3 * seconds) };
	uint16_t port = t->peers[peer].at.port;
	int64_t open = 0;

	socket_dump_tcp(&(struct socket_filter){ .states = 1 << TIME_WAIT, .remote = port }, note_ended, &ended);
	socket_dump_tcp(&(struct socket_filter){ .states = 1 << TIME_WAIT, .local = port }, note_ended, &ended);
	for (size_t i = 0; i < t->n; i++)
		open += t->talks[i].peer == peer && !t->talks[i].was_there;
	return ended.n > open ? ended.n : open;
}

/* Requests that the load had answered meanwhile; 0: not known. */
static double
answered(const struct run *r)
{
	const struct run_evidence *e = &r->evidence;
	const struct run_phase *last = e->n_phases ? &e->phases[e->n_phases - 1] : NULL;

	return last && last->name && !strcmp(last->name, "trace") ? (double)last->answered : 0;
}

/* Threads that sleep in it may have been seen too. */
static void
add_state(struct run *r, enum run_part_kind kind, const char *where, double threads)
{
	struct run_state *s = threads >= SHARE_MIN ? proc_state(r, kind, where) : NULL;
	if (s && s->threads < threads)
		s->threads = threads;
}

static void
add_call(const struct proc_talks *t, size_t peer, struct run *r, const char *name, double seconds)
{
	double requests = answered(r), threads = (double)t->peers[peer].waiting / (double)t->looks;
	const char *kind;
	int64_t calls = 0, bytes = 0, made = connects(t, peer, seconds);

	for (size_t i = 0; i < t->n; i++)
		if (t->talks[i].peer == peer) {
			const struct talk *k = &t->talks[i].talk;
			calls += talk_calls(k);
			bytes += (int64_t)(k->last.bytes_in - k->first.bytes_in);
		}
	if (!calls && !made)
		return;
	enum run_part_kind part = peer_part(t->peers[peer].at.port, &kind);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = run_str(r, kind);
	c->peer = run_str(r, name);
	c->calls = (double)calls;
	c->seconds = threads * seconds;
	if (calls)
		c->bytes = (double)bytes / (double)calls;
	if (requests > 0) {
		c->per_request = (double)calls / requests;
		c->connects_per_request = (double)made / requests;
	}
	add_state(r, part, c->peer, threads);
}

/* Segments of an answer that would fit into one. */
static void
fill_pieces(const struct proc_talks *t, struct run *r)
{
	double requests = answered(r), segments = 0, bytes = 0;
	uint32_t mss = UINT32_MAX;

	for (size_t i = 0; i < t->n; i++) {
		const struct connection *c = &t->talks[i];
		if (c->peer != CLIENT)
			continue;
		segments += c->talk.last.segs_out - c->talk.first.segs_out;
		bytes += (double)(c->bytes_out - c->bytes_first);
		mss = c->mss && c->mss < mss ? c->mss : mss;
	}
	if (requests >= ANSWERS_MIN && segments > 0 && bytes / requests <= (double)mss)
		r->evidence.trace.pieces = segments / requests;
}

void
proc_talks_fill(struct proc_talks *t, struct run *r, double seconds)
{
	char name[80];

	if (!t->looks)
		return;
	for (size_t i = 0; i < t->n_peers; i++) {
		proc_sockets_name(&t->peers[i].at, name, sizeof(name));
		add_call(t, i, r, name, seconds);
	}
	add_state(r, PART_NET, "client", (double)t->sending / (double)t->looks);
	fill_pieces(t, r);
}

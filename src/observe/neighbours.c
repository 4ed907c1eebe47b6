/* SPDX-License-Identifier: MIT */
/* The time of children that have ended is in their parent's figures, so that a compiler's short
 * processes are the build's. */
#include "observe/neighbours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/peers.h"

#define TOLD_MAX  5
#define CORES_MIN 0.02       /* less is not told */
#define KTHREADD  2          /* parent of the kernel's threads: they work for whoever asks */

struct neighbour { char name[64]; int64_t processes; double cpu_s; };

struct look { struct neighbours *n; const struct tree *service; };

static uint64_t
own_ticks(const struct proc_stat *p)
{
	return p->user_ticks + p->system_ticks;
}

static uint64_t
child_ticks(const struct proc_stat *p)
{
	return p->child_user_ticks + p->child_system_ticks;
}

static bool
is_neighbour(const struct tree *service, const struct proc_stat *p)
{
	return p->pid != getpid() && p->pid != KTHREADD && p->parent != KTHREADD &&
	    !(service && tree_find(service, p->pid));
}

enum which { OWN, CHILDREN };
struct key { int pid, which; };

static bool
note_before(void *ctx, int pid)
{
	struct neighbours *n = ctx;
	struct proc_stat p;

	if (!proc_stat_read(pid, &p) || !is_neighbour(NULL, &p))
		return true;
	struct key own = { pid, OWN }, children = { pid, CHILDREN };
	*map_at(&n->before, &own, sizeof(own), NULL) = own_ticks(&p);
	*map_at(&n->before, &children, sizeof(children), NULL) = child_ticks(&p);
	return true;
}

/* A process that came since used all of its time since; what its own children did counts when they
 * end in it. A smaller figure is another process under the same number. */
static uint64_t
since(const struct neighbours *n, int pid, enum which which, uint64_t now)
{
	struct key key = { pid, which };
	const uint64_t *before = map_find(&n->before, &key, sizeof(key));

	return before && *before <= now ? now - *before : now;
}

static struct neighbour *
named(struct neighbours *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->items[i].name, name) == 0)
			return &n->items[i];
	if (n->n == n->capacity) {
		n->capacity = n->capacity ? n->capacity * 2 : 64;
		n->items = realloc(n->items, n->capacity * sizeof(*n->items));
		if (!n->items)
			abort();
	}
	struct neighbour *fresh = &n->items[n->n++];
	*fresh = (struct neighbour){ 0 };
	snprintf(fresh->name, sizeof(fresh->name), "%s", name);
	return fresh;
}

/* A child that has ended brings all the time of its life with it: more than could pass is not of now. */
static bool
note_after(void *ctx, int pid)
{
	const struct look *l = ctx;
	struct neighbours *n = l->n;
	struct proc_stat p;
	double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);

	if (!proc_stat_read(pid, &p) || !is_neighbour(l->service, &p))
		return true;
	double possible_s = ns_to_s(n->to_ns - n->from_ns) * (double)sysconf(_SC_NPROCESSORS_ONLN);
	double own_s = (double)since(n, pid, OWN, own_ticks(&p)) * tick_s;
	double child_s = (double)since(n, pid, CHILDREN, child_ticks(&p)) * tick_s;
	double cpu_s = (own_s < possible_s ? own_s : 0) + (child_s < possible_s ? child_s : 0);
	if (cpu_s > 0) {
		struct neighbour *of = named(n, p.name);
		of->processes++;
		of->cpu_s += cpu_s;
	}
	return true;
}

void
neighbours_begin(struct neighbours *n)
{
	neighbours_done(n);
	n->from_ns = now_ns();
	proc_each(note_before, n);
}

static int
busiest_first(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;

	return x->cpu_s != y->cpu_s ? (x->cpu_s < y->cpu_s ? 1 : -1) : strcmp(x->name, y->name);
}

void
neighbours_end(struct neighbours *n, const struct tree *service)
{
	struct look l = { n, service };

	if (!n->from_ns)
		return;
	n->to_ns = now_ns();
	proc_each(note_after, &l);
	if (n->n > 1)
		qsort(n->items, n->n, sizeof(*n->items), busiest_first);
}

static bool
is_peer(const struct run *r, const char *name)
{
	for (size_t i = 0; i < r->system.n_peers; i++) {
		const struct run_peer *p = &r->system.peers[i];
		if ((p->process && strcmp(p->process, name) == 0) ||
		    (strcmp(p->kind, "tcp") != 0 && strcmp(p->kind, peer_kind(name, 0)) == 0))
			return true;
	}
	return false;
}

void
neighbours_write(const struct neighbours *n, struct run *r)
{
	double passed_s = ns_to_s(n->to_ns - n->from_ns);

	for (size_t i = 0; i < n->n && i < TOLD_MAX && passed_s > 0; i++) {
		const struct neighbour *from = &n->items[i];
		if (from->cpu_s / passed_s < CORES_MIN)
			break;
		struct run_neighbour *to = RUN_ADD(r, neighbour, r->system.neighbours, r->system.n_neighbours);
		to->name = run_str(r, from->name);
		to->processes = from->processes;
		to->cpu = from->cpu_s / passed_s;
		to->peer = is_peer(r, from->name);
	}
}

void
neighbours_done(struct neighbours *n)
{
	map_done(&n->before);
	free(n->items);
	*n = (struct neighbours){ 0 };
}

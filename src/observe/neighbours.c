/* SPDX-License-Identifier: MIT */
/* The time of children that have ended is in their parent's figures, so a compiler's short processes are
 * the build's; what a child had used before the first look is taken off again. */
#include "observe/neighbours.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/peers.h"

#define TOLD_MAX  5          /* peers come on top: that they use little is worth knowing, too */
#define CORES_MIN 0.02       /* less is not told, but of peers */
#define KTHREADD  2          /* parent of the kernel's threads: they work for whoever asks */

struct neighbour { char name[64]; int64_t processes; double cpu_s; };

static void *
grown(void *items, size_t *capacity, size_t size)
{
	*capacity = *capacity ? *capacity * 2 : 64;
	items = realloc(items, *capacity * size);
	if (!items)
		abort();
	return items;
}

/* ---- looks --------------------------------------------------------------------------------- */

/* It takes only what nobody else wants. */
static bool
is_idle_class(int pid)
{
	return sched_getscheduler(pid) == SCHED_IDLE;
}

static bool
note(void *ctx, int pid)
{
	struct look *l = ctx;
	struct proc_stat p;

	if (!proc_stat_read(pid, &p) || pid == KTHREADD || p.parent == KTHREADD || is_idle_class(pid))
		return true;
	if (l->n == l->capacity)
		l->items = grown(l->items, &l->capacity, sizeof(*l->items));
	*map_at(&l->by_pid, &pid, sizeof(pid), NULL) = l->n;
	l->items[l->n++] = p;
	return true;
}

static void
look_done(struct look *l)
{
	free(l->items);
	map_done(&l->by_pid);
	*l = (struct look){ 0 };
}

static void
look_take(struct look *l)
{
	look_done(l);
	l->at_ns = now_ns();
	proc_each(note, l);
}

/* NULL when it was not there, or was another under the same number. */
static const struct proc_stat *
look_find(const struct look *l, int pid, uint64_t start_ticks)
{
	const uint64_t *at = map_find(&l->by_pid, &pid, sizeof(pid));

	return at && l->items[*at].start_ticks == start_ticks ? &l->items[*at] : NULL;
}

static double
own_ticks(const struct proc_stat *p)
{
	return (double)(p->user_ticks + p->system_ticks);
}

static double
all_ticks(const struct proc_stat *p)
{
	return own_ticks(p) + (double)(p->child_user_ticks + p->child_system_ticks);
}

/* What the children of `pid` that ended between the looks had used before the first. */
static double
brought_in(const struct neighbours *n, int pid)
{
	double sum = 0;

	for (size_t i = 0; i < n->before.n; i++) {
		const struct proc_stat *p = &n->before.items[i];
		if (p->parent == pid && !look_find(&n->after, p->pid, p->start_ticks))
			sum += all_ticks(p);
	}
	return sum;
}

static double
used_ticks(const struct neighbours *n, const struct proc_stat *p)
{
	const struct proc_stat *before = look_find(&n->before, p->pid, p->start_ticks);

	if (!before)
		return all_ticks(p);
	double own = own_ticks(p) - own_ticks(before);
	double children = all_ticks(p) - all_ticks(before) - own;
	if (children > 0)
		children -= brought_in(n, p->pid);
	return own + (children > 0 ? children : 0);
}

/* ---- neighbours ---------------------------------------------------------------------------- */

static struct neighbour *
named(struct neighbours *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->items[i].name, name) == 0)
			return &n->items[i];
	if (n->n == n->capacity)
		n->items = grown(n->items, &n->capacity, sizeof(*n->items));
	struct neighbour *fresh = &n->items[n->n++];
	*fresh = (struct neighbour){ 0 };
	snprintf(fresh->name, sizeof(fresh->name), "%s", name);
	return fresh;
}

static int
busiest_first(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;

	return x->cpu_s != y->cpu_s ? (x->cpu_s < y->cpu_s ? 1 : -1) : strcmp(x->name, y->name);
}

void
neighbours_begin(struct neighbours *n)
{
	look_take(&n->before);
}

void
neighbours_end(struct neighbours *n, const struct tree *service)
{
	double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);

	if (!n->before.at_ns)
		return;
	look_take(&n->after);
	for (size_t i = 0; i < n->after.n; i++) {
		const struct proc_stat *p = &n->after.items[i];
		double ticks = p->pid == getpid() || tree_find(service, p->pid) ? 0 : used_ticks(n, p);
		if (!(ticks > 0))
			continue;
		struct neighbour *of = named(n, p->name);
		of->processes++;
		of->cpu_s += ticks * tick_s;
	}
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
	double passed_s = ns_to_s(n->after.at_ns - n->before.at_ns);

	for (size_t i = 0; i < n->n && passed_s > 0; i++) {
		const struct neighbour *from = &n->items[i];
		bool peer = is_peer(r, from->name);
		if (!peer && (i >= TOLD_MAX || from->cpu_s / passed_s < CORES_MIN))
			continue;
		struct run_neighbour *to = RUN_ADD(r, neighbour, r->system.neighbours, r->system.n_neighbours);
		to->name = run_str(r, from->name);
		to->processes = from->processes;
		to->cpu = from->cpu_s / passed_s;
		to->peer = peer;
	}
}

void
neighbours_done(struct neighbours *n)
{
	look_done(&n->before);
	look_done(&n->after);
	free(n->items);
	*n = (struct neighbours){ 0 };
}

/* SPDX-License-Identifier: MIT */
#include "experiment/component.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

#define USES_NOTHING 0.05               /* cores */
#define HOST_FULL    0.1                /* of the CPUs idle, or less */
#define MOST_OF_HOST 0.6                /* of what all use but prony */
#define GETS_IT      0.9                /* of what its threads could use: others keep nothing from it */

static double
ticks_of(const struct proc_stat *p)
{
	return (double)(p->user_ticks + p->system_ticks);
}

static double
own_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double
host_busy_ticks(void)
{
	char text[512];
	struct proc_cpu cpu;

	if (file_peek(text, sizeof(text), "/proc/stat") <= 0 || !proc_parse_cpu(text, &cpu))
		return NAN;
	return (double)(cpu.user + cpu.system);
}

static void
closedir_p(DIR **d)
{
	if (*d)
		closedir(*d);
}

static void
each_thread(int pid, void (*visit)(void *ctx, int tid, double ticks), void *ctx)
{
	char path[64], text[1024];
	struct proc_stat s;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	CLEANUP(closedir_p) DIR *d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		int tid = atoi(entry->d_name);
		if (tid > 0 && file_peek(text, sizeof(text), "%s/%d/stat", path, tid) > 0 &&
		    proc_parse_stat(text, &s))
			visit(ctx, tid, ticks_of(&s));
	}
}

static void
note_thread(void *ctx, int tid, double ticks)
{
	struct component *c = ctx;
	*map_at(&c->thread_ticks, &tid, sizeof(tid), NULL) = (uint64_t)ticks;
}

void
component_begin(struct component *c, const int *pids, size_t n)
{
	*c = (struct component){ 0 };
	for (size_t i = 0; i < n; i++)
		tree_add(&c->tree, pids[i]);
	tree_scan(&c->tree);
	for (size_t i = 0; i < c->tree.n; i++) {
		c->ticks += ticks_of(&c->tree.members[i]);
		each_thread(c->tree.members[i].pid, note_thread, c);
	}
	c->host_busy = host_busy_ticks();
	c->own_s = own_seconds();
	c->at_ns = now_ns();
}

void
component_done(struct component *c)
{
	tree_done(&c->tree);
	map_done(&c->thread_ticks);
}

/* Participation ratio: (sum of x)^2 / sum of x^2. */
struct spread { const struct map *before; double sum, squares; };

static void
add_thread(void *ctx, int tid, double ticks)
{
	struct spread *s = ctx;
	const uint64_t *before = map_find(s->before, &tid, sizeof(tid));
	double used = ticks - (before ? (double)*before : 0);

	s->sum += used;
	s->squares += used * used;
}

void
component_use(struct component *c, struct component_use *ret)
{
	double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK), seconds = ns_to_s(now_ns() - c->at_ns), ticks = 0;
	double own = (own_seconds() - c->own_s) / seconds;
	double busy = (host_busy_ticks() - c->host_busy) * tick_s / seconds;
	struct spread s = { .before = &c->thread_ticks };

	tree_scan(&c->tree);
	tree_read(&c->tree);
	for (size_t i = 0; i < c->tree.n; i++) {
		ticks += ticks_of(&c->tree.members[i]);
		each_thread(c->tree.members[i].pid, add_thread, &s);
	}
	*ret = (struct component_use){
		.cores = fmax(0, ticks - c->ticks) * tick_s / seconds,
		.threads = s.squares > 0 ? s.sum * s.sum / s.squares : 1,
		.host_cores = fmax(0, busy - own),
		.idle_cores = fmax(0, (double)sysconf(_SC_NPROCESSORS_ONLN) - busy),
	};
}

double
component_reach(const struct component_use *use, int64_t requests, const char **ret_why)
{
	double reach = fmin(fmax(1, round(use->threads)), (double)requests);
	bool full = use->idle_cores < HOST_FULL * (use->host_cores + use->idle_cores);

	*ret_why = NULL;
	if (use->cores < USES_NOTHING)
		*ret_why = "it uses hardly any CPU";
	else if (full && use->cores < MOST_OF_HOST * use->host_cores && use->cores < GETS_IT * reach)
		*ret_why = "the host's CPUs are full, and others use most of them";
	return *ret_why ? NAN : fmin(reach, use->cores + use->idle_cores);
}

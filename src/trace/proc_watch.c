/* SPDX-License-Identifier: MIT */
#include "trace/proc_watch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "trace/assemble.h"

#define THREADS_MAX   1024
#define REPORTED_MAX  64

struct watched {
	int pid, tid;
	char name[16];
	int64_t cpu_first, cpu, queued_first, queued;
	int64_t ticks, blocked, polls;
};

struct proc_watch {
	struct arena *arena;
	struct map ids;
	struct watched *threads;   size_t n;
	int64_t began;
};

struct proc_watch *
proc_watch_new(void)
{
	struct proc_watch *w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	w->arena = arena_new();
	w->began = now_ns();
	return w;
}

void
proc_watch_free(struct proc_watch *w)
{
	if (!w)
		return;
	map_done(&w->ids);
	arena_free(w->arena);
	free(w);
}

static void
read_name(struct watched *t)
{
	if (file_peek(t->name, sizeof(t->name), "/proc/%d/task/%d/comm", t->pid, t->tid) > 0)
		t->name[strcspn(t->name, "\n")] = '\0';
}

/* State letter of a thread; 0 when it has gone. */
static char
state_of(const struct watched *t)
{
	char text[512];
	if (file_peek(text, sizeof(text), "/proc/%d/task/%d/stat", t->pid, t->tid) <= 0)
		return 0;
	const char *end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

static void
look_blocked(struct watched *t, char state)
{
	char text[256];
	int nr = -1;
	if (file_peek(text, sizeof(text), "/proc/%d/task/%d/syscall", t->pid, t->tid) > 0)
		sscanf(text, "%d", &nr);
	bool poll = nr == SYS_epoll_wait || nr == SYS_epoll_pwait || nr == SYS_poll ||
	    nr == SYS_select || nr == SYS_pselect6 || nr == SYS_ppoll;
	t->polls += poll;
	/* Sleeping in a plain read is waiting for the next request more often than not. */
	t->blocked += state == 'D' || (nr >= 0 && nr != SYS_read &&
	    part_of_syscall(nr, false) != PART_NONE);
}

static void
look(struct proc_watch *w, int pid, int tid)
{
	char text[128];
	bool new;
	long long cpu = 0, queued = 0;
	struct { int pid, tid; } key = { pid, tid };

	if (w->n >= THREADS_MAX && !map_find(&w->ids, &key, sizeof(key)))
		return;
	uint64_t *at = map_at(&w->ids, &key, sizeof(key), &new);
	if (new) {
		*at = w->n;
		struct watched *fresh = ARENA_PUSH(w->arena, w->threads, w->n);
		fresh->pid = pid;
		fresh->tid = tid;
		read_name(fresh);
	}
	struct watched *t = &w->threads[*at];
	if (file_peek(text, sizeof(text), "/proc/%d/task/%d/schedstat", pid, tid) > 0)
		sscanf(text, "%lld %lld", &cpu, &queued);
	if (!t->ticks++) {
		t->cpu_first = cpu;
		t->queued_first = queued;
	}
	t->cpu = cpu;
	t->queued = queued;
	char state = state_of(t);
	if (state == 'S' || state == 'D')
		look_blocked(t, state);
}

void
proc_watch_tick(struct proc_watch *w, const int *pids, size_t n_pids, int64_t now)
{
	char path[64];
	for (size_t i = 0; i < n_pids; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task", pids[i]);
		DIR *dir = opendir(path);
		for (struct dirent *d; dir && (d = readdir(dir)); )
			if (d->d_name[0] != '.')
				look(w, pids[i], atoi(d->d_name));
		if (dir)
			closedir(dir);
	}
}

static int
busiest_first(const void *left, const void *right)
{
	const struct watched *l = left, *r = right;
	int64_t a = l->cpu - l->cpu_first + l->queued - l->queued_first;
	int64_t b = r->cpu - r->cpu_first + r->queued - r->queued_first;
	return a > b ? -1 : a < b;
}

void
proc_watch_fill(struct proc_watch *w, struct run *r, int64_t now)
{
	struct run_trace *t = &r->evidence.trace;
	double whole = (double)(now - w->began);
	if (w->n)
		qsort(w->threads, w->n, sizeof(*w->threads), busiest_first);
	for (size_t i = 0; i < w->n && i < REPORTED_MAX && whole > 0; i++) {
		const struct watched *from = &w->threads[i];
		struct run_thread *to = RUN_ADD(r, thread, t->threads, t->n_threads);
		to->pid = from->pid;
		to->tid = from->tid;
		to->name = run_str(r, from->name);
		to->loop = from->polls > 0;
		to->cpu = (double)(from->cpu - from->cpu_first) / whole;
		to->runqueue = (double)(from->queued - from->queued_first) / whole;
		to->blocked = from->ticks ? (double)from->blocked / (double)from->ticks : 0;
	}
}

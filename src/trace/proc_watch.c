/* SPDX-License-Identifier: MIT */
#include "trace/proc_watch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "trace/eyes.h"
#include "trace/proc_python.h"
#include "trace/proc_states.h"
#include "trace/proc_talks.h"
#include "trace/summary.h"
#include "trace/task_waits.h"

#define THREADS_MAX   1024
#define REPORTED_MAX  64
#define LOOKED_MAX    128      /* a tick: of more threads every second, third ... is looked at */

struct watched {
	int pid, tid;
	char name[16];
	int64_t cpu_first, cpu, queued_first, queued;
	int64_t ticks, blocked, polls;
};

struct proc_watch {
	struct intake *in;
	struct arena *arena;
	struct map ids;
	struct watched *threads;   size_t n;
	struct proc_states *states;
	struct proc_talks *talks;
	struct proc_python *python;    /* NULL: what runs is sampled by others */
	int64_t began, ticks;
};

struct proc_watch *
proc_watch_new(struct intake *in, const struct run *r, bool functions)
{
	struct proc_watch *w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	w->arena = arena_new();
	w->in = in;
	w->states = proc_states_new(in);
	w->talks = proc_talks_new(r);
	w->python = functions ? proc_python_new(in) : NULL;
	return w;
}

void
proc_watch_free(struct proc_watch *w)
{
	if (!w)
		return;
	proc_states_free(w->states);
	proc_talks_free(w->talks);
	proc_python_free(w->python);
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

static bool
is_poll(int nr)
{
	return nr == SYS_epoll_wait || nr == SYS_epoll_pwait || nr == SYS_poll || nr == SYS_select ||
	    nr == SYS_pselect6 || nr == SYS_ppoll;
}

static void
look_blocked(struct proc_watch *w, struct watched *t, char state, size_t stands_for, int64_t now)
{
	char text[256];
	struct proc_call call;

	if (file_peek(text, sizeof(text), "/proc/%d/task/%d/syscall", t->pid, t->tid) <= 0 ||
	    !proc_parse_call(text, &call)) {
		t->blocked += state == 'D';
		return;
	}
	t->polls += is_poll(call.nr);
	t->blocked += proc_states_add(w->states, t->pid, t->tid, &call, state, stands_for, now);
}

static struct watched *
watched_thread(struct proc_watch *w, int pid, int tid)
{
	struct { int pid, tid; } key = { pid, tid };
	bool new;

	if (w->n >= THREADS_MAX && !map_find(&w->ids, &key, sizeof(key)))
		return NULL;
	uint64_t *at = map_at(&w->ids, &key, sizeof(key), &new);
	if (new) {
		*at = w->n;
		struct watched *fresh = ARENA_PUSH(w->arena, w->threads, w->n);
		fresh->pid = pid;
		fresh->tid = tid;
		read_name(fresh);
	}
	return &w->threads[*at];
}

static void
look(struct proc_watch *w, int pid, int tid, size_t stands_for, int64_t now)
{
	char text[128];
	long long cpu = 0, queued = 0;
	struct watched *t = watched_thread(w, pid, tid);

	if (!t)
		return;
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
		look_blocked(w, t, state, stands_for, now);
	else if (state == 'R' && w->python)
		proc_python_look(w->python, pid, tid, now);
}

void
proc_watch_tick(struct proc_watch *w, const int *pids, size_t n_pids, int64_t now)
{
	char path[64];
	size_t stride = w->n / LOOKED_MAX + 1, i = 0;

	if (!w->ticks)             /* a check attaches long before the load that it looks at */
		w->began = now;
	for (size_t k = 0; k < n_pids; k++) {
		snprintf(path, sizeof(path), "/proc/%d/task", pids[k]);
		DIR *dir = opendir(path);
		for (struct dirent *d; dir && (d = readdir(dir)); )
			if (d->d_name[0] != '.' && i++ % stride == (size_t)w->ticks % stride)
				look(w, pids[k], atoi(d->d_name), stride, now);
		if (dir)
			closedir(dir);
	}
	proc_talks_look(w->talks, pids, n_pids, now);
	w->ticks++;
}

static int
busiest_first(const void *left, const void *right)
{
	const struct watched *l = left, *r = right;
	int64_t a = l->cpu - l->cpu_first + l->queued - l->queued_first;
	int64_t b = r->cpu - r->cpu_first + r->queued - r->queued_first;
	return a > b ? -1 : a < b;
}

static void
fill_threads(const struct proc_watch *w, struct run *r, double whole)
{
	struct run_trace *t = &r->evidence.trace;

	for (size_t i = 0; i < w->n && i < REPORTED_MAX; i++) {
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

static void
add_state(struct run *r, enum run_part_kind kind, double threads)
{
	struct run_trace *t = &r->evidence.trace;

	if (threads <= 0)
		return;
	struct run_state *s = RUN_ADD(r, state, t->states, t->n_states);
	s->kind = kind;
	s->threads = threads;
}

void
proc_watch_fill(struct proc_watch *w, struct run *r, int64_t now)
{
	double whole = (double)(now - w->began), cpu = 0, queued = 0;

	if (!w->n || whole <= 0)
		return;
	sort_list(w->threads, w->n, sizeof(*w->threads), busiest_first);
	fill_threads(w, r, whole);
	for (size_t i = 0; i < w->n; i++) {
		cpu += (double)(w->threads[i].cpu - w->threads[i].cpu_first) / whole;
		queued += (double)(w->threads[i].queued - w->threads[i].queued_first) / whole;
	}
	add_state(r, PART_CPU, cpu);
	add_state(r, PART_RUNQUEUE, queued);
	proc_states_fill(w->states, r, w->ticks, whole / 1e9);
	task_waits_states(w->in, r, w->ticks);
	proc_talks_fill(w->talks, r, whole / 1e9);
	proc_states_settle(r, whole / 1e9);
	if (w->python && proc_python_taken(w->python))
		eyes_python(r);
}

bool
proc_watch_may(int pid)
{
	char text[256];
	return file_peek(text, sizeof(text), "/proc/%d/syscall", pid) > 0;
}

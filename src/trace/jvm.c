/* SPDX-License-Identifier: MIT */
#include "trace/jvm.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file_map.h"
#include "symbol/namespace.h"
#include "trace/hsperf.h"

#define LOOK_NS (4 * NS_PER_MS)

enum { MACHINES_MAX = 64, COLLECTORS_MAX = 4, STOPS_MAX = 20000, GROWTH_STOPS_MIN = 3 };

struct stop { int64_t entry, exit, old; };  /* ticks; bytes of the old generation after it */

struct collector {
	size_t invocations, entry, exit, time;  /* places in the file; 0 none */
	int64_t seen, first_seen, first_time;
};

struct machine {
	int pid;
	const uint8_t *bytes; size_t size;      /* the file, mapped */
	struct collector collectors[COLLECTORS_MAX]; size_t n_collectors;
	size_t old;                             /* place of what the old generation holds; 0 none */
	int64_t frequency;                      /* ticks a second */
	int64_t offset_low, offset_high;        /* our clock = ticks as ns + something in between */
	struct stop *stops; size_t n_stops;
	int64_t looked;
};

struct jvm {
	struct machine *machines[MACHINES_MAX];
	atomic_size_t n;
	pthread_t thread;
	bool running;
	atomic_bool stop;
};

struct jvm *
jvm_new(void)
{
	struct jvm *j = calloc(1, sizeof(*j));
	if (!j)
		abort();
	return j;
}

void
jvm_free(struct jvm *j)
{
	if (!j)
		return;
	jvm_stop(j);
	for (size_t i = 0; i < j->n; i++) {
		file_unmap((void *)(uintptr_t)j->machines[i]->bytes, j->machines[i]->size);
		free(j->machines[i]->stops);
		free(j->machines[i]);
	}
	free(j);
}

/* ---- finding the file ----------------------------------------------------------------------- */

/* The folder is named after the user, whose name may be another one inside a container: so every such
 * folder is tried. A file of another owner than the process is not the process's. */
static int
open_counters(int pid)
{
	char path[320];
	struct stat process, file;
	int inner = namespace_inner_id(pid), fd = -1;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &process) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/root/tmp", pid);
	DIR *tmp = opendir(path);
	for (struct dirent *d; tmp && fd < 0 && (d = readdir(tmp)); ) {
		if (strncmp(d->d_name, "hsperfdata_", 11) != 0)
			continue;
		if (snprintf(path, sizeof(path), "/proc/%d/root/tmp/%s/%d", pid, d->d_name, inner) >=
		    (int)sizeof(path))
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd >= 0 && (fstat(fd, &file) < 0 || file.st_uid != process.st_uid)) {
			close(fd);
			fd = -1;
		}
	}
	if (tmp)
		closedir(tmp);
	return fd;
}

static size_t
find_of(const struct machine *m, size_t collector, const char *what)
{
	char name[64];
	snprintf(name, sizeof(name), "sun.gc.collector.%zu.%s", collector, what);
	return hsperf_find(m->bytes, m->size, name);
}

static int64_t
number(const struct machine *m, size_t at)
{
	return hsperf_number(m->bytes, m->size, at);
}

static void
find_collectors(struct machine *m)
{
	for (size_t i = 0; i < COLLECTORS_MAX; i++) {
		struct collector c = { .invocations = find_of(m, i, "invocations"),
			.entry = find_of(m, i, "lastEntryTime"), .exit = find_of(m, i, "lastExitTime"),
			.time = find_of(m, i, "time") };
		if (!c.invocations || !c.entry || !c.exit || !c.time)
			continue;
		m->collectors[m->n_collectors++] = c;
	}
}

void
jvm_add(struct jvm *j, int pid)
{
	size_t n = atomic_load(&j->n);
	for (size_t i = 0; i < n; i++)
		if (j->machines[i]->pid == pid)
			return;
	CLEANUP(fd_close_p) int fd = n < MACHINES_MAX ? open_counters(pid) : -1;
	if (fd < 0)
		return;
	struct machine *m = calloc(1, sizeof(*m));
	if (!m)
		abort();
	m->pid = pid;
	m->offset_low = INT64_MIN;
	m->offset_high = INT64_MAX;
	m->bytes = file_map(fd, &m->size);
	m->frequency = m->bytes ? number(m, hsperf_find(m->bytes, m->size, "sun.os.hrt.frequency")) : 0;
	if (m->frequency <= 0) {
		file_unmap((void *)(uintptr_t)m->bytes, m->size);
		free(m);
		return;
	}
	find_collectors(m);
	m->old = hsperf_find(m->bytes, m->size, "sun.gc.generation.1.space.0.used");
	j->machines[n] = m;
	atomic_store(&j->n, n + 1);
}

/* ---- looking -------------------------------------------------------------------------------- */

static int64_t
as_ns(const struct machine *m, int64_t ticks)
{
	return m->frequency == NS_PER_S ? ticks : (int64_t)((double)ticks * 1e9 / (double)m->frequency);
}

static void
add_stop(struct machine *m, int64_t entry, int64_t exit)
{
	if (m->n_stops == STOPS_MAX || exit <= entry)
		return;
	if ((m->n_stops & (m->n_stops - 1)) == 0) {
		size_t wanted = m->n_stops ? m->n_stops * 2 : 1;
		m->stops = realloc(m->stops, wanted * sizeof(*m->stops));
		if (!m->stops)
			abort();
	}
	m->stops[m->n_stops++] = (struct stop){ entry, exit, number(m, m->old) };
}

/* It ended between the last look and this one. */
static void
bound_offset(struct machine *m, int64_t exit, int64_t now)
{
	int64_t low = m->looked ? m->looked - as_ns(m, exit) : INT64_MIN;
	int64_t high = now - as_ns(m, exit);
	if (low > m->offset_low)
		m->offset_low = low;
	if (high < m->offset_high)
		m->offset_high = high;
}

static void
look(struct machine *m)
{
	int64_t now = now_ns();
	for (size_t i = 0; i < m->n_collectors; i++) {
		struct collector *c = &m->collectors[i];
		int64_t invocations = number(m, c->invocations);
		int64_t entry = number(m, c->entry), exit = number(m, c->exit);
		/* The count goes up as a collection begins, the end is written when it has ended. */
		if (invocations == c->seen || exit <= entry)
			continue;
		c->seen = invocations;
		bound_offset(m, exit, now);
		add_stop(m, entry, exit);
	}
	m->looked = now;
}

static void *
watch(void *arg)
{
	struct jvm *j = arg;
	pthread_setname_np(pthread_self(), "prony-jvm");
	for (int64_t next = now_ns(); !atomic_load(&j->stop); ) {
		size_t n = atomic_load(&j->n);
		for (size_t i = 0; i < n; i++)
			look(j->machines[i]);
		next += LOOK_NS;
		sleep_until_ns(next);
	}
	return NULL;
}

/* What was collected before does not count. */
static void
begin(struct machine *m)
{
	for (size_t i = 0; i < m->n_collectors; i++) {
		struct collector *c = &m->collectors[i];
		c->seen = c->first_seen = number(m, c->invocations);
		c->first_time = number(m, c->time);
	}
}

void
jvm_start(struct jvm *j)
{
	for (size_t i = 0; i < j->n; i++)
		begin(j->machines[i]);
	if (!j->n)
		return;
	atomic_store(&j->stop, false);
	j->running = pthread_create(&j->thread, NULL, watch, j) == 0;
}

void
jvm_stop(struct jvm *j)
{
	if (!j->running)
		return;
	atomic_store(&j->stop, true);
	pthread_join(j->thread, NULL);
	j->running = false;
}

/* ---- results -------------------------------------------------------------------------------- */

/* Least squares over the collections, bytes a second. */
static double
growth(const struct machine *m)
{
	double n = (double)m->n_stops, x = 0, y = 0, xx = 0, xy = 0;
	if (!m->old || m->n_stops < GROWTH_STOPS_MIN)
		return NAN;
	for (size_t i = 0; i < m->n_stops; i++) {
		double at = ns_to_s(as_ns(m, m->stops[i].exit - m->stops[0].exit));
		double kept = (double)m->stops[i].old;
		x += at;
		y += kept;
		xx += at * at;
		xy += at * kept;
	}
	double spread = n * xx - x * x;
	return spread > 0 ? (n * xy - x * y) / spread : NAN;
}

static void
fill_machine(const struct machine *m, struct tape *t, struct run *r)
{
	int64_t longest = 0, collections = 0, spent = 0;
	int64_t offset = m->offset_low > INT64_MIN && m->offset_high < INT64_MAX ?
	    m->offset_low / 2 + m->offset_high / 2 : 0;

	for (size_t i = 0; i < m->n_collectors; i++) {
		const struct collector *c = &m->collectors[i];
		collections += number(m, c->invocations) - c->first_seen;
		spent += as_ns(m, number(m, c->time) - c->first_time);
	}
	for (size_t i = 0; i < m->n_stops; i++) {
		int64_t from = as_ns(m, m->stops[i].entry), to = as_ns(m, m->stops[i].exit);
		longest = to - from > longest ? to - from : longest;
		if (offset)
			pauses_add(&t->pauses, t->arena, m->pid, from + offset, to + offset);
	}
	if (collections <= 0)
		return;
	struct run_gc *out = RUN_ADD(r, gc, r->evidence.trace.gc, r->evidence.trace.n_gc);
	out->pid = m->pid;
	out->runtime = run_str(r, "java");
	out->collections = collections;
	out->seconds = ns_to_s(spent);
	out->longest = longest ? ns_to_s(longest) : NAN;
	out->kept_per_s = growth(m);
}

void
jvm_fill(const struct jvm *j, struct tape *t, struct run *r)
{
	for (size_t i = 0; i < j->n; i++)
		fill_machine(j->machines[i], t, r);
	pauses_sort(&t->pauses);
}

/* SPDX-License-Identifier: MIT */
#include "trace/sampler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "trace/perf_ring.h"
#include "trace/python_sampler.h"

enum { USER_IPS_MAX = 256, HZ_DEFAULT = 199, STACK_BYTES_DEFAULT = 8192,
	STACK_BYTES_BIG = 49152 };

struct sampler {
	struct symbols *symbols;
	struct perf_set *set;
	bool system_wide, started, no_script;
	double hz;
	struct map pids;                /* of the service */
	struct python_sampler *python;  /* NULL: no process runs Python that can be read */
	struct sampler_counts counts;
	int64_t drain_cost_ns;
	int own_pid;
	sampler_fn fn;                  /* during sampler_drain */
	void *ctx;
	size_t given;
	uint64_t user[USER_IPS_MAX], kernel[PERF_KERNEL_IPS_MAX];
};

/* Node keeps big frames, as the compiler of a Java machine does, and Java stacks are deep: many would
 * be cut at 8 KiB. Over TLS Node's loop has 12 KiB of events and 16 KiB of clear text on its stack. */
static bool
has_big_frames(int pid)
{
	char link[64], path[256];
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	ssize_t size = readlink(link, path, sizeof(path) - 1);
	path[size > 0 ? size : 0] = '\0';
	const char *name = strrchr(path, '/');
	return name && (strncmp(name, "/node", 5) == 0 || strcmp(name, "/java") == 0);
}

static size_t
wanted_stack_bytes(const struct sampler_options *o, const int *pids, size_t n_pids)
{
	if (o->stack_bytes)
		return o->stack_bytes;
	for (size_t i = 0; i < n_pids; i++)
		if (has_big_frames(pids[i]))
			return STACK_BYTES_BIG;
	return STACK_BYTES_DEFAULT;
}

static int
open_set(struct sampler *s, const struct sampler_options *o, const int *pids, size_t n_pids,
    struct err *e)
{
	struct perf_options perf = { .hz = s->hz,
		.stack_bytes = wanted_stack_bytes(o, pids, n_pids) };
	if (!o->only_service && perf_set_open(&perf, &s->set, e) == 0) {
		s->system_wide = true;
		return 0;
	}
	perf.pids = pids;
	perf.n_pids = n_pids;
	*e = (struct err){ 0 };
	int result = n_pids ? perf_set_open(&perf, &s->set, e) :
	    err_set(e, ESRCH, "no process to sample");
	if (result == -EACCES || result == -EPERM)
		err_hint(e, "run as root, or allow it: sysctl kernel.perf_event_paranoid=1");
	return result;
}

/* Made for the first process that turns out to run Python. */
static void
add_python(struct sampler *s, int pid)
{
	struct err ignored = { 0 };   /* without it the process is sampled as native code */
	struct python *probe;

	if (!s->python) {
		struct perf_options perf = { .hz = s->hz, .wake = true, .pids = &pid,
			.n_pids = 1 };
		struct perf_set *set;
		if (python_open(pid, &probe, &ignored) < 0)
			return;
		python_close(probe);
		if (perf_set_open(&perf, &set, &ignored) < 0)
			return;
		s->python = python_sampler_new(set);
	}
	python_sampler_add(s->python, pid, &ignored);
	if (s->started)
		python_sampler_start(s->python, &ignored);
}

int
sampler_open(const struct sampler_options *o, const int *pids, size_t n_pids,
    struct symbols *symbols, struct sampler **ret, struct err *e)
{
	static const struct sampler_options presets;
	struct sampler *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	if (!o)
		o = &presets;
	s->symbols = symbols;
	s->own_pid = getpid();
	s->no_script = o->no_script;
	s->hz = o->hz > 0 ? o->hz : HZ_DEFAULT;
	int result = open_set(s, o, pids, n_pids, e);
	if (result < 0) {
		sampler_close(s);
		return result;
	}
	for (size_t i = 0; i < n_pids; i++)
		sampler_add(s, pids[i]);
	*ret = s;
	return 0;
}

bool
sampler_is_system_wide(const struct sampler *s)
{
	return s->system_wide;
}

int64_t
sampler_period_ns(const struct sampler *s)
{
	return (int64_t)(1e9 / s->hz);
}

void
sampler_add(struct sampler *s, int pid)
{
	bool new;
	struct err ignored = { 0 };   /* it may have ended already */
	*map_at(&s->pids, &pid, sizeof(pid), &new) = 1;
	if (!new)
		return;
	symbols_see(s->symbols, pid);
	perf_set_add(s->set, pid, &ignored);
	if (!s->no_script)
		add_python(s, pid);
}

void
sampler_start(struct sampler *s)
{
	struct err ignored = { 0 };
	if (s->python && python_sampler_start(s->python, &ignored) < 0) {
		python_sampler_free(s->python);
		s->python = NULL;
	}
	s->started = true;
	perf_set_enable(s->set, true);
}

void
sampler_stop(struct sampler *s)
{
	s->started = false;
	perf_set_enable(s->set, false);
	if (s->python)
		python_sampler_stop(s->python);
}

/* ---- draining ------------------------------------------------------------------------------- */

static void
give(struct sampler *s, const struct sampler_sample *sample)
{
	s->given++;
	s->counts.samples++;
	s->counts.rooted += sample->rooted;
	s->fn(s->ctx, sample);
}

static void
unwind(struct sampler *s, const struct perf_sample *from, struct sampler_sample *to)
{
	struct symbol_regs regs = { .ip = from->ip, .sp = from->sp, .bp = from->bp };
	to->user = s->user;
	if (from->ip)
		to->n_user = symbols_unwind(s->symbols, from->pid, &regs, from->stack,
		    from->stack_size, s->user, USER_IPS_MAX, &to->rooted);
	else
		to->n_user = perf_user_ips(from, s->user, USER_IPS_MAX);
}

static void
take_native(void *ctx, const struct perf_sample *from)
{
	struct sampler *s = ctx;
	if (!map_find(&s->pids, &from->pid, sizeof(from->pid))) {
		if (from->pid == s->own_pid)
			s->counts.own++;
		else
			s->counts.others++;
		return;
	}
	if (s->python && python_sampler_has(s->python, from->pid))
		return;
	struct sampler_sample to = { .time_ns = from->time_ns, .pid = from->pid, .tid = from->tid,
		.cpu = from->cpu, .kernel = s->kernel };
	to.n_kernel = perf_kernel_ips(from, s->kernel, PERF_KERNEL_IPS_MAX);
	unwind(s, from, &to);
	give(s, &to);
}

/* The interpreter's own functions say nothing beside the Python function that they run; a
 * library's do. */
static bool
is_interpreter(struct sampler *s, int pid, uint64_t ip)
{
	struct symbol symbol;
	symbols_name(s->symbols, pid, ip, true, &symbol);
	return strncmp(symbol.module, "python", 6) == 0 ||
	    strncmp(symbol.module, "libpython", 9) == 0;
}

static void
take_python(void *ctx, const struct python_sample *from)
{
	struct sampler *s = ctx;
	struct sampler_sample to = { .time_ns = from->time_ns, .pid = from->pid, .tid = from->tid,
		.cpu = from->cpu, .kernel = from->kernel, .n_kernel = from->n_kernel,
		.user = &from->ip, .script = from->frames, .n_script = from->n_frames,
		.rooted = from->n_frames > 0 };
	to.n_user = from->ip != 0 &&
	    (from->n_frames == 0 || !is_interpreter(s, from->pid, from->ip));
	give(s, &to);
}

size_t
sampler_drain(struct sampler *s, sampler_fn fn, void *ctx)
{
	int64_t before = thread_cpu_ns();
	s->fn = fn;
	s->ctx = ctx;
	s->given = 0;
	s->counts.lost += perf_set_drain(s->set, take_native, s);
	if (s->python)
		s->counts.lost += python_sampler_drain(s->python, take_python, s);
	s->drain_cost_ns += thread_cpu_ns() - before;
	return s->given;
}

void
sampler_counts(const struct sampler *s, struct sampler_counts *ret)
{
	*ret = s->counts;
	ret->cost_ns = s->drain_cost_ns;
	if (s->python)
		ret->cost_ns += python_sampler_cost_ns(s->python);
}

void
sampler_close(struct sampler *s)
{
	if (!s)
		return;
	python_sampler_free(s->python);
	perf_set_close(s->set);
	map_done(&s->pids);
	free(s);
}

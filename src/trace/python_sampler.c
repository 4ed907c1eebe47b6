/* SPDX-License-Identifier: MIT */
#include "trace/python_sampler.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"

enum { WAIT_MS = 50, SAMPLES_MAX = 8192 };

/* A reading later than this tells what came after the sample. */
#define LATE_NS (5 * NS_PER_MS)

/* Samples wait here without the unused part of their arrays. */
struct batch {
	struct python_sample **items;
	size_t n;
	struct arena *arena;
};

struct python_sampler {
	struct perf_set *set;
	pthread_t thread;
	bool running;
	bool stop;                  /* atomic */
	pthread_mutex_t lock;       /* of everything below */
	struct map by_pid;          /* -> struct python * */
	struct batch filling;
	int64_t lost, cost_ns;
	struct python_sample scratch;   /* of the thread */
};

struct python_sampler *
python_sampler_new(struct perf_set *set)
{
	struct python_sampler *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->set = set;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void
batch_done(struct batch *b)
{
	arena_free(b->arena);
	*b = (struct batch){ 0 };
}

void
python_sampler_free(struct python_sampler *s)
{
	size_t at = 0;
	if (!s)
		return;
	python_sampler_stop(s);
	for (const struct map_slot *slot; (slot = map_next(&s->by_pid, &at));)
		python_close((struct python *)(uintptr_t)slot->value);
	map_done(&s->by_pid);
	batch_done(&s->filling);
	perf_set_close(s->set);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int
python_sampler_add(struct python_sampler *s, int pid, struct err *e)
{
	struct python *p;
	if (python_sampler_has(s, pid))
		return 0;
	int result = python_open(pid, &p, e);
	if (result < 0)
		return result;
	result = perf_set_add(s->set, pid, e);
	if (result < 0) {
		python_close(p);
		return result;
	}
	pthread_mutex_lock(&s->lock);
	*map_at(&s->by_pid, &pid, sizeof(pid), NULL) = (uint64_t)(uintptr_t)p;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static struct python *
python_of(struct python_sampler *s, int pid)
{
	pthread_mutex_lock(&s->lock);
	uint64_t *at = map_find(&s->by_pid, &pid, sizeof(pid));
	struct python *p = at ? (struct python *)(uintptr_t)*at : NULL;
	pthread_mutex_unlock(&s->lock);
	return p;
}

bool
python_sampler_has(struct python_sampler *s, int pid)
{
	return python_of(s, pid) != NULL;
}

static void
keep(struct python_sampler *s, const struct python_sample *sample)
{
	size_t size = offsetof(struct python_sample, frames) +
	    sample->n_frames * sizeof(sample->frames[0]);
	pthread_mutex_lock(&s->lock);
	if (!s->filling.arena)
		s->filling.arena = arena_new();
	if (s->filling.n == SAMPLES_MAX) {
		s->lost++;
	} else {
		struct python_sample *copy = arena_alloc(s->filling.arena, size);
		memcpy(copy, sample, size);
		*ARENA_PUSH(s->filling.arena, s->filling.items, s->filling.n) = copy;
	}
	pthread_mutex_unlock(&s->lock);
}

static void
take(void *ctx, const struct perf_sample *from)
{
	struct python_sampler *s = ctx;
	struct python_sample *to = &s->scratch;
	struct python *p = python_of(s, from->pid);
	if (!p)
		return;
	to->n_frames = now_ns() - from->time_ns > LATE_NS ? 0 :
	    (uint32_t)python_stack(p, from->tid, to->frames, PYTHON_FRAMES_MAX);
	to->time_ns = from->time_ns;
	to->pid = from->pid;
	to->tid = from->tid;
	to->cpu = from->cpu;
	to->ip = from->ip;
	to->n_kernel = (uint32_t)perf_kernel_ips(from, to->kernel, PERF_KERNEL_IPS_MAX);
	keep(s, to);
}

static void *
run(void *ctx)
{
	struct python_sampler *s = ctx;
	struct sched_param priority = { .sched_priority = 1 };
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);   /* or it stays normal */
	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		perf_set_wait(s->set, WAIT_MS);
		int64_t lost = perf_set_drain(s->set, take, s);
		pthread_mutex_lock(&s->lock);
		s->lost += lost;
		s->cost_ns = thread_cpu_ns();
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

int
python_sampler_start(struct python_sampler *s, struct err *e)
{
	if (s->running)
		return 0;
	__atomic_store_n(&s->stop, false, __ATOMIC_RELEASE);
	int failed = pthread_create(&s->thread, NULL, run, s);
	if (failed)
		return err_set(e, failed, "cannot start the Python sampler: %s", strerror(failed));
	s->running = true;
	perf_set_enable(s->set, true);
	return 0;
}

void
python_sampler_stop(struct python_sampler *s)
{
	if (!s->running)
		return;
	perf_set_enable(s->set, false);
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	pthread_join(s->thread, NULL);
	s->running = false;
}

int64_t
python_sampler_drain(struct python_sampler *s, python_sample_fn fn, void *ctx)
{
	pthread_mutex_lock(&s->lock);
	struct batch ready = s->filling;
	int64_t lost = s->lost;
	s->filling = (struct batch){ 0 };
	s->lost = 0;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < ready.n; i++)
		fn(ctx, ready.items[i]);
	batch_done(&ready);
	return lost;
}

int64_t
python_sampler_cost_ns(struct python_sampler *s)
{
	pthread_mutex_lock(&s->lock);
	int64_t cost = s->cost_ns;
	pthread_mutex_unlock(&s->lock);
	return cost;
}

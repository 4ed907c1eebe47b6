/* SPDX-License-Identifier: MIT */
/* sampler: where the service is on CPU, by perf's cpu-clock events.
 *
 * As root one event a CPU sees everybody: samples of the service are unwound while they are
 * drained (the process still lives, no stack is kept), those of others are only counted: the CPU
 * that others take. Without that right it watches the threads of the service alone, user space
 * only. CPython processes are sampled by a thread of their own that wakes with each sample and
 * reads the interpreter's frames: then `script` holds functions instead of the interpreter's.
 *
 * A sample's stack, leaf first, is: kernel, then user, then script. Each sample stands for
 * sampler_period_ns of CPU. Every call from one thread, except where said; the symbols object is
 * used only inside sampler_drain. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "symbol/symbol.h"
#include "trace/python.h"

struct sampler;

struct sampler_options {
	double hz;             /* samples per second of CPU; 0: 199 */
	size_t stack_bytes;    /* copied per sample; 0: 8 KiB, with a Node or Java process 48 KiB */
	bool only_service;     /* do not try to watch the whole host */
	bool no_script;        /* leave Python frames alone: native frames for every process */
};

struct sampler_sample {
	int64_t time_ns;       /* CLOCK_MONOTONIC */
	int pid, tid, cpu;
	const uint64_t *kernel; size_t n_kernel;    /* symbols_kernel_name */
	const uint64_t *user;   size_t n_user;      /* as symbols_unwind gives them; for stacks_add */
	const struct python_frame *script; size_t n_script;
	bool rooted;           /* the stack reaches the start of its thread */
};

struct sampler_counts {
	int64_t samples;       /* of the service, given to the callback */
	int64_t others;        /* of everybody else (system-wide only): x period = CPU they took */
	int64_t own;           /* prony's own, left out of others */
	int64_t lost;          /* the ring was full */
	int64_t rooted;
	int64_t cost_ns;       /* CPU spent draining, unwinding and reading Python frames */
};

typedef void (*sampler_fn)(void *ctx, const struct sampler_sample *sample);

/* Opens the events, disabled, for these processes. `o` may be NULL. `symbols` must outlive the
 * sampler. Fails with a hint when the host allows neither way. */
int sampler_open(const struct sampler_options *o, const int *pids, size_t n_pids,
    struct symbols *symbols, struct sampler **ret, struct err *e);
bool sampler_is_system_wide(const struct sampler *s);
int64_t sampler_period_ns(const struct sampler *s);

/* Another process of the service (a new worker). Children made by fork are found by themselves
 * when only the service is watched, yet their samples count as others' until they are added. */
void sampler_add(struct sampler *s, int pid);

void sampler_start(struct sampler *s);
void sampler_stop(struct sampler *s);   /* what was sampled until now can still be drained */

/* Gives every sample taken since to `fn`, about in order of time (per CPU exact). Call each
 * 20 ms or so: the rings hold some 400 ms. Returns how many. */
size_t sampler_drain(struct sampler *s, sampler_fn fn, void *ctx);
void sampler_counts(const struct sampler *s, struct sampler_counts *ret);
void sampler_close(struct sampler *s);  /* accepts NULL */

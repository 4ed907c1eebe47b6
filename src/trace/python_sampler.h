/* SPDX-License-Identifier: MIT */
/* python_sampler: on-CPU samples of CPython processes with the Python functions that ran.
 *
 * A thread of its own wakes with each sample of their threads and reads the interpreter's frames
 * at once, before they move on. It runs at real-time priority where that is allowed, since each
 * reading is short and late readings are wrong. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "trace/perf_ring.h"
#include "trace/python.h"

struct python_sampler;

struct python_sample {
	int64_t time_ns;
	int pid, tid, cpu;
	uint64_t ip;               /* user space's leaf */
	uint64_t kernel[PERF_KERNEL_IPS_MAX]; uint32_t n_kernel;
	uint32_t n_frames;
	struct python_frame frames[PYTHON_FRAMES_MAX];
};

/* Takes a set opened with `wake` and some pid, disabled; it owns it from here on. */
struct python_sampler *python_sampler_new(struct perf_set *set);
void python_sampler_free(struct python_sampler *s);   /* accepts NULL */

/* 0 when `pid` runs a CPython that can be read: its samples come from here from now on. */
int python_sampler_add(struct python_sampler *s, int pid, struct err *e);
bool python_sampler_has(struct python_sampler *s, int pid);

int python_sampler_start(struct python_sampler *s, struct err *e);
void python_sampler_stop(struct python_sampler *s);

/* What was sampled since, to `fn` in the calling thread; returns how many were lost. */
typedef void (*python_sample_fn)(void *ctx, const struct python_sample *sample);
int64_t python_sampler_drain(struct python_sampler *s, python_sample_fn fn, void *ctx);
int64_t python_sampler_cost_ns(struct python_sampler *s);   /* CPU of the thread until now */

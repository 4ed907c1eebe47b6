/* SPDX-License-Identifier: MIT */
/* perf_ring: cpu-clock perf events of one CPU each, and the memory ring their samples come in.
 *
 * A set watches the whole host (one event a CPU) or the threads of some processes: then one event
 * a thread and CPU, inherited by threads made later, all of a CPU into the ring of its first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum { PERF_KERNEL_IPS_MAX = 64 };

struct perf_sample {
	int64_t time_ns;
	int pid, tid, cpu;
	const uint64_t *chain; size_t n_chain;   /* with the kernel's context marks */
	uint64_t ip, sp, bp;                     /* of user space; ip 0: a kernel thread */
	const uint8_t *stack; size_t stack_size; /* from sp up */
};

struct perf_options {
	double hz;
	size_t stack_bytes;     /* 0: no copy */
	bool wake;              /* each sample makes perf_set's fds readable */
	const int *pids; size_t n_pids;   /* none: the whole host */
};

struct perf_set;

int perf_set_open(const struct perf_options *o, struct perf_set **ret, struct err *e);
void perf_set_close(struct perf_set *s);   /* accepts NULL */

/* Watch the threads of one more process (a set that does not watch the whole host). */
int perf_set_add(struct perf_set *s, int pid, struct err *e);
void perf_set_enable(struct perf_set *s, bool on);

/* Waits until there is a sample; false after `timeout_ms` without. Needs `wake`. */
bool perf_set_wait(struct perf_set *s, int timeout_ms);

/* Gives each sample to `fn`, ring by ring; what it points to lives during the call. Returns how
 * many were lost since the last time. */
typedef void (*perf_sample_fn)(void *ctx, const struct perf_sample *sample);
int64_t perf_set_drain(struct perf_set *s, perf_sample_fn fn, void *ctx);

/* Kernel part of a chain, leaf first, without marks. */
size_t perf_kernel_ips(const struct perf_sample *sample, uint64_t *ips, size_t max);
/* Its user part, by frame pointers: where nothing better can be had. */
size_t perf_user_ips(const struct perf_sample *sample, uint64_t *ips, size_t max);

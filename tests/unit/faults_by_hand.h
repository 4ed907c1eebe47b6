/* SPDX-License-Identifier: MIT */
/* Runs made by hand that have one fault each, a file a family, with a healthy twin that looks alike. */
#pragma once

#include "run/run.h"

struct fault {
	const char *kind;
	struct run *(*sick)(void), *(*healthy)(void);
	const char *where;   /* as the first finding says */
};

struct fault_family {
	const struct fault *at;
	size_t n;
};

extern const struct fault_family faults_cpu, faults_contention, faults_net, faults_data, faults_memory;

/* Of all families. */
size_t fault_count(void);
const struct fault *fault_at(size_t i);

/* ---- those that tests name ---- */

struct run *hot_function(void);
struct run *nginx_full(void);
struct run *throttled(void);

struct run *convoy(double waiters, enum run_part_kind holder);
struct run *lock_convoy(void);
struct run *workers(enum run_part_kind doing);
struct run *workers_blocked(void);
struct run *pool_taken(void);

struct run *peer_once(void);
struct run *connects(void);

struct run *syncs(void);
struct run *syncs_little(void);
struct run *missing_index(void);
struct run *repeated(double per_request);
struct run *loop_reads(void);
struct run *trains_late(void);
struct run *trains_from_disk(void);
struct run *same_answer(void);
struct run *other_answers(void);
struct run *same_but_cheap(void);
struct run *same_at_a_given_rate(void);

struct run *collects(void);
struct run *growing(double slope, double later);
struct run *leak(void);
struct run *cache_fills(void);

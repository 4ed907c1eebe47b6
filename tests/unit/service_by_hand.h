/* SPDX-License-Identifier: MIT */
/* Runs of a traced service, made by hand, for tests of diagnose. What is added belongs to the run, and may be filled in
 * further. */
#pragma once

#include <stdbool.h>

#include "run/run.h"

/* ---- a service, and what was seen of it ---- */

/* At 85 % of its knee: 1000 requests of 20 ms, nothing painted yet. */
struct run *service(const char *runtime);

/* A share of the requests' time: of all routes, or of one; of what the holder of the last wait does. */
void part(struct run *r, enum run_part_kind kind, const char *where, double share);
void add_part(struct run *r, struct run_part **parts, size_t *n, enum run_part_kind kind,
    const char *where, double share);
void held(struct run *r, enum run_part_kind kind, const char *where, double share);

struct run_thread *thread(struct run *r, const char *name, double cpu);
struct run_function *function(struct run *r, const char *name, const char *language, double self,
    bool application);
void stack(struct run *r, const char *frames, double seconds);
struct run_series *series(struct run *r, const char *name, double mean);
struct run_wait *wait_for(struct run *r, enum run_part_kind kind, const char *where,
    double waiters);
struct run_query *query(struct run *r, const char *text, double calls, double seconds,
    double per_request);
struct run_target *target(struct run *r, const char *metric, const char *op, double limit,
    double at_rate);

/* ---- services that are busy with one thing ---- */

/* One thing has this share; the rest is `handle` and unknown. */
struct run *painted(enum run_part_kind kind, const char *where, double share);

/* A function of the application has this share, half of it in memcpy. */
struct run *hot(double share, double utilisation);

/* Requests queue for the one thread that has so many cores. */
struct run *loop(double cpu, double longest, const char *runtime);

/* A handler that spends its CPU time in a function of the system: called by itself, or seldom. */
struct run *memory_work(const char *frames, double share);

/* ---- what was found ---- */

/* With a reason. */
bool ruled_out(const struct run *r, const char *kind);
const struct run_finding *finding(const struct run *r, const char *kind);
bool says(const struct run_finding *f, const char *text);

/* The same numbers in each run of a test. */
unsigned next_random(unsigned *state);

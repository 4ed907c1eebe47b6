/* SPDX-License-Identifier: MIT */
/* What sample runs are put together from. */
#pragma once

#include "sample_run.h"

#define ADD_NUMBER(r, items, n, v) (*ARENA_PUSH((r)->arena, items, n) = (v))

/* ---- sample_evidence.c ---- */

void add_curve(struct run *r);
void add_model(struct run *r);
void add_phase(struct run *r, const char *name, double rate, double seconds, int64_t lost);
void add_series(struct run *r, const char *name, const char *unit, const char *scope, double base,
    double swing);
void add_all_series(struct run *r);
void add_stack(struct run *r, const char *kind, const char *frames, double seconds);
void add_time(struct run *r, const char *route, const char *scope, double seconds, double db,
    double cpu, double lock);
void add_exemplar(struct run *r, const char *route, const char *rank, double seconds, double db);
void add_trace(struct run *r);

/* ---- sample_conclusions.c ---- */

void add_finding(struct run *r);
void add_step(struct run *r, const char *id, const char *what, double p99, const char *apply,
    const char *undo);
void add_link(struct run *r, const char *kind, const char *peer, double share, double calls);
void add_conclusions(struct run *r);

/* ---- sample_proof.c ---- */

void add_blocks(struct run *r);
void add_difference(struct run *r, const char *kind, const char *what, const char *route,
    double before, double after);
void add_diff_stacks(struct run *r);

/* ---- sample_run.c ---- */

void add_eye(struct run *r, const char *name, bool open, const char *means, const char *cure);

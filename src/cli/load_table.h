/* SPDX-License-Identifier: MIT */
/* What became of one phase of load, as people read it. */
#pragma once

#include "base/buf.h"
#include "run/run.h"
#include "spec/spec.h"

void load_table(struct buf *out, const struct spec *s, const struct run *r,
    const struct run_phase *p);

/* The workers of a fleet, and who was lost; nothing when there is none. */
void load_table_workers(struct buf *out, const struct run *r);

/* A worker of a fleet, for who looks after its host: its own share alone. */
void load_table_share(struct buf *out, const struct run_phase *p);

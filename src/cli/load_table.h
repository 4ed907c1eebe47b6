/* SPDX-License-Identifier: MIT */
/* What became of one phase of load, as people read it. */
#pragma once

#include "base/buf.h"
#include "run/run.h"
#include "spec/spec.h"

void load_table(struct buf *out, const struct spec *s, const struct run *r,
    const struct run_phase *p);

/* SPDX-License-Identifier: MIT */
/* The verdict in one sentence for people. Private to compare/. */
#pragma once

#include "compare/judge.h"

/* In the run's arena. `overall` is what judge_all() said of the n figures. */
const char *sentence_why(struct run *r, const struct run_proof *p, const struct figure *figures,
    size_t n, enum outcome overall, const struct looks *looks);

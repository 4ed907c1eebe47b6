/* SPDX-License-Identifier: MIT */
/* Text for steps: names made safe for SQL and for a shell, and the parts of a run that a finding
 * speaks of. Private to plan/. */
#pragma once

#include "run/run.h"

/* 'text' for a POSIX shell. */
const char *words_shell(struct run *r, const char *text);
/* An SQL name, in double quotes unless it is plain lower case. */
const char *words_sql_name(struct run *r, const char *name);
/* The statement that a finding of a database is about; NULL unknown. */
const struct run_query *words_query(const struct run *r, const struct run_finding *f);
/* The function's source line, "shop.c:120"; NULL unknown. */
const char *words_source(struct run *r, const char *function);
/* Where what computes is a compressor, the step is to compress less. False: it is none. */
bool words_compress(struct run *r, const struct run_finding *f, struct run_step *s);
/* The place, cut to one line. */
const char *words_place(struct run *r, const char *place);

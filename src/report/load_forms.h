/* SPDX-License-Identifier: MIT */
/* What 'prony load' found, in the forms that other programs read. Pure functions of the run; text
 * of strangers (routes, names) cannot leave its place in any of them. */
#pragma once

#include "base/buf.h"
#include "run/run.h"

/* RFC 4180 with line feeds: a head, then a row for each phase, each of its seconds and each route.
 * What is not known is an empty cell. A text that a spreadsheet would take for a formula begins
 * with an apostrophe. */
void report_load_csv(const struct run *r, struct buf *out);

/* A JSON object a line: the run, then the rows of the CSV under the same names, then the targets.
 * What is not known is left out. */
void report_load_ndjson(const struct run *r, struct buf *out);

/* Text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), of the
 * measured phase. */
void report_load_prometheus(const struct run *r, struct buf *out);

/* JUnit XML: a test case for each target, one for the generator. When the generator was the limit
 * the targets are skipped: nothing is known of them. */
void report_load_junit(const struct run *r, struct buf *out);

/* The phase that the run's conclusions are drawn from: "baseline" or "trace", else the last; NULL
 * when there is none. */
const struct run_phase *report_load_phase(const struct run *r);

/* SPDX-License-Identifier: MIT */
/* Words for findings: units as people read them, names cut to a readable length. Private to
 * diagnose/. */
#pragma once

#include <stdbool.h>

#include "base/same.h"
#include "base/units.h"
#include "run/run.h"

/* Each makes its text in the block that uses it. */
#define PCT(ratio)    text_percent((char[24]){ 0 }, (ratio))
#define DURATION(s)   format_duration((char[24]){ 0 }, (s))
#define RATE(per_s)   format_rate((char[24]){ 0 }, (per_s))
#define SIZE(bytes)   format_size((char[24]){ 0 }, (bytes))

char *text_percent(char out[24], double ratio);          /* "71 %", below ten "7.1 %" */
bool text_has(const char *s, const char *part);          /* any case; NULL has nothing */
bool text_in(const char *s, const char *const *words);   /* one of a NULL-terminated list */
bool text_has_frame(const char *frames, const char *name);   /* is a whole one of "root;caller;leaf" */
/* White space folded, at most `max` characters, cut with "..."; NULL becomes "unknown". */
const char *text_brief(struct run *r, const char *s, size_t max);
/* "waiting for a lock: its name 71 %, ..." of the `max` largest parts, for evidence lines. */
const char *text_parts(struct run *r, const struct run_part *parts, size_t n, size_t max);

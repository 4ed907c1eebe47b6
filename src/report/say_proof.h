/* SPDX-License-Identifier: MIT */
/* A comparison of two arms in words, for all forms. Results live in the document. */
#pragma once

#include "report/doc.h"

/* "p99 latency", of one route "p99 latency of /orders". */
const char *say_compared(struct doc *d, const struct run_comparison *c);
const char *say_compared_short(struct doc *d, const struct run_comparison *c);   /* "p99 /orders" */

/* A figure in its metric's unit. */
const char *say_compared_value(struct doc *d, const struct run_comparison *c, double value);

/* "-21.0 %", of error rates "+0.12 points"; "-" when not known. */
const char *say_change(struct doc *d, const struct run_comparison *c);
/* The same with its interval: "-21.0 % (-23.1 to -19.0)". */
const char *say_change_interval(struct doc *d, const struct run_comparison *c);
const char *say_margin(struct doc *d, const struct run_comparison *c);       /* "5 %" */
const char *say_detectable(struct doc *d, const struct run_comparison *c);   /* "3.2 %" */

/* "BETTER" "SAME" "WORSE" "CANNOT SAY", and the same in lower case. */
const char *say_outcome(const char *verdict);
const char *say_outcome_small(const char *verdict);
enum doc_tone say_outcome_tone(const char *verdict);

/* Of a run that applied steps: "KEPT" "TAKEN BACK" "PARTLY KEPT". */
const char *say_fixed(const struct run *r);
enum doc_tone say_fixed_tone(const struct run *r);

/* The comparison that decides first; NULL when there is none. */
const struct run_comparison *say_primary(const struct run_proof *p);

/* The verdict as a sentence. */
const char *say_why(struct doc *d, const struct run_proof *p);

/* "usable: a fixed piece of work varies ..."; NULL when nothing is known. */
const char *say_noise(struct doc *d, const struct run_proof *p);

/* "usable; least change seen: CPU/request 2.94 %, p99 16.8 %"; NULL when nothing is known. */
const char *say_sensitivity(struct doc *d, const struct run_proof *p);

/* How many answers were compared, and how many were not alike; NULL when none were. */
const char *say_answers(struct doc *d, const struct run_proof *p);
const char *say_answer(struct doc *d, const struct run_answer *a);

/* "4.1 ms to 5.0 ms", "new, 1.2 ms", "gone, 1.2 ms". */
const char *say_shift(struct doc *d, double before, double after);
/* "1 to 21 calls"; NULL when the number is the same or not known. */
const char *say_calls(struct doc *d, const struct run_difference *f);
/* "function", "statement", "wait", "call to a peer". */
const char *say_difference_kind(const char *kind);

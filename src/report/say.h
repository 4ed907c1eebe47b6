/* SPDX-License-Identifier: MIT */
/* A run's figures and names in words. The one place where a section gets its wording of a number
 * from, so that all forms say the same. Results live in the document. */
#pragma once

#include "report/doc.h"

/* "-" for an unknown figure. */
const char *say_duration(struct doc *d, double seconds);
const char *say_rate(struct doc *d, double per_s);
const char *say_size(struct doc *d, double bytes);
const char *say_percent(struct doc *d, double ratio);
const char *say_share(struct doc *d, double share);      /* whole percents from ten on */
const char *say_count(struct doc *d, double n);          /* "1.20M" */
const char *say_cores(struct doc *d, double cores);      /* "0.94 cores" */
const char *say_times(struct doc *d, double ratio);      /* "3.7×" */
const char *say_unit(struct doc *d, double value, enum doc_unit unit);

/* A metric of a target or a comparison: "p99 latency"; the value in its unit. */
const char *say_metric(const char *metric);
const char *say_metric_short(const char *metric);        /* "p99" */
enum doc_unit say_metric_unit(const char *metric);
const char *say_value(struct doc *d, const struct run *r, const char *metric, double value);
/* "< 500 ms at 20.0k/s" */
const char *say_limit(struct doc *d, const struct run *r, const struct run_target *t);
/* "1.79–1.90 s"; NULL when not known. */
const char *say_interval(struct doc *d, const struct run *r, const struct run_target *t);
const char *say_met(const struct run_target *t);         /* "met", "missed", "not known" */
enum doc_tone say_met_tone(const struct run_target *t);

/* "240 ms (190–320 ms)"; NULL when not known. */
const char *say_predicted(struct doc *d, const struct run_num *n, enum doc_unit unit);

const char *say_step_id(struct doc *d, const struct run_step *s);     /* "P1" */
const char *say_step_what(struct doc *d, const struct run_step *s);
/* What a step is expected to bring, in the first figure that it has a prediction of ("p99"). NULL
 * none. */
const char *say_expected(struct doc *d, const struct run_step *s, const char **ret_name);
/* "p99 240 ms (190–320 ms)"; NULL none. */
const char *say_step(struct doc *d, const struct run_step *s);

const char *say_finding(struct doc *d, const char *kind); /* "database: missing index" */
const char *say_class(enum run_class c);                 /* "CPU", "I/O" ... */
const char *say_source(enum run_source s);
const char *say_level(enum run_level l);
const char *say_confidence(struct doc *d, double confidence);   /* "high (95 %)" */
const char *say_certainty(struct doc *d, double confidence);    /* "95 %", "hypothesis, 45 %" */
const char *say_basis(const struct run_finding *f);      /* NULL: not said */
/* Where, and its source when that is known: "json_escape (src/json.c:88)". */
const char *say_place(struct doc *d, const struct run_finding *f, size_t most_bytes);
const char *say_peer(const char *kind);                  /* "PostgreSQL" */
const char *say_join(struct doc *d, const char **items, size_t n, size_t most, const char *between);
const char *say_clip(struct doc *d, const char *s, size_t most_bytes);   /* NULL stays NULL */
bool say_known(double v);

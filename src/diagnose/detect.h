/* SPDX-License-Identifier: MIT */
/* What a detector is. Each looks at the facts for one kind of limit and either adds findings or
 * says with a number why it is not that. Detectors do no I/O, keep no state and do not see each
 * other: who is first is decided by draft_settle. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

struct draft;

/* What must have been seen for a kind to be judged at all. */
enum needs {
	NEEDS_TIME,       /* traced requests: where their time went */
	NEEDS_CPU,        /* at least how much of their time is CPU */
	NEEDS_SERIES,     /* counters only */
};

struct detector {
	const char *kind;         /* design: finding kinds; stable */
	const char *about;
	enum needs needs;
	enum run_class class;
	double weight;            /* of share x confidence when findings are put in order */
	void (*detect)(const struct facts *f, struct draft *d);
};

/* Order of findings beyond share x confidence. */
#define WEIGHT_WITHHELD 10     /* a resource is kept from the service: nothing else can be judged */
#define WEIGHT_CAUSE    1
#define WEIGHT_SHAPE    0.5    /* how the work is spread over workers: after what the work is */
#define WEIGHT_GROWTH   0.01   /* a problem, but not what limits now */

/* Findings and refusals in the making. */
struct draft {
	struct facts *f;
	const struct detector *detector;   /* the one at work */
	struct run_finding *findings;
	size_t n_findings;
	double *scores;
	size_t n_scores;
};

/* Run every detector; then put findings in order, drop what is noise or told twice, and write
 * r->findings and r->ruled_out. */
void draft_make(struct draft *d, struct facts *f);

/* Nothing may be concluded: every kind is ruled out with this reason. */
void draft_refuse(struct run *r, const char *why);

/* For detectors. `confidence` is before the doubts about the evidence; the finding lives in the
 * draft until the next one is added. */
struct run_finding *finding_add(struct draft *d, double share, double confidence,
    const char *where);
/* The finding that was added last is the cause itself, whatever its kind counts for as a rule. */
void finding_is_cause(struct draft *d);
void finding_evidence(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_against(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Why it is not this kind; one sentence without full stop. */
void rule_out(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

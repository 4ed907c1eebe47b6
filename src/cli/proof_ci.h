/* SPDX-License-Identifier: MIT */
/* What 'prony prove' tells the CI service that it runs in. */
#pragma once

#include "base/err.h"
#include "run/run.h"

/* Append the report to the summary of the GitHub Actions step, the file that GITHUB_STEP_SUMMARY names,
 * where there is one. */
int proof_ci_summary(const struct run *r, struct err *e);

/* Print the annotations on stderr, which GitHub reads as it does stdout, when GITHUB_ACTIONS is set. */
void proof_ci_annotate(const struct run *r);

/* SPDX-License-Identifier: MIT */
/* What 'prony prove' found, in the forms that CI reads. Pure functions of the run; text of
 * strangers (routes, answers, functions) cannot leave its place in any of them. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "run/run.h"

/* Is the run a comparison of two arms? */
bool report_is_proof(const struct run *r);

/* JUnit XML: a test case for each figure, one for the answers. What is worse fails, what cannot be
 * said is skipped. When the comparison could not be made its first case is an error and the others
 * are skipped. */
void report_proof_junit(const struct run *r, struct buf *out);

/* Workflow commands of GitHub Actions, a line each: an error for what is worse, a warning for what
 * cannot be said, a notice for what is better; at most ten of a kind, as many as are shown
 * (docs.github.com, "Workflow commands for GitHub Actions"). The summary of a step is Markdown as
 * report_markdown() writes it. */
void report_proof_annotations(const struct run *r, struct buf *out);

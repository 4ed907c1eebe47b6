/* SPDX-License-Identifier: MIT */
/* report: renders a run for people. A face never computes: every number it shows is in the run.
 *
 * All forms are written from one neutral document (report/doc.h), so they cannot disagree. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "run/run.h"

struct report_terminal {
	int columns;       /* 80 when unknown */
	bool colour, utf8;
};

/* At most 24 lines. */
void report_terminal(const struct run *r, const struct report_terminal *t, struct buf *out);
void report_markdown(const struct run *r, struct buf *out);   /* the short form: six headings */
void report_html(const struct run *r, struct buf *out);       /* one self-contained file */
void report_json(const struct run *r, struct buf *out);       /* run.json */

/* Write report.html and report.md into the run's folder. */
int report_write(const struct run *r, struct err *e);

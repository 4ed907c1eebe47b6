/* SPDX-License-Identifier: MIT */
/* The writers: one document in, one form out. They read nothing but the document. */
#pragma once

#include "base/buf.h"
#include "report/doc.h"
#include "report/report.h"

#define TERMINAL_LINES 24

/* Each appends to `out` and keeps nothing. Cannot fail; out of memory aborts. Any thread. */
void write_terminal(const struct doc *d, const struct report_terminal *t, struct buf *out);
void write_markdown(const struct doc *d, struct buf *out);
/* A page of its own: styles, scripts and data are in it. */
void write_html(const struct doc *d, struct buf *out);

/* SPDX-License-Identifier: MIT */
/* Text of strangers (URLs, SQL, symbols, file names) into each context of a report.
 *
 * Whatever goes in, what comes out is valid UTF-8 that cannot leave its context: no tag, no end
 * of an attribute, no script, no Markdown block, no terminal command, no direction override. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Element content and quoted attribute values. Line feed and tab stay. */
void escape_html(struct buf *out, const char *s);

/* Inside the quotes of a JSON string that stands in a <script>. */
void escape_json(struct buf *out, const char *s);

/* Markdown running text on one line: white space becomes a blank. */
void escape_markdown(struct buf *out, const char *s);

/* A Markdown code span, its backticks included, also inside a table. */
void escape_markdown_span(struct buf *out, const char *s);

/* A Markdown code block: each line indented by four blanks, so that no content can end it. */
void escape_markdown_block(struct buf *out, const char *s);

/* One line of a terminal; not `utf8`: ASCII only. */
void escape_terminal(struct buf *out, const char *s, bool utf8);

/* One word of a POSIX shell command, its single quotes included. */
void escape_shell(struct buf *out, const char *s);

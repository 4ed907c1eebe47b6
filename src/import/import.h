/* SPDX-License-Identifier: MIT */
/* import: what people already have (recordings, API descriptions, logs, commands, scripts of other
 * tools) becomes a scenario.
 *
 * An importer takes what it understands and notes what it left out; it never guesses silently.
 * Secrets never reach the scenario: cookies are dropped, values of headers, query parameters and
 * body fields that are named like a secret become ${env(NAME)}. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "scenario/scenario.h"

struct import_options {
	const char *format;     /* a name of formats.def; NULL: found by content, then by file name */
	const char *base;       /* where the requests go; NULL: where the files say */
	const char *replay;     /* log: file for the recorded arrival times; NULL none */
	bool all_methods;       /* openapi, log: also methods that change something */
	int workers;            /* log: threads that parse; 0: one a processor */
};

/* Something that was left out or changed, and how often. */
struct import_note { const char *text; uint64_t count; };

struct import_result {
	struct scenario *scenario;
	const char *format;
	struct import_note *notes; size_t n_notes;
};

/* Read the files, all of one format, into one scenario; "-" is stdin, gzip is unpacked. What is
 * returned lives in `a`. Errors name file:line:column where there is one. One call at a time. */
int import_files(const char *const *paths, size_t n, const struct import_options *o,
    struct arena *a, struct import_result *ret, struct err *e);

/* The same for bytes at hand; the name stands in for the file's. */
int import_text(const char *name, const char *text, size_t size, const struct import_options *o,
    struct arena *a, struct import_result *ret, struct err *e);

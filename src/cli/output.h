/* SPDX-License-Identifier: MIT */
/* The forms that the figures of a load, or of a comparison, are given in: on stdout and in files. */
#pragma once

#include "cli/command.h"

enum output_form {
	OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_NDJSON, OUTPUT_PROMETHEUS, OUTPUT_JUNIT,
	OUTPUT_GITHUB              /* Markdown for the summary of a step */
};

extern const char *const output_names[];   /* of the forms, in their order; ends with NULL */

/* "csv=FILE": the form, and where the file's name begins in the text. */
int output_parse(const char *text, enum output_form *ret_form, const char **ret_file,
    struct err *e);

/* Of a comparison: are the forms that --format and --write ask for such as tell one? To be asked
 * before anything is measured. */
int output_allow_proof(const struct invocation *in, struct err *e);

/* Write the files that --write asked for. `table` is the text form. */
int output_files(const struct invocation *in, const struct run *r, const struct buf *table,
    struct err *e);

/* Print what --format or --json asks for; returns the exit status as cli_print does. */
int output_print(struct invocation *in, const struct run *r, const struct buf *table, int status);

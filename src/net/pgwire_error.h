/* SPDX-License-Identifier: MIT */
/* PostgreSQL's ErrorResponse, read as its bytes come (section "Error and Notice Message Fields" of
 * the protocol). Of the many fields only these are kept: the others quote the user's data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PG_MESSAGE_TEXT_MAX 120

struct pg_error {
	char severity[12];                       /* ERROR, FATAL, PANIC; not translated since 9.6 */
	char sqlstate[6];
	char message[PG_MESSAGE_TEXT_MAX + 1];   /* primary message, cut, printable ASCII; values
	                                            that it quotes are a '?', names stay */
	char field;                              /* being read; '\0': between two */
	bool ended;
	uint8_t size;                            /* of the field, so far */
};

void pg_error_begin(struct pg_error *e);
bool pg_error_bytes(struct pg_error *e, const char *bytes, size_t size);   /* false: malformed */
bool pg_error_end(struct pg_error *e);                                     /* false: it broke off */

/* SPDX-License-Identifier: MIT */
/* A fuzzer's bytes as the fields of a message: "name: value", a line each. What no parser of heads would let through
 * (control characters but the tab, blanks around the value) is taken out. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

#include "net/http_fields.h"

#define FUZZ_FIELDS 64

struct fuzz_fields {
	char *bytes;
	struct http_field at[FUZZ_FIELDS];
	struct http_fields fields;
};

static inline void
fuzz_fields_add(struct fuzz_fields *f, char *line, size_t size)
{
	char *colon = memchr(line, ':', size);

	if (!colon || colon == line || f->fields.n == FUZZ_FIELDS)
		return;
	f->at[f->fields.n++] = (struct http_field){ { line, (size_t)(colon - line) },
		text_trim((struct text){ colon + 1, (size_t)(line + size - colon - 1) }) };
}

/* Released by free(f->bytes). */
static inline void
fuzz_fields_read(struct fuzz_fields *f, const uint8_t *data, size_t size)
{
	f->bytes = malloc(size + 1);
	f->fields = (struct http_fields){ f->at, 0 };
	memcpy(f->bytes, data, size);
	f->bytes[size] = '\n';
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)f->bytes[i] < 0x20 && f->bytes[i] != '\t' && f->bytes[i] != '\n') || f->bytes[i] == 0x7f)
			f->bytes[i] = ' ';
	for (char *line = f->bytes, *end; line < f->bytes + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(f->bytes + size + 1 - line));
		fuzz_fields_add(f, line, (size_t)(end - line));
	}
}

static inline void
require(int holds)
{
	if (!holds)
		abort();
}

/* SPDX-License-Identifier: MIT */
/* A text (the first line) rendered with the other bytes as a value: no header and no request
 * target is ever broken apart. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
environment(const char *name)
{
	return name;
}

static void
check_bytes(const struct buf *out, enum template_use use)
{
	for (size_t i = 0; i < out->size; i++) {
		unsigned char c = (unsigned char)out->data[i];
		if (use == TEMPLATE_HEADER && (c == 0x7f || (c < ' ' && c != '\t')))
			abort();
		if (use == TEMPLATE_URL && (c <= ' ' || c >= 0x7f || c == '#'))
			abort();
	}
}

static void
render(const char *text, enum template_use use, struct view value, struct arena *a)
{
	struct scope scope = { .env = environment };
	const struct template_values values = { .variables = &value, .seed = value.size };
	struct template t;
	struct err e = { 0 };
	struct buf out = { .cap_bytes = 1 << 20 };

	scope_define(&scope, "v");
	if (template_compile(text, use, &scope, a, &t, &e) == 0)
		template_render(&t, &values, &out);
	else if (!e.text[0])
		abort();
	check_bytes(&out, use);
	buf_done(&out);
	scope_done(&scope);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const char *text = (const char *)data, *line = size ? memchr(text, '\n', size) : NULL;
	size_t n = line ? (size_t)(line - text) : 0;
	const char *what = arena_strndup(a, text, n);

	for (int use = TEMPLATE_BODY; use <= TEMPLATE_URL; use++)
		render(what, (enum template_use)use, (struct view){ text + n, size - n }, a);
	arena_free(a);
	return 0;
}

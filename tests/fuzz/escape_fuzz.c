/* SPDX-License-Identifier: MIT */
/* Text of strangers through every escape: what comes out must not be able to leave its context. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* Valid UTF-8 without control characters (but those in `but`) and without direction overrides. */
static void
require_safe(const struct buf *b, const char *but)
{
	char again[4];
	for (const char *s = buf_text(b), *at = s; *s; at = s) {
		uint32_t c = utf8_next(&s);
		require(utf8_write(again, c) == (size_t)(s - at) && memcmp(again, at,
		    (size_t)(s - at)) == 0);
		require(!utf8_is_unsafe(c) || (c < 0x80 && strchr(but, (int)c)));
	}
}

static void
check_html(const char *s)
{
	struct buf b = { 0 };
	escape_html(&b, s);
	require_safe(&b, "\n\t");
	require(!strpbrk(buf_text(&b), "<>\"'"));
	buf_clear(&b);
	escape_json(&b, s);
	require_safe(&b, "");
	require(!strpbrk(buf_text(&b), "<>\"'&"));
	buf_done(&b);
}

static void
check_markdown(const char *s)
{
	struct buf b = { 0 };
	escape_markdown(&b, s);
	require_safe(&b, "");
	require(b.size < 2 || !strchr("#-+=> ", *buf_text(&b)));
	buf_clear(&b);
	escape_markdown_span(&b, s);
	require_safe(&b, "");
	buf_clear(&b);
	escape_markdown_block(&b, s);
	require_safe(&b, "\n\t");
	for (const char *line = buf_text(&b); *line; line = strchr(line, '\n') + 1)
		require(strncmp(line, "    ", 4) == 0 && strchr(line, '\n'));
	buf_done(&b);
}

static void
check_terminal(const char *s)
{
	struct buf b = { 0 };
	escape_terminal(&b, s, true);
	require_safe(&b, "");
	buf_clear(&b);
	escape_terminal(&b, s, false);
	for (const char *c = buf_text(&b); *c; c++)
		require(*c >= ' ' && *c < 0x7f);
	buf_clear(&b);
	escape_shell(&b, s);
	require_safe(&b, "");
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	memcpy(s, data, size);
	s[size] = '\0';
	check_html(s);
	check_markdown(s);
	check_terminal(s);
	free(s);
	return 0;
}

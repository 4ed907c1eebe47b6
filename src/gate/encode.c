/* SPDX-License-Identifier: MIT */
#include "gate/encode.h"

void
encode_url(struct buf *out, struct text t)
{
	static const char plain[] = "-._~";

	for (size_t i = 0; i < t.size; i++) {
		unsigned char c = (unsigned char)t.at[i];
		bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (letter || (c && strchr(plain, c)))
			buf_putc(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void
encode_json(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.size; i++) {
		unsigned char c = (unsigned char)t.at[i];
		if (c == '"' || c == '\\')
			buf_putc(out, '\\');
		if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, (char)c);
	}
}

void
encode_xml(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.size; i++)
		if (t.at[i] == '&')
			buf_puts(out, "&amp;");
		else if (t.at[i] == '<')
			buf_puts(out, "&lt;");
		else if (t.at[i] == '>')
			buf_puts(out, "&gt;");
		else
			buf_putc(out, t.at[i]);
}

void
encode_unsafe(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.size; i++) {
		unsigned char c = (unsigned char)t.at[i];
		if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}", c))
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, (char)c);
	}
}

/* SPDX-License-Identifier: MIT */
#include "net/http1_head.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/cleanup.h"

#define T HTTP1_TOKEN
#define V HTTP1_TEXT
#define P HTTP1_TARGET
#define H HTTP1_HOST
#define ALL (T | V | P | H)

/* Host: a name, an address, a port (RFC 3986, section 3.2), without user names. Target: all that is
 * printable; many clients leave more of it unescaped than RFC 3986 has it. */
const uint8_t http1_classes[256] = {
	['\t'] = V, [' '] = V, ['"'] = V | P, ['('] = V | P | H, [')'] = V | P | H, [','] = V | P | H,
	['/'] = V | P, [':'] = V | P | H, [';'] = V | P | H, ['<'] = V | P, ['='] = V | P | H, ['>'] = V | P,
	['?'] = V | P, ['@'] = V | P, ['['] = V | P | H, ['\\'] = V | P, [']'] = V | P | H,
	['{'] = V | P, ['}'] = V | P,
	['#'] = T | V, ['!'] = ALL, ['$'] = ALL, ['%'] = ALL, ['&'] = ALL, ['\''] = ALL, ['*'] = ALL,
	['+'] = ALL, ['-'] = ALL, ['.'] = ALL, ['_'] = ALL, ['~'] = ALL,
	['^'] = T | V | P, ['`'] = T | V | P, ['|'] = T | V | P,
	['0' ... '9'] = ALL, ['A' ... 'Z'] = ALL, ['a' ... 'z'] = ALL,
	[0x80 ... 0xff] = V,
};

enum http1_verdict
http1_scan_crlf(struct http1_scan *s)
{
	if (s->at == s->end)
		return HTTP1_MORE;
	if (*s->at == '\n')
		return http1_scan_bad(s, "a line ends in a line feed alone");
	if (*s->at != '\r')
		return http1_scan_bad(s, "control character");
	if (s->at + 1 == s->end)
		return HTTP1_MORE;
	if (s->at[1] != '\n')
		return http1_scan_bad(s, "a carriage return alone");
	s->at += 2;
	return HTTP1_DONE;
}

struct text
http1_scan_class(struct http1_scan *s, uint8_t class)
{
	const char *begin = s->at;

	while (s->at < s->end && (http1_classes[(unsigned char)*s->at] & class))
		s->at++;
	return (struct text){ begin, (size_t)(s->at - begin) };
}

/* Up to the first control character other than a tab. */
static void
skip_text(struct http1_scan *s)
{
#ifdef __SSE2__
	const __m128i low = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
	while (s->end - s->at >= 16) {
		__m128i b = _mm_loadu_si128((const __m128i *)s->at);
		__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(b, low), b);
		control = _mm_andnot_si128(_mm_cmpeq_epi8(b, tab), control);
		control = _mm_or_si128(control, _mm_cmpeq_epi8(b, del));
		int mask = _mm_movemask_epi8(control);
		if (mask) {
			s->at += __builtin_ctz((unsigned)mask);
			return;
		}
		s->at += 16;
	}
#endif
	http1_scan_class(s, HTTP1_TEXT);
}

/* "name: value" CRLF; what stands before the colon or folds a line is where parsers disagree. */
static enum http1_verdict
scan_field(struct http1_scan *s, struct http_field *ret)
{
	if (*s->at == ' ' || *s->at == '\t')
		return http1_scan_bad(s, "a folded header line");
	ret->name = http1_scan_class(s, HTTP1_TOKEN);
	if (s->at == s->end)
		return HTTP1_MORE;
	if (!ret->name.size || *s->at != ':')
		return http1_scan_bad(s, "malformed header line");
	const char *value = ++s->at;
	skip_text(s);
	ret->value = text_trim((struct text){ value, (size_t)(s->at - value) });
	return http1_scan_crlf(s);
}

enum http1_verdict
http1_scan_fields(struct http1_scan *s, struct http_field *fields, uint32_t *ret_n)
{
	for (*ret_n = 0; s->at < s->end;) {
		if (*s->at == '\r' || *s->at == '\n')
			return http1_scan_crlf(s);
		if (*ret_n == HTTP1_FIELDS_MAX)
			return http1_scan_bad(s, "too many header lines");
		enum http1_verdict v = scan_field(s, &fields[*ret_n]);
		if (v != HTTP1_DONE)
			return v;
		++*ret_n;
	}
	return HTTP1_MORE;
}

/* ---- framing -------------------------------------------------------------------------------- */

static const char *
read_length(struct http1_hop *h, struct text v)
{
	int64_t n = 0;

	if (!v.size || v.size > 18)
		return "malformed Content-Length";
	for (size_t i = 0; i < v.size; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			return "malformed Content-Length";
		n = n * 10 + (v.at[i] - '0');
	}
	if (h->lengths++ && n != h->length)
		return "two Content-Length headers disagree";
	h->length = n;
	return NULL;
}

const char *
http1_hop_read(struct http1_hop *ret, const struct http_fields *fields)
{
	const char *why = NULL;

	*ret = (struct http1_hop){ .length = -1 };
	for (const struct http_field *f = fields->at; f < fields->at + fields->n && !why; f++) {
		if (f->name.size == 10 && text_is(f->name, "Connection")) {
			ret->close |= text_lists(f->value, "close");
			ret->keep_alive |= text_lists(f->value, "keep-alive");
			ret->upgrade |= text_lists(f->value, "upgrade");
		} else if (f->name.size == 14 && text_is(f->name, "Content-Length")) {
			why = read_length(ret, f->value);
		} else if (f->name.size == 17 && text_is(f->name, "Transfer-Encoding")) {
			ret->coded |= ret->chunked || !text_is(f->value, "chunked");
			ret->chunked |= text_lists(f->value, "chunked");
		}
	}
	return why;
}

static bool
always_hop(struct text name)
{
	static const char *const names[] = {
		"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
		"TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
	};
	static const uint32_t first = 1u << ('c' - 'a') | 1u << ('k' - 'a') | 1u << ('p' - 'a') |
	    1u << ('t' - 'a') | 1u << ('u' - 'a') | 1u << ('h' - 'a');
	unsigned letter = ((unsigned)(unsigned char)name.at[0] | 32) - 'a';

	if (letter > 25 || !(first >> letter & 1))
		return false;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (text_is(name, names[i]))
			return true;
	return false;
}

/* Names of two words that Connection holds may be anything; those that say where the message goes or
 * ends are not the client's to take away. */
bool
http1_is_hop_field(const struct http_fields *fields, struct text name)
{
	char word[64];
	const struct http_field *f = NULL;

	if (always_hop(name))
		return true;
	f = http_field_next(fields, "Connection", NULL);
	if (!f || name.size >= sizeof(word) || text_is(name, "Host") || text_is(name, "Content-Length"))
		return false;
	memcpy(word, name.at, name.size);
	word[name.size] = '\0';
	for (; f; f = http_field_next(fields, "Connection", f))
		if (text_lists(f->value, word))
			return true;
	return false;
}

/* SPDX-License-Identifier: MIT */
#include "smuggle_read.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct reader {
	const unsigned char *at, *end;
	bool canonical;
};

/* What the fields said. */
struct framing {
	int hosts, lengths, codings;
	uint64_t length;
	bool chunked, close, keep_alive, old;
};

static bool
is_token(int c)
{
	return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* One line without its CRLF. 1, 0: not all there, -1: fault. */
static int
take_line(struct reader *r, const unsigned char **ret, size_t *ret_n)
{
	for (const unsigned char *p = r->at; p < r->end; p++) {
		if (*p == '\r' && p + 1 == r->end)
			return 0;
		if (*p == '\r' && p[1] == '\n') {
			*ret = r->at;
			*ret_n = (size_t)(p - r->at);
			r->at = p + 2;
			return 1;
		}
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return -1;
	}
	return 0;
}

static bool
is_target(const unsigned char *t, size_t n, bool canonical, const char *method)
{
	for (size_t i = 0; i < n; i++)
		if (t[i] <= 0x20 || t[i] >= 0x7f || t[i] == '#')
			return false;
	if (n && t[0] == '/')
		return true;
	if (n == 1 && t[0] == '*')
		return strcmp(method, "OPTIONS") == 0;
	bool http = n > 7 && strncasecmp((const char *)t, "http://", 7) == 0;
	return !canonical && (http || (n > 8 && strncasecmp((const char *)t, "https://", 8) == 0));
}

static bool
read_request_line(const unsigned char *l, size_t n, struct reader *r, struct smuggle_request *q, bool *ret_old)
{
	size_t m = 0;

	while (m < n && is_token(l[m]))
		m++;
	if (!m || m > 32 || m == n || l[m] != ' ')
		return false;
	memcpy(q->method, l, m);
	q->method[m] = '\0';
	if (n < m + 11 || memcmp(l + n - 9, " HTTP/1.", 8) != 0 || (l[n - 1] != '0' && l[n - 1] != '1'))
		return false;
	*ret_old = l[n - 1] == '0';
	const unsigned char *t = l + m + 1;
	size_t size = n - 9 - (m + 1);
	if (!is_target(t, size, r->canonical, q->method) || (r->canonical && *ret_old))
		return false;
	size = size < sizeof(q->target) ? size : sizeof(q->target) - 1;
	memcpy(q->target, t, size);
	q->target[size] = '\0';
	return true;
}

static bool
word_is(const unsigned char *v, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp((const char *)v, word, n) == 0;
}

static bool
has_word(const unsigned char *v, size_t n, const char *word)
{
	for (size_t i = 0, k; i < n; i = k + 1) {
		for (k = i; k < n && v[k] != ','; k++)
			;
		size_t a = i, b = k;
		while (a < b && (v[a] == ' ' || v[a] == '\t'))
			a++;
		while (b > a && (v[b - 1] == ' ' || v[b - 1] == '\t'))
			b--;
		if (word_is(v + a, b - a, word))
			return true;
	}
	return false;
}

static bool
read_length(const unsigned char *v, size_t n, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit(v[i]) || i > 17)
			return false;
		*ret = *ret * 10 + (uint64_t)(v[i] - '0');
	}
	return n;
}

static bool
is_host(const unsigned char *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum(v[i]) && !strchr("-._~%!$&'()*+,;=:[]", v[i]))
			return false;
	return true;
}

static bool
read_field(const unsigned char *l, size_t n, bool canonical, struct framing *f)
{
	size_t m = 0;

	while (m < n && is_token(l[m]))
		m++;
	if (!m || m == n || l[m] != ':')
		return false;
	const unsigned char *v = l + m + 1, *end = l + n;
	if (canonical && (v == end || *v != ' '))
		return false;
	while (v < end && (*v == ' ' || *v == '\t'))
		v++;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	size_t size = (size_t)(end - v);
	if (!f)
		return true;
	if (word_is(l, m, "Host")) {
		f->hosts++;
		return is_host(v, size);
	}
	if (word_is(l, m, "Content-Length")) {
		f->lengths++;
		return read_length(v, size, &f->length);
	}
	if (word_is(l, m, "Transfer-Encoding")) {
		f->codings++;
		f->chunked = word_is(v, size, "chunked");
		return f->chunked;
	}
	if (word_is(l, m, "Connection")) {
		f->close |= has_word(v, size, "close");
		f->keep_alive |= has_word(v, size, "keep-alive");
	}
	return true;
}

/* 1, 0, -1 as take_line. `f` NULL: of a trailer, which says nothing of the message. */
static int
read_fields(struct reader *r, struct framing *f)
{
	const unsigned char *l;
	size_t n;
	int got;

	while ((got = take_line(r, &l, &n)) == 1 && n)
		if (!read_field(l, n, r->canonical, f))
			return -1;
	return got;
}

static int
read_chunks(struct reader *r, size_t *ret_bytes)
{
	const unsigned char *l;
	size_t n, digits;
	int got;

	for (;;) {
		uint64_t size = 0;
		if ((got = take_line(r, &l, &n)) != 1)
			return got;
		for (digits = 0; digits < n && isxdigit(l[digits]); digits++)
			size = size * 16 + (uint64_t)(isdigit(l[digits]) ? l[digits] - '0' : (l[digits] | 32) - 'a' + 10);
		if (!digits || digits > 15 || (digits < n && (r->canonical || (l[digits] != ';' && l[digits] != ' ' && l[digits] != '\t'))))
			return -1;
		if (!size)
			return read_fields(r, NULL);
		if ((uint64_t)(r->end - r->at) < size + 2)
			return 0;
		r->at += size;
		*ret_bytes += size;
		if (r->at[0] != '\r' || r->at[1] != '\n')
			return -1;
		r->at += 2;
	}
}

static int
read_body(struct reader *r, const struct framing *f, struct smuggle_request *q)
{
	if (f->chunked)
		return read_chunks(r, &q->body_bytes);
	if (f->lengths && (uint64_t)(r->end - r->at) < f->length)
		return 0;
	r->at += f->lengths ? f->length : 0;
	q->body_bytes = f->lengths ? f->length : 0;
	return 1;
}

static int
read_request(struct reader *r, struct smuggle_request *q)
{
	const unsigned char *l, *begin = r->at;
	struct framing f = { 0 };
	size_t n;
	int got;

	*q = (struct smuggle_request){ 0 };
	if (!r->canonical && r->end - r->at >= 2 && r->at[0] == '\r' && r->at[1] == '\n')
		r->at += 2;
	if ((got = take_line(r, &l, &n)) != 1)
		return got;
	if (!read_request_line(l, n, r, q, &f.old))
		return -1;
	if ((got = read_fields(r, &f)) != 1)
		return got;
	if (f.hosts > 1 || (!f.hosts && !f.old) || f.lengths > 1 || f.codings > 1 || (f.codings && (f.lengths || f.old)))
		return -1;
	q->head_bytes = (size_t)(r->at - begin);
	q->last = f.old ? !f.keep_alive || f.close : f.close;
	return read_body(r, &f, q);
}

void
smuggle_read(const char *bytes, size_t size, bool canonical, struct smuggle_read *ret)
{
	struct reader r = { (const unsigned char *)bytes, (const unsigned char *)bytes + size, canonical };

	*ret = (struct smuggle_read){ 0 };
	while (r.at < r.end && ret->n < SMUGGLE_REQUESTS_MAX) {
		int got = read_request(&r, &ret->at[ret->n]);
		if (got != 1) {
			ret->end = got ? SMUGGLE_FAULT : SMUGGLE_INCOMPLETE;
			return;
		}
		ret->used = (size_t)((const char *)r.at - bytes);
		ret->n++;
	}
}

/* SPDX-License-Identifier: MIT */
#include "smuggle_make.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"

#define EVIL "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"

struct maker {
	uint64_t seed, draws;
	struct buf *out;
};

static size_t
below(struct maker *m, size_t n)
{
	return (size_t)random_below(random_at(m->seed, m->draws++), n);
}

/* ---- tables ---- */

/* %s: the coding, the length. */
static const char *const coding_names[] = {
	"Transfer-Encoding: %s", "transfer-encoding: %s", "Transfer-Encoding:%s", "Transfer-Encoding : %s", "Transfer-Encoding\t: %s",
	" Transfer-Encoding: %s", "\tTransfer-Encoding: %s", "Transfer_Encoding: %s", "Transfer-Encoding\x0b: %s", "Transfer-Encoding:\x0b%s",
	"Transfer-Encoding:\t%s", "Transfer-Encoding: %s\t", "X: y\nTransfer-Encoding: %s", "X: y\rTransfer-Encoding: %s",
	"X: y\r\n Transfer-Encoding: %s", "X:\nTransfer-Encoding: %s", "Transfer-Encoding\r\n: %s", "Transfer-Encoding:\r\n %s",
	"Transfer-Encoding;: %s", "Transfer-Encoding %s", "\x7fTransfer-Encoding: %s", "Transfer-Encoding\xa0: %s", "Foo\r\nTransfer-Encoding: %s",
	"Transfer-Encoding: %s\r\nTransfer-Encoding: %s", "Transfer-Encoding: identity\r\nTransfer-Encoding: %s", "TE: %s",
	"Transfer-Encoding: %s\r\nConnection: Transfer-Encoding", "Content-Encoding: %s",
};
static const char *const codings[] = {
	"chunked", "chunked", "chunked", "Chunked", "CHUNKED", "xchunked", "chunkedx", "chunked,", ",chunked", ", ,chunked", "chunked, identity",
	"identity, chunked", "identity", "gzip, chunked", "chunked, chunked", "chunked;q=1", "\"chunked\"", "'chunked'", "chun ked", "chunk",
	"x chunked", "chunked x", "cow", "", "chunked\x0b", "chunked\x0c", "chunked\x80", "\xa0" "chunked", "chunked\r", "chunked\n", "chunked\r\n ",
};
static const char *const length_names[] = {
	"Content-Length: %s", "Content-Length: %s", "content-length: %s", "Content-Length:%s", "Content-Length : %s", " Content-Length: %s", "Content_Length: %s",
	"Content-Length\x0b: %s", "Content-Length:\x0b%s", "X: y\nContent-Length: %s", "X: y\rContent-Length: %s", "X: y\r\n Content-Length: %s",
	"Content-Length: %s\r\nContent-Length: 0", "Content-Length: 0\r\nContent-Length: %s", "Content-Length: %s\r\nContent-Length: %s",
	"Content-Length:\r\n %s", "Content-Length %s", "Connection: Content-Length\r\nContent-Length: %s", "Content-Length: %s\t",
};
static const char *const lengths[] = {
	"%zu", "%zu", "%zu", "+%zu", "-%zu", "0%zu", "00000000000%zu", "%zu ", "%zu,%zu", "%zu, %zu", "0x%zx", "%zu.0", "%zue0", "%zu;", "\"%zu\"", "%zu\x0b",
	"%zu a", "a%zu", "", "18446744073709551616", "9223372036854775808", "99999999999999999999%zu", "%zu\xb9", "1 %zu",
};
static const char *const chunk_sizes[] = {
	"%zx", "%zx", "%zx", "%zX", "0%zx", "000000000%zx", "%zx;a", "%zx;a=b", "%zx;a=\"b\"", "%zx ;a", "%zx ", "%zx\t", " %zx", "+%zx", "-%zx", "0x%zx",
	"%zx;\n", "%zx;\r", "%zx;a\nb", "%zx\n", "%zxg", "%zx,", "ffffffffffffffff%zx", "100000000000000%zx", "%zx\x00", "%zx;\x80", "%zx\r",
};
static const char *const lines[] = {
	"Host: a", "Host: b", "Host:", "Host: a, b", "Host: a/b", "Host : b", " Host: b", "X-Y: z", "Connection: close", "Connection: keep-alive",
	"Connection: Host", "Connection: X-Y, close", "Expect: 100-continue", "Expect: x", "Upgrade: h2c\r\nConnection: Upgrade", "Trailer: X", "TE: trailers",
	"X:\x00y", "X: y\x01", "X\x00: y", ": y", "X", "X Y: z", "X(y): z", "Range: bytes=0-1", "Keep-Alive: 5", "Proxy-Connection: close", "HTTP/1.1",
	"GET /evil HTTP/1.1", "X: " EVIL, "Content-Type: x", "Cookie: a=b",
};
static const char *const starts[] = {
	"GET %s HTTP/1.1", "POST %s HTTP/1.1", "POST %s HTTP/1.1", "POST %s HTTP/1.1", "PUT %s HTTP/1.1", "DELETE %s HTTP/1.1", "GET %s HTTP/1.0",
	"POST %s HTTP/1.0", "GET http://b%s HTTP/1.1", "GET http://a%s HTTP/1.1", "GET  %s HTTP/1.1", "GET %s  HTTP/1.1", "GET\t%s HTTP/1.1", "GET %s HTTP/1.1 ",
	"GET %s", "GET %s HTTP/1.2", "GET %s HTTP/2.0", "GET %s HTTP/11", "GET %s http/1.1", "get %s HTTP/1.1", "GET %s#x HTTP/1.1", "GET %s x HTTP/1.1",
	"\r\nGET %s HTTP/1.1", "\nGET %s HTTP/1.1", "\r\n\r\nGET %s HTTP/1.1", " GET %s HTTP/1.1", "OPTIONS * HTTP/1.1", "GET %s HTTP/1.1\x00", "X(Y %s HTTP/1.1",
};
static const char *const ends[] = { "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", " \r\n", "\n\r", "\r\n\r\n", "", "\x85", "\r\n " };

/* ---- making ---- */

#define PICK(m, table) ((table)[below((m), COUNT_OF(table))])

/* Mostly what is right. */
static const char *
pick(struct maker *m, const char *const *table, size_t n)
{
	return table[below(m, 24) ? 0 : below(m, n)];
}

__attribute__((format(printf, 2, 0))) static void
put_format(struct maker *m, const char *format, size_t a)
{
	char text[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int n = snprintf(text, sizeof(text), format, a, a);
#pragma GCC diagnostic pop
	buf_append(m->out, text, (size_t)n);
}

/* `format` has the value in the places of %s. */
static void
put_named(struct maker *m, const char *format, const char *value, size_t size)
{
	for (const char *p = format; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			buf_append(m->out, value, size);
			p++;
		} else {
			buf_putc(m->out, *p);
		}
	}
	buf_puts(m->out, pick(m, ends, COUNT_OF(ends)));
}

static void
put_coding(struct maker *m)
{
	const char *value = pick(m, codings, COUNT_OF(codings));

	put_named(m, pick(m, coding_names, COUNT_OF(coding_names)), value, strlen(value));
}

static void
put_length(struct maker *m, size_t length)
{
	struct buf value = { 0 };
	struct maker inner = { m->seed, m->draws, &value };

	put_format(&inner, pick(&inner, lengths, COUNT_OF(lengths)), length);
	m->draws = inner.draws;
	put_named(m, pick(m, length_names, COUNT_OF(length_names)), buf_text(&value), value.size);
	buf_done(&value);
}

static void
put_chunk(struct maker *m, const char *bytes, size_t size)
{
	put_format(m, pick(m, chunk_sizes, COUNT_OF(chunk_sizes)), size);
	buf_puts(m->out, pick(m, ends, COUNT_OF(ends)));
	buf_append(m->out, bytes, size);
	if (size)
		buf_puts(m->out, pick(m, ends, COUNT_OF(ends)));
}

static void
put_chunks(struct maker *m, const char *body)
{
	for (size_t i = 0, size = strlen(body), n; i < size; i += n) {
		n = 1 + below(m, size - i);
		put_chunk(m, body + i, n);
	}
	put_chunk(m, "", 0);
	if (!below(m, 4))
		put_named(m, PICK(m, lines), "", 0);
	buf_puts(m->out, pick(m, ends, COUNT_OF(ends)));
}

static void
put_request(struct maker *m, int number)
{
	static const char *const bodies[] = { "", "x", "hello", EVIL, EVIL, "0\r\n\r\n" EVIL, "1\r\nx\r\n0\r\n\r\n" EVIL, "\r\n" EVIL };
	const char *body = PICK(m, bodies);
	enum { NONE, LENGTH, CODING, BOTH } framing = (int)below(m, 4);
	char target[16];

	snprintf(target, sizeof(target), "/q%d", number);
	put_named(m, pick(m, starts, COUNT_OF(starts)), target, strlen(target));
	if (below(m, 20))
		buf_puts(m->out, "Host: a\r\n");
	if (framing == BOTH && below(m, 2))
		put_coding(m);
	if (framing & LENGTH)
		put_length(m, below(m, 6) ? strlen(body) : below(m, 60));
	if (framing & CODING)
		put_coding(m);
	if (!below(m, 4))
		put_named(m, PICK(m, lines), "", 0);
	buf_puts(m->out, pick(m, ends, COUNT_OF(ends)));
	if ((framing & CODING) && below(m, 8))
		put_chunks(m, body);
	else if (framing != NONE)
		buf_puts(m->out, body);
}

/* Bytes that mean something to somebody. */
static void
scratch(struct maker *m)
{
	static const char bytes[] = "\0\t\n\v\f\r ,;:=\"\\/#?\x7f\x80\x85\xa0\xff" "0a";
	struct buf *b = m->out;
	size_t at = below(m, b->size);
	char byte = bytes[below(m, sizeof(bytes) - 1)];

	switch (below(m, 4)) {
	case 0:
		b->data[at] = byte;
		break;
	case 1:
		memmove(b->data + at, b->data + at + 1, b->size - at - 1);
		b->size--;
		break;
	case 2:
		buf_putc(b, ' ');
		memmove(b->data + at + 1, b->data + at, b->size - at - 1);
		b->data[at] = byte;
		break;
	default:
		b->size = at + 1;
	}
}

void
smuggle_make(uint64_t seed, struct buf *out)
{
	struct maker m = { seed, 0, out };
	int n = 1 + (int)below(&m, 3);

	for (int i = 0; i < n; i++)
		put_request(&m, i);
	if (!below(&m, 3))
		buf_puts(out, EVIL);
	for (size_t i = below(&m, 4); i > 1 && out->size > 1; i--)
		scratch(&m);
}

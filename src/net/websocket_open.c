/* SPDX-License-Identifier: MIT */
#include "net/websocket_open.h"

#include <string.h>

#include <openssl/evp.h>

#include "net/field.h"

#define GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"   /* RFC 6455, 1.3 */
#define ACCEPT_SIZE 28                                       /* of a SHA-1 in base64 */

void
websocket_open_request(struct websocket *p, const struct websocket_request *r,
    const uint8_t random[16], struct buf *out)
{
	EVP_EncodeBlock((unsigned char *)p->key, random, 16);
	buf_printf(out, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s\r\n", r->path, r->host, p->key,
	    r->headers ? r->headers : "");
}

static enum websocket_verdict
bad(struct websocket *p, const char *why)
{
	p->why = why;
	return WEBSOCKET_BAD;
}

/* ---- headers ------------------------------------------------------------------------------- */

static bool
accepts(const struct websocket *p, struct text value)
{
	char text[24 + sizeof(GUID)];
	uint8_t sum[20], base64[ACCEPT_SIZE + 1];

	memcpy(text, p->key, 24);
	memcpy(text + 24, GUID, sizeof(GUID));
	if (EVP_Digest(text, strlen(text), sum, NULL, EVP_sha1(), NULL) != 1)
		return false;
	EVP_EncodeBlock(base64, sum, sizeof(sum));
	return value.size == ACCEPT_SIZE && memcmp(value.at, base64, ACCEPT_SIZE) == 0;
}

/* What the answer has said so far. */
struct seen {
	bool upgrade, connection, accept;
};

static enum websocket_verdict
header(struct websocket *p, struct text line, struct seen *seen)
{
	const char *colon = memchr(line.at, ':', line.size);

	if (!colon || colon == line.at)
		return bad(p, "malformed header line");
	struct text name = { line.at, (size_t)(colon - line.at) };
	struct text value = text_trim((struct text){ colon + 1, line.size - name.size - 1 });
	if (text_is(name, "Upgrade"))
		seen->upgrade = text_is(value, "websocket");
	else if (text_is(name, "Connection"))
		seen->connection |= text_lists(value, "Upgrade");
	else if (text_is(name, "Sec-WebSocket-Accept"))
		seen->accept = accepts(p, value);
	else if (text_is(name, "Sec-WebSocket-Extensions") && value.size)
		return bad(p, "it uses an extension that was not asked for");
	return WEBSOCKET_MORE;
}

static enum websocket_verdict
status_line(struct websocket *p, struct text line)
{
	if (line.size < 12 || (line.size > 12 && line.at[12] != ' '))
		return bad(p, "the answer to the upgrade is not HTTP/1.1");
	for (int i = 9; i < 12; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return bad(p, "the answer to the upgrade is not HTTP/1.1");
		p->status = p->status * 10 + (line.at[i] - '0');
	}
	return p->status == 101 ? WEBSOCKET_MORE : bad(p, "it does not switch to WebSocket");
}

/* ---- the answer ---------------------------------------------------------------------------- */

/* A line with its end, from `at` on; moves `at` behind it. */
static struct text
next_line(const struct buf *head, size_t *at)
{
	const char *begin = head->data + *at;
	const char *feed = memchr(begin, '\n', head->size - *at);
	size_t n = (size_t)(feed - begin);

	*at += n + 1;
	return (struct text){ begin, n && begin[n - 1] == '\r' ? n - 1 : n };
}

static enum websocket_verdict
judge(struct websocket *p)
{
	struct seen seen = { 0 };
	size_t at = 0;
	enum websocket_verdict v = status_line(p, next_line(&p->head, &at));

	while (v == WEBSOCKET_MORE) {
		struct text line = next_line(&p->head, &at);
		if (!line.size)
			break;
		v = header(p, line, &seen);
	}
	buf_done(&p->head);
	if (v != WEBSOCKET_MORE)
		return v;
	if (!seen.upgrade || !seen.connection)
		return bad(p, "the answer to the upgrade lacks Upgrade or Connection");
	return seen.accept ? WEBSOCKET_OPEN : bad(p, "Sec-WebSocket-Accept is not for our key");
}

/* Has the empty line come? */
static bool
whole(const struct buf *head)
{
	size_t n = head->size;

	return (n >= 2 && memcmp(head->data + n - 2, "\n\n", 2) == 0) ||
	    (n >= 3 && memcmp(head->data + n - 3, "\n\r\n", 3) == 0);
}

/* What is no HTTP may have no lines either. */
static bool
may_be_http(const struct buf *head)
{
	return memcmp(head->data, "HTTP/1.1 ", head->size < 9 ? head->size : 9) == 0;
}

enum websocket_verdict
websocket_open_feed(struct websocket *p, const char *bytes, size_t size, size_t *ret_used)
{
	*ret_used = 0;
	while (*ret_used < size) {
		const char *from = bytes + *ret_used, *feed = memchr(from, '\n', size - *ret_used);
		size_t n = feed ? (size_t)(feed - from) + 1 : size - *ret_used;
		buf_append(&p->head, from, n);
		*ret_used += n;
		if (p->head.truncated)
			return bad(p, "the answer to the upgrade is too long");
		if (!may_be_http(&p->head))
			return bad(p, "the answer to the upgrade is not HTTP/1.1");
		if (feed && whole(&p->head))
			return judge(p);
	}
	return WEBSOCKET_MORE;
}

/* SPDX-License-Identifier: MIT */
/* A TLS server that sends any bytes (first byte even), or a real one with bytes changed on the way
 * (odd: triples of a position in two bytes and what to change there): no crash, and plaintext that
 * was not sent never comes out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls.h"
#include "../unit/tls_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sent[] = "what the server has sent";

static void
on_plain(void *ctx, const char *bytes, size_t size)
{
	size_t *got = ctx;

	if (*got + size > sizeof(sent) || memcmp(bytes, sent + *got, size) != 0)
		abort();
	*got += size;
}

static void
change(struct buf *b, size_t before, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 3 <= size; i += 3) {
		size_t at = (size_t)data[i] << 8 | data[i + 1];
		if (at >= before && at - before < b->size)
			b->data[at - before] ^= (char)data[i + 2];
	}
}

static void
talk(struct tls *t, struct tls_peer *peer, struct buf *out, const uint8_t *data, size_t size)
{
	size_t got = 0, before = 0;
	const struct tls_sink sink = { .ctx = &got, .plain = on_plain };
	struct buf in = { 0 };

	for (int turn = 0; turn < 6; turn++) {
		tls_peer_feed(peer, out, &in);
		if (turn == 2 && SSL_is_init_finished(peer->ssl))
			tls_peer_send(peer, sent, sizeof(sent), &in);
		buf_clear(out);
		change(&in, before, data, size);
		before += in.size;
		tls_feed(t, in.data, in.size, &sink, out);
		buf_clear(&in);
	}
	buf_done(&in);
}

static struct tls_context *
context(struct tls_site *site)
{
	static const char *const alpn[] = { "h2", "http/1.1", NULL };
	struct tls_context *c;
	struct err e;

	tls_site_open(site, &(struct tls_site_config){ "DNS:localhost", 3600, 0, "h2" });
	if (tls_context_open(&(struct tls_config){ .host = "localhost", .alpn = alpn, .reuse = 0.5 }, &c,
	    &e) < 0)
		abort();
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tls_context *c;
	static struct tls_site site;
	struct tls_peer peer;
	struct buf out = { 0 };
	struct tls *t;
	size_t got = sizeof(sent);       /* nothing may come of raw bytes */
	const struct tls_sink sink = { .ctx = &got, .plain = on_plain };

	if (!c)
		c = context(&site);
	if (!size || tls_open(c, &t, &out) < 0)
		return 0;
	if (data[0] % 2) {
		tls_peer_open(&peer, &site);
		talk(t, &peer, &out, data + 1, size - 1);
		tls_peer_close(&peer);
	} else {
		tls_feed(t, data + 1, size - 1, &sink, &out);
	}
	if (tls_ended(t) == TLS_FAILED && !tls_why(t)[0])
		abort();
	tls_close(t);
	buf_done(&out);
	return 0;
}

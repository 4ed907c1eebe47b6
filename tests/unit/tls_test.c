/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/tls.h"
#include "check.h"
#include "tls_peer.h"

#define LIKE_ANY   { "DNS:localhost", 3600, 0, NULL }
static const char *const h2_or_1[] = { "h2", "http/1.1", NULL };

/* Both sides of a connection and the bytes between them. */
struct pair {
	struct tls *t;
	struct tls_peer peer;
	struct buf to_peer, to_client, got;
	const char *first;               /* to be sent when open */
	const char *reply;               /* to be sent from inside the next plaintext */
	size_t piece;                    /* so many bytes at once to the client */
};

static void
on_opened(void *ctx)
{
	struct pair *p = ctx;

	assert_int_equal(tls_state(p->t), TLS_OPEN);
	assert_int_equal(p->got.size, 0);
	if (p->first)
		assert_int_equal(tls_send(p->t, p->first, strlen(p->first), &p->to_peer), 0);
	p->first = NULL;
}

static void
on_plain(void *ctx, const char *bytes, size_t size)
{
	struct pair *p = ctx;
	struct buf aside = { 0 };

	buf_append(&p->got, bytes, size);
	if (p->reply)
		assert_int_equal(tls_send(p->t, p->reply, strlen(p->reply), &aside), 0);
	p->reply = NULL;
	assert_int_equal(aside.size, 0);
}

static void
feed(struct pair *p, const char *bytes, size_t size)
{
	const struct tls_sink sink = { .ctx = p, .opened = on_opened, .plain = on_plain };

	for (size_t at = 0; at < size; at += p->piece) {
		size_t n = size - at < p->piece ? size - at : p->piece;
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(n);
		memcpy(copy, bytes + at, n);
		tls_feed(p->t, copy, n, &sink, &p->to_peer);
		free(copy);
	}
}

/* Carry bytes to and fro until nobody has any. */
static void
run(struct pair *p)
{
	while (p->to_peer.size || p->to_client.size) {
		tls_peer_feed(&p->peer, &p->to_peer, &p->to_client);
		buf_clear(&p->to_peer);
		feed(p, buf_text(&p->to_client), p->to_client.size);
		buf_clear(&p->to_client);
	}
}

static void
pair_open(struct pair *p, struct tls_context *c, const struct tls_site *site)
{
	*p = (struct pair){ .piece = 1 << 20 };
	tls_peer_open(&p->peer, site);
	assert_int_equal(tls_open(c, &p->t, &p->to_peer), 0);
}

static void
pair_close(struct pair *p)
{
	tls_close(p->t);
	tls_peer_close(&p->peer);
	buf_done(&p->to_peer);
	buf_done(&p->to_client);
	buf_done(&p->got);
}

static struct tls_context *
context(const struct tls_config *config)
{
	struct tls_context *c;
	struct err e = { 0 };

	if (tls_context_open(config, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static void
bytes_pass_in_pieces_of_any_size(void **state)
{
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
	static const size_t pieces[] = { 1, 3, 1000, 1 << 20 };
	struct pair p;

	for (size_t v = 0; v < COUNT_OF(versions); v++) {
		struct tls_site site;
		tls_site_open(&site, &(struct tls_site_config){ "DNS:x", 3600, versions[v], "h2" });
		struct tls_context *c = context(&(struct tls_config){ .host = "x", .alpn = h2_or_1 });
		for (size_t k = 0; k < COUNT_OF(pieces); k++) {
			pair_open(&p, c, &site);
			p.piece = pieces[k];
			assert_int_equal(tls_state(p.t), TLS_HANDSHAKE);
			assert_int_equal(tls_send(p.t, "early", 5, &p.to_peer), -EPIPE);
			run(&p);
			assert_int_equal(tls_state(p.t), TLS_OPEN);
			assert_int_equal(SSL_version(p.peer.ssl), versions[v]);
			assert_true(tls_alpn_is(p.t, "h2"));
			assert_false(tls_alpn_is(p.t, "h"));
			assert_int_equal(tls_send(p.t, "ping", 4, &p.to_peer), 0);
			run(&p);
			assert_string_equal(buf_text(&p.peer.got), "ping");
			tls_peer_send(&p.peer, "pong", 4, &p.to_client);
			tls_peer_send(&p.peer, "+more", 5, &p.to_client);
			run(&p);
			assert_string_equal(buf_text(&p.got), "pong+more");
			pair_close(&p);
		}
		tls_context_close(c);
		tls_site_close(&site);
	}
}

/* In a full handshake of TLS 1.2 the server has the last word, and may go on at once. */
static void
the_first_words_may_come_with_the_handshake(void **state)
{
	struct tls_site site;
	struct pair p;

	tls_site_open(&site, &(struct tls_site_config){ "DNS:x", 3600, TLS1_2_VERSION, NULL });
	struct tls_context *c = context(&(struct tls_config){ .host = "x" });
	pair_open(&p, c, &site);
	p.first = "client first";
	while (!SSL_is_init_finished(p.peer.ssl)) {
		feed(&p, buf_text(&p.to_client), p.to_client.size);
		buf_clear(&p.to_client);
		tls_peer_feed(&p.peer, &p.to_peer, &p.to_client);
		buf_clear(&p.to_peer);
	}
	tls_peer_send(&p.peer, "server first", 12, &p.to_client);
	assert_int_equal(tls_state(p.t), TLS_HANDSHAKE);
	run(&p);
	assert_string_equal(buf_text(&p.got), "server first");
	assert_string_equal(buf_text(&p.peer.got), "client first");
	pair_close(&p);
	tls_context_close(c);
	tls_site_close(&site);
}

/* The peer asks for a new key and goes on: the answer to that must leave before our next bytes. */
static void
a_new_key_keeps_the_order(void **state)
{
	struct tls_site site;
	struct pair p;

	tls_site_open(&site, &(struct tls_site_config)LIKE_ANY);
	struct tls_context *c = context(&(struct tls_config){ .host = "localhost" });
	pair_open(&p, c, &site);
	run(&p);
	assert_int_equal(SSL_key_update(p.peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	tls_peer_send(&p.peer, "question", 8, &p.to_client);
	p.reply = "reply";
	run(&p);
	assert_string_equal(buf_text(&p.got), "question");
	assert_string_equal(buf_text(&p.peer.got), "reply");
	pair_close(&p);
	tls_context_close(c);
	tls_site_close(&site);
}

static void
many_records_pass_both_ways(void **state)
{
	size_t size = 1 << 20;
	char *bytes = malloc(size);
	struct tls_site site;
	struct pair p;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + (i >> 12));
	tls_site_open(&site, &(struct tls_site_config)LIKE_ANY);
	struct tls_context *c = context(&(struct tls_config){ .host = "localhost",
	    .keep_buffers = true });
	pair_open(&p, c, &site);
	p.piece = 5000;
	run(&p);
	assert_int_equal(tls_send(p.t, bytes, size, &p.to_peer), 0);
	tls_peer_send(&p.peer, bytes, size, &p.to_client);
	run(&p);
	assert_int_equal(p.got.size, size);
	assert_memory_equal(p.got.data, bytes, size);
	assert_int_equal(p.peer.got.size, size);
	assert_memory_equal(p.peer.got.data, bytes, size);
	pair_close(&p);
	tls_context_close(c);
	tls_site_close(&site);
	free(bytes);
}

static void
sessions_are_resumed_by_the_share_asked_for(void **state)
{
	static const struct { int version; double reuse; unsigned resumed; } rows[] = {
		{ TLS1_3_VERSION, 1, 39 }, { TLS1_3_VERSION, 0, 0 }, { TLS1_3_VERSION, 0.25, 10 },
		{ TLS1_2_VERSION, 1, 39 }, { TLS1_2_VERSION, 0, 0 }, { TLS1_2_VERSION, 0.5, 20 },
	};
	struct pair p;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tls_site site;
		tls_site_open(&site, &(struct tls_site_config){ "DNS:x", 3600, rows[i].version, NULL });
		struct tls_context *c = context(&(struct tls_config){ .host = "x",
		    .reuse = rows[i].reuse });
		unsigned resumed = 0;
		for (int k = 0; k < 40; k++) {
			pair_open(&p, c, &site);
			run(&p);
			assert_int_equal(tls_state(p.t), TLS_OPEN);
			resumed += tls_resumed(p.t);
			assert_int_equal(tls_resumed(p.t), SSL_session_reused(p.peer.ssl));
			/* Half of them break off without a goodbye: the session must survive that. */
			if (k % 2)
				tls_goodbye(p.t, &p.to_peer);
			pair_close(&p);
		}
		if (resumed != rows[i].resumed)
			fail_msg("row %zu: %u resumed", i, resumed);
		tls_context_close(c);
		tls_site_close(&site);
	}
}

static void
certificates_are_verified_when_asked(void **state)
{
	static const struct {
		const char *san, *host;
		long valid_s;
		bool verify, trusted;
		const char *why;         /* a part of it; NULL: accepted */
		const char *next;        /* then: of what to do */
	} rows[] = {
		{ "DNS:localhost", "localhost", 3600, true, true, NULL, NULL },
		{ "IP:127.0.0.1", "127.0.0.1", 3600, true, true, NULL, NULL },
		{ "DNS:localhost", "localhost", 3600, true, false, "self-signed certificate", "(ca)" },
		{ "DNS:localhost", "localhost", 3600, false, false, NULL, NULL },
		{ "DNS:localhost", "other.test", 3600, true, true, "not for 'other.test'", "a name that it holds" },
		{ "DNS:localhost", "127.0.0.1", 3600, true, true, "not for '127.0.0.1'", "a name that it holds" },
		{ "DNS:localhost", "localhost", -3600, true, true, "certificate has expired", "renew" },
		{ "DNS:localhost", "localhost", -3600, false, true, NULL, NULL },
	};
	char path[] = "/tmp/prony-tls-XXXXXX";
	struct tls_site site, other;
	struct pair p;

	close(mkstemp(path));
	tls_site_open(&other, &(struct tls_site_config)LIKE_ANY);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tls_site_open(&site, &(struct tls_site_config){ rows[i].san, rows[i].valid_s, 0, NULL });
		tls_site_save(rows[i].trusted ? &site : &other, path);
		struct tls_context *c = context(&(struct tls_config){ .host = rows[i].host,
		    .verify = rows[i].verify, .ca_file = path });
		pair_open(&p, c, &site);
		run(&p);
		if (!rows[i].why != (tls_state(p.t) == TLS_OPEN) ||
		    (rows[i].why && (!strstr(tls_why(p.t), rows[i].why) || !strstr(tls_next(p.t), rows[i].next))))
			fail_msg("row %zu: state %d, %s; %s", i, tls_state(p.t), tls_why(p.t), tls_next(p.t));
		pair_close(&p);
		tls_context_close(c);
		tls_site_close(&site);
	}
	tls_site_close(&other);
	unlink(path);
}

/* One context for several hosts; nobody is verified without a name. */
static void
each_connection_may_have_a_host_of_its_own(void **state)
{
	char path[] = "/tmp/prony-tls-XXXXXX";
	struct tls_site site;
	struct pair p;

	close(mkstemp(path));
	tls_site_open(&site, &(struct tls_site_config)LIKE_ANY);
	tls_site_save(&site, path);
	struct tls_context *c = context(&(struct tls_config){ .verify = true, .ca_file = path, .reuse = 1 });
	for (int i = 0; i < 4; i++) {
		p = (struct pair){ .piece = 1 << 20 };
		tls_peer_open(&p.peer, &site);
		assert_int_equal(tls_open_to(c, i % 2 ? "other.test" : "localhost", &p.t, &p.to_peer), 0);
		run(&p);
		assert_int_equal(tls_state(p.t), i % 2 ? TLS_FAILED : TLS_OPEN);
		assert_false(SSL_session_reused(p.peer.ssl));
		pair_close(&p);
	}
	assert_int_equal(tls_open_to(c, "", &p.t, &p.to_peer), -ENOMEM);
	tls_context_close(c);
	tls_site_close(&site);
	unlink(path);
}

static void
wrong_settings_are_named(void **state)
{
	static const struct { const char *ca_file, *certificate_file, *part; } rows[] = {
		{ "/nowhere/ca.pem", NULL, "cannot read the CA file '/nowhere/ca.pem'" },
		{ "/dev/null", NULL, "'/dev/null' holds no certificate" },
		{ NULL, "/nowhere/a.pem", "cannot read '/nowhere/a.pem'" },
		{ NULL, "/dev/null", "'/dev/null' holds no certificate" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tls_context *c = NULL;
		struct err e = { 0 };
		assert_true(tls_context_open(&(struct tls_config){ .host = "x", .verify = true,
		    .ca_file = rows[i].ca_file, .certificate_file = rows[i].certificate_file }, &c, &e) < 0);
		assert_null(c);
		assert_int_equal(e.status, STATUS_USAGE);
		assert_non_null(strstr(e.text, rows[i].part));
	}
}

/* What comes instead of a ServerHello: alerts are level 2 (fatal) and a number (RFC 8446, 6). */
static void
failed_handshakes_say_why(void **state)
{
#define ALERT(number) "\x15\x03\x01\x00\x02\x02" number, 7
#define TEXT(text) text, sizeof(text) - 1
	static const struct { const char *bytes; size_t size; const char *part; } rows[] = {
		{ TEXT("HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak TLS" },
		{ TEXT("SSH-2.0-OpenSSH_9.2\r\n"), "does not speak TLS" },
		{ ALERT("\x46"), "knows no common version" },
		{ ALERT("\x28"), "accepts none of the ciphers" },
		{ ALERT("\x78"), "none of the protocols asked for" },
		{ ALERT("\x70"), "no site named 'shop.test'" },
		{ ALERT("\x50"), "internal error" },
		{ TEXT("\x16\x03\x03\x00\x04\x63\x00\x00\x00"), "TLS failed: " },
	};
	struct tls_site site;
	struct pair p;

	tls_site_open(&site, &(struct tls_site_config)LIKE_ANY);
	struct tls_context *c = context(&(struct tls_config){ .host = "shop.test", .reuse = 1 });
	for (size_t piece = 1; piece < 100; piece += 98) {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			pair_open(&p, c, &site);
			p.piece = piece;
			feed(&p, rows[i].bytes, rows[i].size);
			if (tls_state(p.t) != TLS_FAILED || !strstr(tls_why(p.t), rows[i].part))
				fail_msg("row %zu: state %d, %s", i, tls_state(p.t), tls_why(p.t));
			assert_int_equal(tls_send(p.t, "x", 1, &p.to_peer), -EPIPE);
			pair_close(&p);
		}
	}
	tls_context_close(c);
	tls_site_close(&site);
}

static void
the_end_is_told_from_a_cut(void **state)
{
	struct tls_site site;
	struct pair p;

	tls_site_open(&site, &(struct tls_site_config)LIKE_ANY);
	struct tls_context *c = context(&(struct tls_config){ .host = "localhost" });

	pair_open(&p, c, &site);
	assert_int_equal(tls_ended(p.t), TLS_FAILED);
	assert_non_null(strstr(tls_why(p.t), "during the TLS handshake"));
	pair_close(&p);

	pair_open(&p, c, &site);
	run(&p);
	assert_int_equal(tls_ended(p.t), TLS_FAILED);
	assert_non_null(strstr(tls_why(p.t), "close_notify"));
	pair_close(&p);

	pair_open(&p, c, &site);
	run(&p);
	tls_peer_send(&p.peer, "last", 4, &p.to_client);
	tls_peer_goodbye(&p.peer, &p.to_client);
	run(&p);
	assert_string_equal(buf_text(&p.got), "last");
	assert_int_equal(tls_state(p.t), TLS_CLOSED);
	tls_goodbye(p.t, &p.to_peer);
	assert_true(p.to_peer.size > 0);
	assert_int_equal(tls_ended(p.t), TLS_CLOSED);
	assert_string_equal(tls_why(p.t), "");
	pair_close(&p);
	tls_context_close(c);
	tls_site_close(&site);
}

static void
changed_bytes_are_noticed(void **state)
{
	struct tls_site site;
	struct pair p;

	tls_site_open(&site, &(struct tls_site_config)LIKE_ANY);
	struct tls_context *c = context(&(struct tls_config){ .host = "localhost" });
	pair_open(&p, c, &site);
	run(&p);
	tls_peer_send(&p.peer, "good", 4, &p.to_client);
	size_t whole = p.to_client.size;
	tls_peer_send(&p.peer, "evil", 4, &p.to_client);
	p.to_client.data[whole + 7] ^= 1;
	run(&p);
	assert_string_equal(buf_text(&p.got), "good");
	assert_int_equal(tls_state(p.t), TLS_FAILED);
	assert_non_null(strstr(tls_why(p.t), "changed on the way"));
	pair_close(&p);
	tls_context_close(c);
	tls_site_close(&site);
}

static void
what_is_to_be_sent_is_bounded(void **state)
{
	struct tls_site site;
	struct pair p;
	char bytes[5000] = { 0 };

	tls_site_open(&site, &(struct tls_site_config)LIKE_ANY);
	struct tls_context *c = context(&(struct tls_config){ .host = "localhost" });
	pair_open(&p, c, &site);
	run(&p);
	p.to_peer.cap_bytes = 4096;
	assert_int_equal(tls_send(p.t, bytes, sizeof(bytes), &p.to_peer), -EPIPE);
	assert_non_null(strstr(tls_why(p.t), "its buffer"));
	pair_close(&p);
	tls_context_close(c);
	tls_site_close(&site);
}

RUN_TESTS(
	cmocka_unit_test(bytes_pass_in_pieces_of_any_size),
	cmocka_unit_test(the_first_words_may_come_with_the_handshake),
	cmocka_unit_test(a_new_key_keeps_the_order),
	cmocka_unit_test(many_records_pass_both_ways),
	cmocka_unit_test(sessions_are_resumed_by_the_share_asked_for),
	cmocka_unit_test(certificates_are_verified_when_asked),
	cmocka_unit_test(each_connection_may_have_a_host_of_its_own),
	cmocka_unit_test(wrong_settings_are_named),
	cmocka_unit_test(failed_handshakes_say_why),
	cmocka_unit_test(the_end_is_told_from_a_cut),
	cmocka_unit_test(changed_bytes_are_noticed),
	cmocka_unit_test(what_is_to_be_sent_is_bounded))

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "base/cleanup.h"
#include "net/tls.h"
#include "check.h"
#include "tls_peer.h"

enum { ONE, WILD, TWO, SITES };
static struct tls_site sites[SITES];
static char certificates[SITES][32], pems[SITES][8192], keys[SITES][4096];
static const unsigned char ticket_key[TLS_TICKET_KEY_BYTES] = "shared by all workers";
static const char *const h2_or_1[] = { "h2", "http/1.1", NULL };

/* A client of ours, a server of ours, and the bytes between them. */
struct side {
	struct tls *t;
	struct buf out, got;
};

struct pair {
	struct side client, server;
	size_t piece;
};

static void
on_plain(void *ctx, const char *bytes, size_t size)
{
	struct side *s = ctx;
	buf_append(&s->got, bytes, size);
}

static void
carry(struct side *from, struct side *to, size_t piece)
{
	const struct tls_sink sink = { .ctx = to, .plain = on_plain };
	struct buf bytes = from->out;

	from->out = (struct buf){ 0 };
	for (size_t at = 0; at < bytes.size; at += piece) {
		size_t n = bytes.size - at < piece ? bytes.size - at : piece;
		tls_feed(to->t, bytes.data + at, n, &sink, &to->out);
	}
	buf_done(&bytes);
}

static void
run(struct pair *p)
{
	while (p->client.out.size || p->server.out.size) {
		carry(&p->client, &p->server, p->piece);
		carry(&p->server, &p->client, p->piece);
	}
}

static void
pair_open(struct pair *p, struct tls_context *client, struct tls_context *server)
{
	*p = (struct pair){ .piece = 1 << 20 };
	assert_int_equal(tls_accept(server, &p->server.t), 0);
	assert_int_equal(tls_open(client, &p->client.t, &p->client.out), 0);
}

static void
pair_close(struct pair *p)
{
	tls_close(p->client.t);
	tls_close(p->server.t);
	buf_done(&p->client.out);
	buf_done(&p->client.got);
	buf_done(&p->server.out);
	buf_done(&p->server.got);
}

static struct tls_certificate
certificate(int site)
{
	return (struct tls_certificate){ "c.pem", "c.key", pems[site], keys[site], strlen(pems[site]),
		strlen(keys[site]) };
}

static struct tls_context *
server_of(int first, int n)
{
	struct tls_certificate k[SITES];
	struct tls_context *c;
	struct err e = { 0 };

	for (int i = 0; i < n; i++)
		k[i] = certificate(first + i);
	if (tls_server_open(&(struct tls_server_config){ k, (size_t)n, h2_or_1, ticket_key }, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static struct tls_context *
client_of(const struct tls_config *config)
{
	struct tls_context *c;
	struct err e = { 0 };

	if (tls_context_open(config, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

/* Does a client that trusts this certificate alone, and asks for that host, get through? */
static bool
is_shown(struct tls_context *server, int site, const char *host)
{
	struct tls_context *client = client_of(&(struct tls_config){ .host = host, .verify = true,
	    .ca_file = certificates[site] });
	struct pair p;

	pair_open(&p, client, server);
	run(&p);
	bool open = tls_state(p.client.t) == TLS_OPEN;
	if (open)
		assert_int_equal(tls_state(p.server.t), TLS_OPEN);
	pair_close(&p);
	tls_context_close(client);
	return open;
}

/* ---- tests ---- */

static void
bytes_pass_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = { 1, 5, 1000, 1 << 20 };
	struct tls_context *server = server_of(ONE, SITES), *client = client_of(&(struct tls_config){ .host = "x" });
	static char large[100000];

	memset(large, 'x', sizeof(large));
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct pair p;
		pair_open(&p, client, server);
		p.piece = pieces[i];
		assert_int_equal(tls_send(p.server.t, "early", 5, &p.server.out), -EPIPE);
		run(&p);
		assert_int_equal(tls_state(p.server.t), TLS_OPEN);
		assert_int_equal(tls_send(p.client.t, "ping", 4, &p.client.out), 0);
		assert_int_equal(tls_send(p.server.t, large, sizeof(large), &p.server.out), 0);
		assert_in_range(p.server.out.size, sizeof(large) + 7 * 22, sizeof(large) + 7 * 32);   /* whole records */
		run(&p);
		assert_string_equal(buf_text(&p.server.got), "ping");
		assert_int_equal(p.client.got.size, sizeof(large));
		assert_memory_equal(p.client.got.data, large, sizeof(large));
		tls_goodbye(p.client.t, &p.client.out);
		run(&p);
		assert_int_equal(tls_state(p.server.t), TLS_CLOSED);
		assert_int_equal(tls_send(p.server.t, "rest", 4, &p.server.out), 0);   /* half closed */
		pair_close(&p);
	}
	tls_context_close(client);
	tls_context_close(server);
}

static void
the_name_chooses_the_certificate(void **state)
{
	static const struct { const char *host; int site; bool shown; } rows[] = {
		{ "one.example.org", ONE, true },
		{ "two.example.org", TWO, true },     /* itself, not the wildcard before it */
		{ "two.example.org", WILD, false },
		{ "other.example.org", WILD, true },
		{ "TWO.Example.ORG", TWO, true },
	};
	struct tls_context *server = server_of(ONE, SITES);

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (is_shown(server, rows[i].site, rows[i].host) != rows[i].shown)
			fail_msg("row %zu: %s", i, rows[i].host);
	struct tls_context *client = client_of(&(struct tls_config){ .host = "deep.er.example.org" });
	struct pair p;
	pair_open(&p, client, server);   /* the first for all others */
	run(&p);
	assert_int_equal(tls_state(p.client.t), TLS_OPEN);
	pair_close(&p);
	tls_context_close(client);
	tls_context_close(server);
}

static void
the_protocol_is_the_first_of_ours_that_the_client_knows(void **state)
{
	static const char *const both[] = { "http/1.1", "h2", NULL }, *const old[] = { "http/1.1", NULL },
	    *const other[] = { "smtp", NULL };
	static const struct { const char *const *alpn; const char *chosen; bool open; } rows[] = {
		{ both, "h2", true }, { old, "http/1.1", true }, { NULL, NULL, true }, { other, NULL, false },
	};
	struct tls_context *server = server_of(ONE, 1);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tls_context *client = client_of(&(struct tls_config){ .host = "x", .alpn = rows[i].alpn });
		struct pair p;
		pair_open(&p, client, server);
		run(&p);
		assert_int_equal(tls_state(p.server.t), rows[i].open ? TLS_OPEN : TLS_FAILED);
		if (rows[i].chosen)
			assert_true(tls_alpn_is(p.server.t, rows[i].chosen));
		pair_close(&p);
		tls_context_close(client);
	}
	tls_context_close(server);
}

static void
workers_resume_each_others_sessions(void **state)
{
	struct tls_context *servers[] = { server_of(ONE, 1), server_of(ONE, 1) };
	struct tls_context *client = client_of(&(struct tls_config){ .host = "x", .reuse = 1 });

	for (int i = 0; i < 4; i++) {
		struct pair p;
		pair_open(&p, client, servers[i % 2]);
		run(&p);
		assert_int_equal(tls_resumed(p.server.t), i > 0);
		pair_close(&p);
	}
	tls_context_close(client);
	tls_context_close(servers[0]);
	tls_context_close(servers[1]);
}

static void
certificates_are_renewed_under_open_connections(void **state)
{
	struct tls_context *server = server_of(ONE, 1), *client = client_of(&(struct tls_config){ .host = "x" });
	struct tls_certificate k = certificate(TWO), broken = certificate(TWO);
	struct tls_server_config config = { &k, 1, h2_or_1, ticket_key };
	struct pair open, greeting;
	struct err e = { 0 };

	pair_open(&open, client, server);
	run(&open);
	pair_open(&greeting, client, server);
	assert_int_equal(tls_server_renew(server, &config, &e), 0);
	assert_true(is_shown(server, TWO, "two.example.org"));
	assert_false(is_shown(server, ONE, "one.example.org"));
	run(&greeting);
	assert_int_equal(tls_state(greeting.server.t), TLS_OPEN);
	assert_int_equal(tls_send(open.client.t, "still", 5, &open.client.out), 0);
	run(&open);
	assert_string_equal(buf_text(&open.server.got), "still");

	broken.key_text = keys[ONE];
	broken.key_size = strlen(keys[ONE]);
	config.certificates = &broken;
	assert_true(tls_server_renew(server, &config, &e) < 0);
	assert_true(is_shown(server, TWO, "two.example.org"));
	pair_close(&open);
	pair_close(&greeting);
	tls_context_close(client);
	tls_context_close(server);
}

static void
what_cannot_serve_is_told(void **state)
{
	struct tls_certificate good = certificate(ONE), rows[] = { good, good, good, good };
	static const char *const says[] = { "does not belong", "holds no certificate", "holds no key", "holds no key" };

	rows[0].key_text = keys[TWO];
	rows[0].key_size = strlen(keys[TWO]);
	rows[1].text = "-----BEGIN nothing";
	rows[1].size = strlen(rows[1].text);
	rows[2].key_text = "";
	rows[2].key_size = 0;
	rows[3].key_file = NULL;   /* nor does it stand behind the certificate */
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err e = { 0 };
		assert_true(tls_certificate_check(&rows[i], &e) < 0);
		if (!strstr(e.text, says[i]))
			fail_msg("row %zu: %s", i, e.text);
		assert_int_equal(e.status, STATUS_USAGE);
	}
	assert_int_equal(tls_certificate_check(&good, &(struct err){ 0 }), 0);
}

static void
what_is_no_tls_is_told_so(void **state)
{
	static const struct { const char *bytes; size_t size; } rows[] = {
		{ "GET / HTTP/1.1\r\n", 16 }, { "\x16\x03\x01\x00\x05hello", 10 }, { "SSH-2.0-x\r\n", 11 },
	};
	struct tls_context *server = server_of(ONE, 1);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct side s = { 0 };
		assert_int_equal(tls_accept(server, &s.t), 0);
		const struct tls_sink sink = { .ctx = &s, .plain = on_plain };
		assert_int_equal(tls_feed(s.t, rows[i].bytes, rows[i].size, &sink, &s.out), TLS_FAILED);
		assert_int_equal(s.got.size, 0);
		tls_close(s.t);
		buf_done(&s.out);
	}
	tls_context_close(server);
}

/* ---- certificates ---- */

static void
write_pem(int i)
{
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(b, sites[i].certificate), 1);
	BIO_read(b, pems[i], sizeof(pems[i]) - 1);
	assert_int_equal(PEM_write_bio_PrivateKey(b, sites[i].key, NULL, NULL, 0, NULL, NULL), 1);
	BIO_read(b, keys[i], sizeof(keys[i]) - 1);
	BIO_free(b);
	snprintf(certificates[i], sizeof(certificates[i]), "/tmp/prony-site-XXXXXX");
	close(mkstemp(certificates[i]));
	tls_site_save(&sites[i], certificates[i]);
}

static int
make_sites(void **state)
{
	static const char *const names[SITES] = {
		[ONE] = "DNS:one.example.org", [WILD] = "DNS:*.example.org", [TWO] = "DNS:two.example.org",
	};

	for (int i = 0; i < SITES; i++) {
		tls_site_open(&sites[i], &(struct tls_site_config){ names[i], 3600, 0, NULL });
		write_pem(i);
	}
	return 0;
}

static int
remove_sites(void **state)
{
	for (int i = 0; i < SITES; i++) {
		tls_site_close(&sites[i]);
		unlink(certificates[i]);
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_pass_in_pieces_of_any_size),
		cmocka_unit_test(the_name_chooses_the_certificate),
		cmocka_unit_test(the_protocol_is_the_first_of_ours_that_the_client_knows),
		cmocka_unit_test(workers_resume_each_others_sessions),
		cmocka_unit_test(certificates_are_renewed_under_open_connections),
		cmocka_unit_test(what_cannot_serve_is_told),
		cmocka_unit_test(what_is_no_tls_is_told_so),
	};
	return cmocka_run_group_tests(tests, make_sites, remove_sites);
}

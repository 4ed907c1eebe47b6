/* SPDX-License-Identifier: MIT */
/* What all connections of a server's thread share: a context of OpenSSL for each certificate. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "net/tls_int.h"

/* What every client of the last ten years has (Mozilla's "intermediate", without the finite-field groups); the
 * cheapest that is as good first. */
#define SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
#define SUITES_12 "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE+CHACHA20:ECDHE+AESGCM"
#define GROUPS    "X25519:P-256:P-384"
#define CHAIN_MAX 10

/* A certificate as OpenSSL has it. */
struct pair {
	X509 *leaf;
	STACK_OF(X509) *chain;
	EVP_PKEY *key;
};

static void
pair_done(struct pair *p)
{
	X509_free(p->leaf);
	sk_X509_pop_free(p->chain, X509_free);
	EVP_PKEY_free(p->key);
}

static void
bio_free_p(BIO **b)
{
	BIO_free(*b);
}

static void
ssl_ctx_free_p(SSL_CTX **c)
{
	SSL_CTX_free(*c);
}

/* ---- PEM ------------------------------------------------------------------------------------- */

int
tls_no_passphrase(char *out, int size, int writing, void *ctx)
{
	return 0;
}

static int
read_chain(const struct tls_certificate *k, struct pair *p, struct err *e)
{
	CLEANUP(bio_free_p) BIO *b = BIO_new_mem_buf(k->text, (int)k->size);
	X509 *next;

	p->leaf = b ? PEM_read_bio_X509(b, NULL, tls_no_passphrase, NULL) : NULL;
	p->chain = sk_X509_new_null();
	if (!p->leaf || !p->chain) {
		ERR_clear_error();
		err_usage(e, "'%s' holds no certificate", k->file);
		err_hint(e, "it must be PEM: it begins with -----BEGIN CERTIFICATE-----");
		return -e->code;
	}
	while (sk_X509_num(p->chain) < CHAIN_MAX && (next = PEM_read_bio_X509(b, NULL, tls_no_passphrase, NULL)))
		if (!sk_X509_push(p->chain, next)) {
			X509_free(next);
			return err_set(e, ENOMEM, "out of memory for TLS");
		}
	ERR_clear_error();
	return 0;
}

static int
read_key(const struct tls_certificate *k, struct pair *p, struct err *e)
{
	const char *file = k->key_file ? k->key_file : k->file;
	CLEANUP(bio_free_p) BIO *b = k->key_file ? BIO_new_mem_buf(k->key_text, (int)k->key_size)
	    : BIO_new_mem_buf(k->text, (int)k->size);

	p->key = b ? PEM_read_bio_PrivateKey(b, NULL, tls_no_passphrase, NULL) : NULL;
	bool locked = !p->key && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
	ERR_clear_error();
	if (p->key)
		return 0;
	err_usage(e, "'%s' holds no key that can be used%s", file, locked ? ": it is damaged, or has a passphrase" : "");
	err_hint(e, k->key_file ? "it must be PEM: it begins with -----BEGIN PRIVATE KEY-----"
	    : "name the file with the key: { certificate: %s, key: ... }", k->file);
	return -e->code;
}

static int
read_pair(const struct tls_certificate *k, struct pair *p, struct err *e)
{
	int code = read_chain(k, p, e);

	if (code == 0)
		code = read_key(k, p, e);
	if (code == 0 && X509_check_private_key(p->leaf, p->key) != 1) {
		ERR_clear_error();
		return err_usage(e, "the key in '%s' does not belong to the certificate in '%s'",
		    k->key_file ? k->key_file : k->file, k->file);
	}
	return code;
}

/* ---- what a client asks for ------------------------------------------------------------------ */

static SSL_CTX *
site_of(const struct tls_context *c, const char *name, unsigned flags)
{
	for (size_t i = 0; i < c->n_sites; i++)
		if (X509_check_host(SSL_CTX_get0_certificate(c->sites[i]), name, 0, flags, NULL) == 1)
			return c->sites[i];
	return NULL;
}

/* The name itself before a wildcard that takes it. */
static int
on_name(SSL *ssl, int *alert, void *ctx)
{
	struct tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const unsigned label_only = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

	SSL_CTX *site = name ? site_of(c, name, X509_CHECK_FLAG_NO_WILDCARDS) : NULL;
	if (name && !site)
		site = site_of(c, name, label_only);
	if (site)
		SSL_set_SSL_CTX(ssl, site);
	return site ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static int
on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_size, const unsigned char *theirs,
    unsigned theirs_size, void *ctx)
{
	struct tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	unsigned char *chosen;

	if (SSL_select_next_proto(&chosen, ret_size, c->alpn, (unsigned)c->alpn_bytes, theirs, theirs_size) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- contexts -------------------------------------------------------------------------------- */

static bool
set_up(SSL_CTX *s, struct tls_context *c, const struct tls_server_config *config, struct pair *p)
{
	static const unsigned char id[] = "prony";

	SSL_CTX_set_app_data(s, c);
	SSL_CTX_set_min_proto_version(s, TLS1_2_VERSION);
	SSL_CTX_set_options(s, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(s, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(s, 1);
	SSL_CTX_set_session_cache_mode(s, SSL_SESS_CACHE_OFF);   /* tickets need none */
	SSL_CTX_set_tlsext_servername_callback(s, on_name);
	if (c->alpn_bytes)
		SSL_CTX_set_alpn_select_cb(s, on_alpn, NULL);
	return SSL_CTX_set_cipher_list(s, SUITES_12) == 1 && SSL_CTX_set_ciphersuites(s, SUITES_13) == 1 &&
	    SSL_CTX_set1_groups_list(s, GROUPS) == 1 &&
	    SSL_CTX_set_session_id_context(s, id, sizeof(id) - 1) == 1 &&
	    SSL_CTX_set_tlsext_ticket_keys(s, (void *)(uintptr_t)config->ticket_key, TLS_TICKET_KEY_BYTES) == 1 &&
	    SSL_CTX_use_cert_and_key(s, p->leaf, p->key, p->chain, 1) == 1;
}

static int
open_site(struct tls_context *c, const struct tls_server_config *config, const struct tls_certificate *k,
    SSL_CTX **ret, struct err *e)
{
	CLEANUP(pair_done) struct pair p = { 0 };
	CLEANUP(ssl_ctx_free_p) SSL_CTX *s = SSL_CTX_new(TLS_server_method());

	int code = read_pair(k, &p, e);
	if (code < 0)
		return code;
	if (!s || !set_up(s, c, config, &p)) {
		const char *why = ERR_reason_error_string(ERR_peek_error());
		ERR_clear_error();
		return err_usage(e, "'%s' cannot be used: %s", k->file, why ? why : "out of memory");
	}
	*ret = s;
	s = NULL;
	return 0;
}

static void
close_sites(SSL_CTX **sites, size_t n)
{
	for (size_t i = 0; i < n; i++)
		SSL_CTX_free(sites[i]);
	free(sites);
}

int
tls_certificate_check(const struct tls_certificate *k, struct err *e)
{
	static const unsigned char any_key[TLS_TICKET_KEY_BYTES];
	const struct tls_server_config config = { .certificates = k, .n = 1, .ticket_key = any_key };
	struct tls_context *c;
	int code = tls_server_open(&config, &c, e);

	if (code == 0)
		tls_context_close(c);
	return code;
}

int
tls_server_renew(struct tls_context *c, const struct tls_server_config *config, struct err *e)
{
	SSL_CTX **sites = calloc(config->n, sizeof(SSL_CTX *));
	int code = sites ? 0 : err_set(e, ENOMEM, "out of memory for TLS");

	for (size_t i = 0; i < config->n && code == 0; i++)
		code = open_site(c, config, &config->certificates[i], &sites[i], e);
	if (code < 0) {
		close_sites(sites, sites ? config->n : 0);
		return code;
	}
	close_sites(c->sites, c->n_sites);
	c->sites = sites;
	c->n_sites = config->n;
	c->ssl_ctx = sites[0];
	return 0;
}

int
tls_server_open(const struct tls_server_config *config, struct tls_context **ret, struct err *e)
{
	struct tls_context *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(e, ENOMEM, "out of memory for TLS");
	c->server = true;
	c->bio = tls_bio_method();
	int n = tls_alpn_wire(config->alpn, c->alpn);
	c->alpn_bytes = n > 0 ? (size_t)n : 0;
	int code = !c->bio ? err_set(e, ENOMEM, "out of memory for TLS")
	    : n < 0 ? err_usage(e, "ALPN protocols do not fit") : tls_server_renew(c, config, e);
	if (code < 0) {
		tls_context_close(c);
		return code;
	}
	*ret = c;
	return 0;
}

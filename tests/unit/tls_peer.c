/* SPDX-License-Identifier: MIT */
#include "tls_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void
must(int right)
{
	if (right == 1)
		return;
	ERR_print_errors_fp(stderr);
	abort();
}

static int
choose_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_size, const unsigned char *from,
    unsigned from_size, void *ctx)
{
	const char *known = ctx;
	size_t n = strlen(known);

	for (unsigned i = 0; i < from_size; i += 1u + from[i]) {
		if (from[i] != n || memcmp(from + i + 1, known, n) != 0)
			continue;
		*ret = from + i + 1;
		*ret_size = (unsigned char)n;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void
make_certificate(struct tls_site *s, const struct tls_site_config *config)
{
	s->key = EVP_EC_gen("P-256");
	X509 *x = s->certificate = X509_new();
	must(X509_set_version(x, 2));
	must(ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
	X509_gmtime_adj(X509_getm_notBefore(x), -7200);
	X509_gmtime_adj(X509_getm_notAfter(x), config->valid_s);
	X509_NAME *name = X509_get_subject_name(x);
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
	    0));
	must(X509_set_issuer_name(x, name));
	must(X509_set_pubkey(x, s->key));
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, config->san);
	must(X509_add_ext(x, san, -1));
	X509_EXTENSION_free(san);
	must(X509_sign(x, s->key, EVP_sha256()) > 0);
}

void
tls_site_open(struct tls_site *s, const struct tls_site_config *config)
{
	make_certificate(s, config);
	s->ssl_ctx = SSL_CTX_new(TLS_server_method());
	must(SSL_CTX_use_certificate(s->ssl_ctx, s->certificate));
	must(SSL_CTX_use_PrivateKey(s->ssl_ctx, s->key));
	must(SSL_CTX_set_session_id_context(s->ssl_ctx, (const unsigned char *)"test", 4));
	if (config->version) {
		must(SSL_CTX_set_min_proto_version(s->ssl_ctx, config->version));
		must(SSL_CTX_set_max_proto_version(s->ssl_ctx, config->version));
	}
	if (config->alpn)
		SSL_CTX_set_alpn_select_cb(s->ssl_ctx, choose_alpn, (void *)(uintptr_t)config->alpn);
}

void
tls_site_save(const struct tls_site *s, const char *path)
{
	FILE *f = fopen(path, "w");
	must(f != NULL);
	must(PEM_write_X509(f, s->certificate));
	fclose(f);
}

void
tls_site_close(struct tls_site *s)
{
	SSL_CTX_free(s->ssl_ctx);
	X509_free(s->certificate);
	EVP_PKEY_free(s->key);
}

void
tls_peer_open(struct tls_peer *p, const struct tls_site *s)
{
	*p = (struct tls_peer){ .ssl = SSL_new(s->ssl_ctx) };
	SSL_set_bio(p->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(p->ssl);
}

static void
drain(struct tls_peer *p, struct buf *to_client)
{
	char bytes[4096];
	int n;

	while ((n = BIO_read(SSL_get_wbio(p->ssl), bytes, sizeof(bytes))) > 0)
		buf_append(to_client, bytes, (size_t)n);
}

void
tls_peer_feed(struct tls_peer *p, const struct buf *from_client, struct buf *to_client)
{
	char bytes[4096];
	int n;

	if (from_client->size)
		must(BIO_write(SSL_get_rbio(p->ssl), from_client->data, (int)from_client->size) ==
		    (int)from_client->size);
	while ((n = SSL_read(p->ssl, bytes, sizeof(bytes))) > 0)
		buf_append(&p->got, bytes, (size_t)n);
	ERR_clear_error();
	drain(p, to_client);
}

void
tls_peer_send(struct tls_peer *p, const void *bytes, size_t size, struct buf *to_client)
{
	must(SSL_write(p->ssl, bytes, (int)size) == (int)size);
	drain(p, to_client);
}

void
tls_peer_goodbye(struct tls_peer *p, struct buf *to_client)
{
	SSL_shutdown(p->ssl);
	drain(p, to_client);
}

void
tls_peer_close(struct tls_peer *p)
{
	SSL_set_shutdown(p->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(p->ssl);
	buf_done(&p->got);
}

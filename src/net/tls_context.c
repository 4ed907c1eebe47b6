/* SPDX-License-Identifier: MIT */
/* What all connections of a thread to a host share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/cleanup.h"
#include "net/tls_int.h"

/* A session or ticket has come: keep the newest. Returning 1 takes the reference. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(c->latest);
	c->latest = session;
	return 1;
}

int
tls_alpn_wire(const char *const *names, unsigned char out[256])
{
	size_t used = 0;

	for (; names && *names; names++) {
		size_t n = strlen(*names);
		if (!n || n > 255 || used + 1 + n > 256)
			return -1;
		out[used++] = (unsigned char)n;
		memcpy(out + used, *names, n);
		used += n;
	}
	return (int)used;
}

static int
set_alpn(struct tls_context *c, const char *const *names, struct err *e)
{
	unsigned char wire[256];
	int n = tls_alpn_wire(names, wire);

	if (n < 0)
		return err_usage(e, "ALPN protocols do not fit, from '%s' on", *names);
	if (n && SSL_CTX_set_alpn_protos(c->ssl_ctx, wire, (unsigned)n) != 0)
		return err_set(e, ENOMEM, "out of memory for TLS");
	return 0;
}

static int
set_trust(struct tls_context *c, const struct tls_config *config, struct err *e)
{
	SSL_CTX_set_verify(c->ssl_ctx, config->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (!config->verify)
		return 0;
	if (!config->ca_file) {
		SSL_CTX_set_default_verify_paths(c->ssl_ctx);
		return 0;
	}
	if (access(config->ca_file, R_OK) < 0)
		return err_usage(e, "cannot read the CA file '%s': %s", config->ca_file,
		    strerror(errno));
	if (SSL_CTX_load_verify_file(c->ssl_ctx, config->ca_file) == 1)
		return 0;
	ERR_clear_error();
	err_usage(e, "the CA file '%s' holds no certificate", config->ca_file);
	err_hint(e, "it must be PEM: it begins with -----BEGIN CERTIFICATE-----");
	return -e->code;
}

/* What this side shows to servers that ask who it is. */
static int
set_certificate(struct tls_context *c, const struct tls_config *config, struct err *e)
{
	const char *file = config->certificate_file, *key = config->key_file ? config->key_file : file;
	int code = 0;

	if (!file)
		return 0;
	if (access(file, R_OK) < 0 || access(key, R_OK) < 0)
		return err_usage(e, "cannot read '%s': %s", access(file, R_OK) < 0 ? file : key, strerror(errno));
	SSL_CTX_set_default_passwd_cb(c->ssl_ctx, tls_no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(c->ssl_ctx, file) != 1)
		code = err_usage(e, "the file '%s' holds no certificate", file);
	else if (SSL_CTX_use_PrivateKey_file(c->ssl_ctx, key, SSL_FILETYPE_PEM) != 1)
		code = err_usage(e, "the file '%s' holds no key without a passphrase that belongs to '%s'", key, file);
	if (code < 0)
		err_hint(e, "both must be PEM, as in -----BEGIN CERTIFICATE----- and -----BEGIN PRIVATE KEY-----");
	ERR_clear_error();
	return code;
}

static int
set_up(struct tls_context *c, const struct tls_config *config, struct err *e)
{
	c->ssl_ctx = SSL_CTX_new(TLS_client_method());
	c->bio = tls_bio_method();
	if (!c->ssl_ctx || !c->bio)
		return err_set(e, ENOMEM, "out of memory for TLS");
	SSL_CTX_set_app_data(c->ssl_ctx, c);
	SSL_CTX_set_min_proto_version(c->ssl_ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(c->ssl_ctx, SSL_OP_NO_RENEGOTIATION);
	/* Take all that was fed at once, not a record's head and then its body: 14 % of a record. */
	SSL_CTX_set_read_ahead(c->ssl_ctx, 1);
	if (!config->keep_buffers)
		SSL_CTX_set_mode(c->ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	if (c->reuse > 0) {
		SSL_CTX_set_session_cache_mode(c->ssl_ctx,
		    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(c->ssl_ctx, on_session);
	}
	int code = set_alpn(c, config->alpn, e);
	if (code == 0)
		code = set_trust(c, config, e);
	return code < 0 ? code : set_certificate(c, config, e);
}

int
tls_context_open(const struct tls_config *config, struct tls_context **ret, struct err *e)
{
	struct tls_context *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(e, ENOMEM, "out of memory for TLS");
	snprintf(c->host, sizeof(c->host), "%s", config->host ? config->host : "");
	c->verify = config->verify;
	c->reuse = config->reuse;
	int code = set_up(c, config, e);
	if (code < 0) {
		tls_context_close(c);
		return code;
	}
	*ret = c;
	return 0;
}

void
tls_context_close(struct tls_context *c)
{
	if (!c)
		return;
	SSL_SESSION_free(c->latest);
	for (size_t i = 1; i < c->n_sites; i++)
		SSL_CTX_free(c->sites[i]);
	free(c->sites);
	SSL_CTX_free(c->ssl_ctx);
	BIO_meth_free(c->bio);
	free(c);
}

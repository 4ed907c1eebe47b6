/* SPDX-License-Identifier: MIT */
/* OpenSSL's reasons in words that say what to look at. */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include "base/cleanup.h"
#include "net/tls_int.h"

/* The alerts (RFC 8446, 6) are the server's verdict, the rest OpenSSL's own. */
static const struct {
	int reason;
	const char *text;
} reasons[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, "the server does not speak TLS here" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "the server knows no common version of TLS, 1.2 is the oldest "
	  "that is accepted" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the server knows no common version of TLS, 1.2 is the "
	  "oldest that is offered" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "handshake failure: the server accepts none of the "
	  "ciphers, or wants a client certificate" },
	{ SSL_R_NO_APPLICATION_PROTOCOL, "the server knows none of the protocols asked for (ALPN)" },
	{ SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "the server knows none of the protocols asked "
	  "for (ALPN)" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the server wants a client certificate" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the server does not trust the client's certificate" },
	{ SSL_R_TLSV1_ALERT_INTERNAL_ERROR, "the server reports an internal error during TLS" },
	{ SSL_R_SSLV3_ALERT_BAD_RECORD_MAC, "the server could not decrypt what it got: bytes were "
	  "changed on the way" },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a TLS record does not decrypt: bytes were "
	  "changed on the way" },
};

static const char *
known(unsigned long code)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reasons[i].reason)
			return reasons[i].text;
	return NULL;
}

static void
explain_certificate(const struct tls *t, long result, char *out, size_t size)
{
	const char *host = t->context->host;

	if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		snprintf(out, size, "the server's certificate is not for '%s'", host);
	else
		snprintf(out, size, "the server's certificate is not accepted: %s",
		    X509_verify_cert_error_string(result));
}

void
tls_explain(const struct tls *t, char *out, size_t size)
{
	unsigned long code = ERR_peek_error();
	long result = SSL_get_verify_result(t->ssl);
	const char *text = known(code), *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	if (t->context->server)
		snprintf(out, size, "TLS failed: %s", reason ? reason : "no reason given");
	else if (t->out->truncated)
		snprintf(out, size, "more to send than its buffer may hold");
	else if (t->context->verify && result != X509_V_OK)
		explain_certificate(t, result, out, size);
	else if (ERR_GET_REASON(code) == SSL_R_TLSV1_UNRECOGNIZED_NAME)
		snprintf(out, size, "the server knows no site named '%s'", t->context->host);
	else if (text)
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, "TLS failed: %s", reason ? reason : "no reason given");
}

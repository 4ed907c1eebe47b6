/* SPDX-License-Identifier: MIT */
/* OpenSSL's reasons in words that say what to look at. */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include "base/cleanup.h"
#include "net/tls_int.h"

/* The alerts (RFC 8446, 6) are the server's verdict, the rest OpenSSL's own. */
#define NEXT_CLIENT "give this side a certificate that the server trusts, and its key (certificate, key)"

static const struct reason {
	int reason;
	const char *text, *next;
} reasons[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, "the server does not speak TLS here", TLS_NEXT_PLAIN },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "the server knows no common version of TLS, 1.2 is the oldest "
	  "that is accepted", NULL },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the server knows no common version of TLS, 1.2 is the "
	  "oldest that is offered", NULL },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "handshake failure: the server accepts none of the "
	  "ciphers, or wants a client certificate", NEXT_CLIENT },
	{ SSL_R_NO_APPLICATION_PROTOCOL, "the server knows none of the protocols asked for (ALPN)", NULL },
	{ SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "the server knows none of the protocols asked "
	  "for (ALPN)", NULL },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the server wants a client certificate", NEXT_CLIENT },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the server does not trust the client's certificate", NEXT_CLIENT },
	{ SSL_R_TLSV1_ALERT_INTERNAL_ERROR, "the server reports an internal error during TLS", NULL },
	{ SSL_R_SSLV3_ALERT_BAD_RECORD_MAC, "the server could not decrypt what it got: bytes were "
	  "changed on the way", NULL },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a TLS record does not decrypt: bytes were "
	  "changed on the way", NULL },
};

static const struct reason *
known(unsigned long code)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reasons[i].reason)
			return &reasons[i];
	return NULL;
}

static const char *
explain_certificate(const struct tls *t, long result, char *out, size_t size)
{
	if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH) {
		snprintf(out, size, "the server's certificate is not for '%s'", t->host);
		return "use a name that it holds, or a certificate that holds this one";
	}
	snprintf(out, size, "the server's certificate is not accepted: %s",
	    X509_verify_cert_error_string(result));
	return result == X509_V_ERR_CERT_HAS_EXPIRED ? "renew the server's certificate, or look at the clock here" :
	    result == X509_V_ERR_CERT_NOT_YET_VALID ? "look at the clocks here and where it was made" :
	    "name the file with the certificate of who has signed it (ca)";
}

const char *
tls_explain(const struct tls *t, char *out, size_t size)
{
	unsigned long code = ERR_peek_error();
	long result = SSL_get_verify_result(t->ssl);
	const struct reason *r = known(code);
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	if (t->context->server)
		snprintf(out, size, "TLS failed: %s", reason ? reason : "no reason given");
	else if (t->out->truncated)
		snprintf(out, size, "more to send than its buffer may hold");
	else if (t->context->verify && result != X509_V_OK)
		return explain_certificate(t, result, out, size);
	else if (ERR_GET_REASON(code) == SSL_R_TLSV1_UNRECOGNIZED_NAME)
		snprintf(out, size, "the server knows no site named '%s'", t->host);
	else if (r)
		snprintf(out, size, "%s", r->text);
	else
		snprintf(out, size, "TLS failed: %s", reason ? reason : "no reason given");
	return r && !t->context->server ? r->next : NULL;
}

/* SPDX-License-Identifier: MIT */
#include "gate/purge/sign.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define SUM_BYTES    32                          /* SHA-256 */
#define BASE64_BYTES (4 * ((SUM_BYTES + 2) / 3) + 1)
#define WHEN_BYTES   32

#define TEXT(t) (int)(t).size, (t).at

struct sum { unsigned char bytes[SUM_BYTES]; };

static bool
digest(struct text of, struct sum *ret)
{
	return EVP_Digest(of.size ? of.at : "", of.size, ret->bytes, NULL, EVP_sha256(), NULL) == 1;
}

static bool
hmac(const void *key, size_t key_size, const char *of, size_t size, struct sum *ret)
{
	unsigned int n = SUM_BYTES;

	return HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)of, size, ret->bytes, &n) != NULL;
}

static void
put_hex(struct buf *out, const struct sum *s)
{
	for (size_t i = 0; i < SUM_BYTES; i++)
		buf_printf(out, "%02x", s->bytes[i]);
}

static void
base64(const struct sum *s, char out[BASE64_BYTES])
{
	EVP_EncodeBlock((unsigned char *)out, s->bytes, SUM_BYTES);
}

static void
write_when(int64_t wall_ns, const char *form, char out[WHEN_BYTES])
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(out, WHEN_BYTES, form, &tm);
}

/* Holds secrets, or what stands for them. */
static void
forget(struct buf *b)
{
	if (b->data)
		OPENSSL_cleanse(b->data, b->size);
	buf_done(b);
}

/* ---- AWS Signature Version 4 ----------------------------------------------------------------- */

static const char *
aws4_signed_fields(const struct sign_request *r, const struct sign_aws4 *by)
{
	if (r->type)
		return by->session.size ? "content-type;host;x-amz-date;x-amz-security-token"
		                        : "content-type;host;x-amz-date";
	return by->session.size ? "host;x-amz-date;x-amz-security-token" : "host;x-amz-date";
}

/* The canonical request: its digest is what is signed. */
static bool
aws4_digest(const struct sign_request *r, const struct sign_aws4 *by, const char *when, struct sum *ret)
{
	CLEANUP(forget) struct buf b = { 0 };
	struct sum body;

	if (!digest(r->body, &body))
		return false;
	buf_printf(&b, "%s\n%s\n\n", r->method, r->to->path);
	if (r->type)
		buf_printf(&b, "content-type:%s\n", r->type);
	buf_printf(&b, "host:%s\nx-amz-date:%s\n", r->to->authority, when);
	if (by->session.size)
		buf_printf(&b, "x-amz-security-token:%.*s\n", TEXT(by->session));
	buf_printf(&b, "\n%s\n", aws4_signed_fields(r, by));
	put_hex(&b, &body);
	return digest((struct text){ b.data, b.size }, ret);
}

/* A key of the day, region and service, so that who sees one can sign nothing else. */
static bool
aws4_key(const struct sign_aws4 *by, const char *when, struct sum *ret)
{
	CLEANUP(forget) struct buf first = { 0 };

	buf_printf(&first, "AWS4%.*s", TEXT(by->secret));
	return hmac(first.data, first.size, when, 8, ret) &&
	    hmac(ret->bytes, SUM_BYTES, by->region, strlen(by->region), ret) &&
	    hmac(ret->bytes, SUM_BYTES, by->service, strlen(by->service), ret) &&
	    hmac(ret->bytes, SUM_BYTES, "aws4_request", 12, ret);
}

int
sign_aws4(const struct sign_request *r, const struct sign_aws4 *by, struct buf *fields)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	CLEANUP(buf_done) struct buf scope = { 0 };
	char when[WHEN_BYTES];
	struct sum sum, key;

	write_when(r->wall_ns, "%Y%m%dT%H%M%SZ", when);
	buf_printf(&scope, "%.8s/%s/%s/aws4_request", when, by->region, by->service);
	bool ok = aws4_digest(r, by, when, &sum) && aws4_key(by, when, &key);
	if (ok) {
		buf_printf(&b, "AWS4-HMAC-SHA256\n%s\n%s\n", when, buf_text(&scope));
		put_hex(&b, &sum);
		ok = hmac(key.bytes, SUM_BYTES, b.data, b.size, &sum);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	if (!ok)
		return -ENOTRECOVERABLE;
	buf_printf(fields, "X-Amz-Date: %s\r\n", when);
	if (by->session.size)
		buf_printf(fields, "X-Amz-Security-Token: %.*s\r\n", TEXT(by->session));
	buf_printf(fields, "Authorization: AWS4-HMAC-SHA256 Credential=%.*s/%s, SignedHeaders=%s, Signature=",
	    TEXT(by->key_id), buf_text(&scope), aws4_signed_fields(r, by));
	put_hex(fields, &sum);
	buf_puts(fields, "\r\n");
	return 0;
}

/* ---- Akamai EdgeGrid ------------------------------------------------------------------------- */

/* What is signed: a line with tabs, the last part the field itself up to its signature. */
static bool
edgegrid_line(const struct sign_request *r, const struct buf *field, struct buf *out)
{
	char sum64[BASE64_BYTES] = "";
	struct sum sum;

	if (r->body.size && strcmp(r->method, "POST") == 0) {   /* no other body is part of it */
		if (!digest(r->body, &sum))
			return false;
		base64(&sum, sum64);
	}
	buf_printf(out, "%s\t%s\t%s\t%s\t\t%s\t%s", r->method, url_scheme_name(r->to->scheme), r->to->authority,
	    r->to->path, sum64, buf_text(field));
	return true;
}

int
sign_edgegrid(const struct sign_request *r, const struct sign_edgegrid *by, struct buf *fields)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	CLEANUP(buf_done) struct buf field = { 0 };
	char when[WHEN_BYTES], key[BASE64_BYTES], signature[BASE64_BYTES];
	struct sum sum;

	write_when(r->wall_ns, "%Y%m%dT%H:%M:%S+0000", when);
	buf_printf(&field, "EG1-HMAC-SHA256 client_token=%.*s;access_token=%.*s;timestamp=%s;nonce=%s;",
	    TEXT(by->client_token), TEXT(by->access_token), when, by->nonce);
	bool ok = hmac(by->client_secret.at, by->client_secret.size, when, strlen(when), &sum);
	base64(&sum, key);   /* its letters are the key, not what they stand for */
	ok = ok && edgegrid_line(r, &field, &line) && hmac(key, strlen(key), line.data, line.size, &sum);
	OPENSSL_cleanse(key, sizeof(key));
	if (!ok)
		return -ENOTRECOVERABLE;
	base64(&sum, signature);
	buf_printf(fields, "Authorization: %ssignature=%s\r\n", buf_text(&field), signature);
	return 0;
}

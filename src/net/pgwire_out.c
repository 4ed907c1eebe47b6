/* SPDX-License-Identifier: MIT */
#include "net/pgwire.h"

#include <string.h>

#include <openssl/evp.h>

#define PROTOCOL_3_0 196608u

static void
put_u16(struct buf *out, uint16_t n)
{
	buf_append(out, (uint8_t[]){ (uint8_t)(n >> 8), (uint8_t)n }, 2);
}

static void
put_u32(struct buf *out, uint32_t n)
{
	buf_append(out, (uint8_t[]){ (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
	    (uint8_t)n }, 4);
}

static void
put_string(struct buf *out, const char *s)
{
	buf_append(out, s, strlen(s) + 1);
}

/* ---- framing ------------------------------------------------------------------------------- */

/* A message's type, '\0' for the first message, which has none, and room for its length: where. */
static size_t
message_begin(struct buf *out, char type)
{
	if (type)
		buf_putc(out, type);
	put_u32(out, 0);
	return out->size - 4;
}

static void
message_end(struct buf *out, size_t length_at)
{
	if (out->truncated)
		return;
	uint32_t n = (uint32_t)(out->size - length_at);
	for (int i = 0; i < 4; i++)
		out->data[length_at + (size_t)i] = (char)(n >> (24 - 8 * i));
}

/* Take back what is not whole. */
static void
whole_or_nothing(struct buf *out, size_t before)
{
	if (!out->truncated || out->size == before)
		return;
	out->size = before;
	out->data[before] = '\0';
}

/* ---- statements ---------------------------------------------------------------------------- */

void
pg_parse(struct buf *out, const char *name, const char *sql)
{
	size_t before = out->size, at = message_begin(out, 'P');

	put_string(out, name);
	put_string(out, sql);
	put_u16(out, 0);
	message_end(out, at);
	whole_or_nothing(out, before);
}

static void
bind(struct buf *out, const char *name, const struct pg_value *values, uint16_t n)
{
	size_t at = message_begin(out, 'B');

	put_string(out, "");
	put_string(out, name);
	put_u16(out, 0);
	put_u16(out, n);
	for (uint16_t i = 0; i < n; i++) {
		put_u32(out, values[i].bytes ? (uint32_t)values[i].size : UINT32_MAX);
		if (values[i].bytes)
			buf_append(out, values[i].bytes, values[i].size);
	}
	put_u16(out, 0);
	message_end(out, at);
}

void
pg_execute(struct buf *out, const char *name, const struct pg_value *values, uint16_t n)
{
	size_t before = out->size;

	bind(out, name, values, n);
	size_t at = message_begin(out, 'E');
	put_string(out, "");
	put_u32(out, 0);
	message_end(out, at);
	whole_or_nothing(out, before);
}

void
pg_sync(struct buf *out)
{
	size_t before = out->size;

	message_end(out, message_begin(out, 'S'));
	whole_or_nothing(out, before);
}

/* ---- login --------------------------------------------------------------------------------- */

void
pg_startup(struct buf *out, const struct pg_login *login)
{
	size_t before = out->size, at = message_begin(out, '\0');

	put_u32(out, PROTOCOL_3_0);
	put_string(out, "user");
	put_string(out, login->user);
	put_string(out, "database");
	put_string(out, login->database ? login->database : login->user);
	put_string(out, "client_encoding");
	put_string(out, "UTF8");
	put_string(out, "application_name");
	put_string(out, "prony");
	buf_putc(out, '\0');
	message_end(out, at);
	whole_or_nothing(out, before);
}

void
pg_password(struct buf *out, const char *password)
{
	size_t before = out->size, at = message_begin(out, 'p');

	put_string(out, password);
	message_end(out, at);
	whole_or_nothing(out, before);
}

/* Hexadecimal digits of the MD5 of two texts, one after the other. */
static bool
md5_hex(const void *a, size_t a_size, const void *b, size_t b_size, char out[33])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[16];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c && EVP_DigestInit_ex(c, EVP_md5(), NULL) == 1 &&
	    EVP_DigestUpdate(c, a, a_size) == 1 && EVP_DigestUpdate(c, b, b_size) == 1 &&
	    EVP_DigestFinal_ex(c, sum, NULL) == 1;

	EVP_MD_CTX_free(c);
	for (size_t i = 0; ok && i < sizeof(sum); i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[32] = '\0';
	return ok;
}

bool
pg_password_md5(struct buf *out, const struct pg_login *login, const uint8_t salt[4])
{
	char text[3 + 33] = "md5", inner[33];

	if (!md5_hex(login->password, strlen(login->password), login->user, strlen(login->user),
	    inner) ||
	    !md5_hex(inner, 32, salt, 4, text + 3))
		return false;
	pg_password(out, text);
	return true;
}

void
pg_sasl_initial(struct buf *out, const char *mechanism, const struct buf *data)
{
	size_t before = out->size, at = message_begin(out, 'p');

	put_string(out, mechanism);
	put_u32(out, (uint32_t)data->size);
	buf_append(out, data->data, data->size);
	message_end(out, at);
	whole_or_nothing(out, before);
}

void
pg_sasl_response(struct buf *out, const struct buf *data)
{
	size_t before = out->size, at = message_begin(out, 'p');

	buf_append(out, data->data, data->size);
	message_end(out, at);
	whole_or_nothing(out, before);
}

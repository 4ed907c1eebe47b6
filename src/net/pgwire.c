/* SPDX-License-Identifier: MIT */
#include "net/pgwire.h"

#include <string.h>

enum { LOGIN = 1, SETTINGS = 2, RUN = 4, ANY = 7 };   /* phases of a connection, as a mask */
enum { ASKED_NOTHING, PASSWORD_SENT, SASL_BEGUN, SASL_PROVEN, SASL_VERIFIED };
enum {   /* what the server asks for to log in */
	AUTH_OK = 0, AUTH_CLEARTEXT = 3, AUTH_MD5 = 5, AUTH_SASL = 10, AUTH_SASL_MORE, AUTH_SASL_LAST,
};

#define MECHANISM "SCRAM-SHA-256"

/* What may come when, and how long its body may be. The frequent ones first. */
static const struct kind {
	char type;
	uint8_t phases;
	uint32_t least, most;
} kinds[] = {
	{ 'D', RUN, 2, PG_BODY_MAX },          /* DataRow */
	{ '2', RUN, 0, 0 },                    /* BindComplete */
	{ 'C', RUN, 1, 1024 },                 /* CommandComplete */
	{ 'Z', SETTINGS | RUN, 1, 1 },         /* ReadyForQuery */
	{ '1', RUN, 0, 0 },                    /* ParseComplete */
	{ 'T', RUN, 2, 1 << 20 },              /* RowDescription */
	{ 'E', ANY, 1, 1 << 20 },              /* ErrorResponse */
	{ 'N', ANY, 1, 1 << 20 },              /* NoticeResponse */
	{ 'S', SETTINGS | RUN, 2, 1 << 16 },   /* ParameterStatus */
	{ 'K', SETTINGS, 8, 8 },               /* BackendKeyData */
	{ 'R', LOGIN, 4, PG_LOGIN_MAX },       /* Authentication... */
	{ 'A', RUN, 6, 1 << 16 },              /* NotificationResponse */
	{ 'I', RUN, 0, 0 },                    /* EmptyQueryResponse */
	{ 'n', RUN, 0, 0 },                    /* NoData */
	{ '3', RUN, 0, 0 },                    /* CloseComplete */
	{ 't', RUN, 2, 1 << 20 },              /* ParameterDescription */
};

void
pg_start(struct pg *p, const struct pg_login *login, struct buf *out)
{
	pg_done(p);
	p->phase = LOGIN;
	p->message.cap_bytes = PG_LOGIN_MAX;
	p->login = login;
	pg_startup(out, login);
}

static void
login_done(struct pg *p)
{
	buf_done(&p->message);
	scram_done(&p->scram);
	p->login = NULL;
}

void
pg_done(struct pg *p)
{
	login_done(p);
	*p = (struct pg){ 0 };
}

static enum pg_verdict
bad(struct pg *p, const char *why)
{
	p->why = why;
	return PG_BAD;
}

/* ---- login --------------------------------------------------------------------------------- */

static enum pg_verdict
give_password(struct pg *p, uint32_t method, const uint8_t *more, size_t size, struct buf *out)
{
	p->login_step = PASSWORD_SENT;
	if (method == AUTH_CLEARTEXT) {
		pg_password(out, p->login->password);
		return size ? bad(p, "malformed authentication request") : PG_MORE;
	}
	if (size != 4)
		return bad(p, "malformed authentication request");
	return pg_password_md5(out, p->login, more) ? PG_MORE
	    : bad(p, "the cryptographic library lacks MD5");
}

/* Is our mechanism among those offered: names that end with NUL, and an empty one? */
static bool
offers_mechanism(const char *names, size_t size)
{
	const char *end = names + size;

	while (names < end) {
		const char *nul = memchr(names, '\0', (size_t)(end - names));
		if (!nul || nul == names)
			return false;
		if (strcmp(names, MECHANISM) == 0)
			return true;
		names = nul + 1;
	}
	return false;
}

static enum pg_verdict
sasl_begin(struct pg *p, const char *more, size_t size, struct buf *out)
{
	struct buf first = { .cap_bytes = 1024 };

	if (!offers_mechanism(more, size))
		return bad(p, "it offers no SASL mechanism that is known: only SCRAM-SHA-256 is");
	scram_first(&p->scram, "", p->login->nonce, &first);
	pg_sasl_initial(out, MECHANISM, &first);
	buf_done(&first);
	p->login_step = SASL_BEGUN;
	return PG_MORE;
}

static enum pg_verdict
sasl_prove(struct pg *p, const char *more, size_t size, struct buf *out)
{
	struct buf final = { .cap_bytes = PG_LOGIN_MAX };
	struct scram_cache none = { 0 }, *cache = p->login->cache ? p->login->cache : &none;
	const char *why = scram_final(&p->scram, p->login->password, cache, more, size, &final);

	if (!why)
		pg_sasl_response(out, &final);
	buf_done(&final);
	p->login_step = SASL_PROVEN;
	return why ? bad(p, why) : PG_MORE;
}

static enum pg_verdict
authentication_ok(struct pg *p)
{
	if (p->login_step == SASL_BEGUN || p->login_step == SASL_PROVEN)
		return bad(p, "it ends the SCRAM exchange without a signature of its own");
	p->phase = SETTINGS;
	return PG_MORE;
}

static enum pg_verdict
authentication(struct pg *p, struct buf *out)
{
	const uint8_t *b = (const uint8_t *)p->message.data;
	uint32_t method = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	const char *more = p->message.data + 4, *why;
	size_t size = p->message.size - 4;

	if (method == AUTH_OK)
		return authentication_ok(p);
	if (!p->login->password)
		return bad(p, "it asks for a password and none is given");
	if (method > AUTH_SASL_LAST)
		return bad(p, "it asks for a way to log in that is not known");
	switch (method * 8 + p->login_step) {
	case AUTH_CLEARTEXT * 8 + ASKED_NOTHING:
	case AUTH_MD5 * 8 + ASKED_NOTHING:
		return give_password(p, method, b + 4, size, out);
	case AUTH_SASL * 8 + ASKED_NOTHING:
		return sasl_begin(p, more, size, out);
	case AUTH_SASL_MORE * 8 + SASL_BEGUN:
		return sasl_prove(p, more, size, out);
	case AUTH_SASL_LAST * 8 + SASL_PROVEN:
		why = scram_verify(&p->scram, more, size);
		p->login_step = SASL_VERIFIED;
		return why ? bad(p, why) : PG_MORE;
	}
	return bad(p, "it asks for a way to log in that is not known, or in the wrong order");
}

/* ---- answers ------------------------------------------------------------------------------- */

static void
answer_begin(struct pg *p)
{
	p->answered = p->failed = false;
	p->rows = p->row_bytes = p->affected = 0;
}

/* The last word of a command's tag ("INSERT 0 5") is how many rows it touched. Only the last byte
 * of all is a NUL. */
static bool
tag_bytes(struct pg *p, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!bytes[i])
			return p->left - i == 1;
		if (bytes[i] == ' ')
			p->tag_number = 0;
		else if (bytes[i] < '0' || bytes[i] > '9' || p->tag_number >= INT64_MAX / 10 - 1)
			p->tag_number = -1;
		else if (p->tag_number >= 0)
			p->tag_number = p->tag_number * 10 + (bytes[i] - '0');
	}
	return size < p->left;
}

static enum pg_verdict
ready(struct pg *p)
{
	bool first = p->phase == SETTINGS;

	if (!strchr("ITE", p->transaction) || !p->transaction)
		return bad(p, "an unknown transaction status");
	p->answered = true;
	if (first) {
		login_done(p);
		p->phase = RUN;
	}
	return first ? PG_READY : PG_DONE;
}

static enum pg_verdict
error_end(struct pg *p)
{
	if (!pg_error_end(&p->error))
		return bad(p, "a malformed error message");
	p->failed = true;
	return p->phase == RUN ? PG_MORE : bad(p, "it refuses the login");
}

static enum pg_verdict
message_end(struct pg *p, struct buf *out)
{
	p->header_size = 0;
	switch (p->header[0]) {
	case 'C':
		if (p->tag_number > 0)
			p->affected += p->tag_number;
		return PG_MORE;
	case 'E':
		return error_end(p);
	case 'R':
		return authentication(p, out);
	case 'Z':
		return ready(p);
	}
	return PG_MORE;
}

/* ---- framing ------------------------------------------------------------------------------- */

static const struct kind *
kind_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((uint8_t)kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

static enum pg_verdict
message_begin(struct pg *p)
{
	const uint8_t *h = p->header;
	const struct kind *k = kind_of(h[0]);
	uint32_t n = (uint32_t)h[1] << 24 | (uint32_t)h[2] << 16 | (uint32_t)h[3] << 8 | h[4];

	if (h[0] == 'G' || h[0] == 'H' || h[0] == 'W')
		return bad(p, "COPY is not supported");
	if (!k || !(k->phases & p->phase))
		return bad(p, "a message that PostgreSQL does not send here");
	if (n < 4 || n - 4 < k->least || n - 4 > k->most)
		return bad(p, "a message's length is out of range");
	p->left = n - 4;
	switch (h[0]) {
	case 'D':
		p->rows++;
		p->row_bytes += p->left;
		break;
	case 'C':
		p->tag_number = -1;
		break;
	case 'E':
		pg_error_begin(&p->error);
		break;
	case 'R':
		buf_clear(&p->message);
	}
	return PG_MORE;
}

static enum pg_verdict
take_header(struct pg *p, const char *bytes, size_t size, size_t *ret_used, struct buf *out)
{
	size_t missing = sizeof(p->header) - p->header_size, n = size < missing ? size : missing;

	memcpy(p->header + p->header_size, bytes, n);
	p->header_size += (uint8_t)n;
	*ret_used = n;
	if (n < missing)
		return PG_MORE;
	enum pg_verdict v = message_begin(p);
	return v != PG_MORE || p->left ? v : message_end(p, out);
}

static enum pg_verdict
take_body(struct pg *p, const char *bytes, size_t size, size_t *ret_used, struct buf *out)
{
	size_t n = size < p->left ? size : p->left;

	switch (p->header[0]) {
	case 'C':
		if (!tag_bytes(p, bytes, n))
			return bad(p, "a malformed command tag");
		break;
	case 'E':
		if (!pg_error_bytes(&p->error, bytes, n))
			return bad(p, "a malformed error message");
		break;
	case 'R':
		buf_append(&p->message, bytes, n);
		break;
	case 'Z':
		p->transaction = bytes[0];
	}
	*ret_used = n;
	p->left -= (uint32_t)n;
	return p->left ? PG_MORE : message_end(p, out);
}

enum pg_verdict
pg_feed(struct pg *p, const void *bytes, size_t size, size_t *ret_used, struct buf *out)
{
	const char *at = bytes;
	enum pg_verdict v = PG_MORE;
	size_t used = 0, n;

	if (p->answered && size)
		answer_begin(p);
	while (v == PG_MORE && used < size) {
		n = 0;
		v = p->header_size < sizeof(p->header)
		    ? take_header(p, at + used, size - used, &n, out)
		    : take_body(p, at + used, size - used, &n, out);
		used += n;
	}
	*ret_used = used;
	return v;
}

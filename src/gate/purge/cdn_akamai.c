/* SPDX-License-Identifier: MIT */
/* Akamai: Fast Purge API v3 (techdocs.akamai.com/purge-cache/reference), whose bodies have at most 50,000 bytes. Soft
 * is to invalidate, hard to delete; everything is the CP codes that gate.yaml has as service. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "gate/encode.h"
#include "gate/purge/cdn_driver.h"
#include "gate/purge/sign.h"

#define BODY_MAX    ((size_t)50000)
#define FRAME       "{\"objects\":[]}"
#define NONCE_BYTES 37

/* A comma and a string: nothing within a string looks like that. */
static void
put_item(enum purge_what what, struct text text, struct buf *items)
{
	CLEANUP(buf_done) struct buf word = { 0 };

	if (what == PURGE_ALL)   /* its CP codes are not of the purge */
		return;
	if (what == PURGE_URL)
		encode_unsafe(&word, text);
	else
		buf_append(&word, text.at, text.size);
	buf_puts(items, ",\"");
	encode_json(items, (struct text){ word.data, word.size });
	buf_puts(items, "\"");
}

static void
write_target(const struct cdn_ask *ask, struct buf *to)
{
	static const char *const objects[] = { [PURGE_URL] = "url", [PURGE_TAG] = "tag", [PURGE_ALL] = "cpcode" };
	struct text host = cdn_secret(ask, "host", "AKAMAI_HOST");
	const struct gate_cdn *c = ask->c;

	if (c->endpoint)
		buf_puts(to, c->endpoint);
	else if (host.size)
		buf_printf(to, "%s%.*s", memmem(host.at, host.size, "://", 3) ? "" : "https://", (int)host.size, host.at);
	while (to->size && to->data[to->size - 1] == '/')
		to->data[--to->size] = '\0';
	if (to->size)
		buf_printf(to, "/ccu/v3/%s/%s/%s", ask->batch->soft ? "invalidate" : "delete", objects[ask->batch->what],
		    c->network ? c->network : "production");
}

static int
write_nonce(char out[NONCE_BYTES])
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -ENOTRECOVERABLE;
	snprintf(out, NONCE_BYTES, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(random[0] >> 32),
	    (unsigned)(random[0] >> 16 & 0xffff), (unsigned)(random[0] & 0xffff), (unsigned)(random[1] >> 48),
	    (unsigned long long)(random[1] & 0xffffffffffff));
	return 0;
}

static int
write_request(const struct cdn_ask *ask, struct cdn_request *ret, struct err *e)
{
	CLEANUP(buf_done) struct buf body = { 0 };
	CLEANUP(buf_done) struct buf fields = { 0 };
	const struct buf *items = &ask->batch->items;
	char nonce[NONCE_BYTES];
	const struct sign_edgegrid by = {
		.client_token = cdn_secret(ask, "client_token", "AKAMAI_CLIENT_TOKEN"),
		.client_secret = cdn_secret(ask, "client_secret", "AKAMAI_CLIENT_SECRET"),
		.access_token = cdn_secret(ask, "access_token", "AKAMAI_ACCESS_TOKEN"), .nonce = nonce,
	};
	struct url to;

	write_target(ask, &ret->to);
	if (!by.client_token.size || !by.client_secret.size || !by.access_token.size || !ret->to.size)
		return err_set(e, ENOENT, "no client_token, client_secret, access_token and host are there for it");
	int code = url_parse(buf_text(&ret->to), &to, e);
	if (code < 0)
		return code;
	buf_puts(&body, "{\"objects\":[");
	if (ask->batch->what == PURGE_ALL)
		buf_puts(&body, ask->c->service);
	else
		buf_append(&body, items->data + 1, items->size - 1);
	buf_puts(&body, "]}");
	const struct sign_request r = { "POST", &to, NULL, { body.data, body.size }, ask->wall_ns };
	if (write_nonce(nonce) < 0 || sign_edgegrid(&r, &by, &fields) < 0)
		return err_set(e, ENOTRECOVERABLE, "the request cannot be signed");
	ret->method = "POST";
	cdn_request_end(ret, "application/json", &fields, &body);
	return 0;
}

static const char *const for_now[] = { "Invalid timestamp", NULL };   /* the clock's fault */

const struct cdn_driver cdn_akamai = {
	.preset = "akamai", .items_max = 1000, .bytes_max = BODY_MAX - sizeof(FRAME), .for_now = for_now,
	.put = put_item, .write = write_request,
};

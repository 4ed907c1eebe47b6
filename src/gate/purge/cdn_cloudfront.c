/* SPDX-License-Identifier: MIT */
/* Amazon CloudFront: CreateInvalidation of its REST API 2020-05-31
 * (docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html; of paths and tags: "What you need to
 * know when invalidating paths", "... tags" in its Developer Guide).
 *
 * A distribution may have 3000 paths under way, 15 of them ending in '*'; beyond that it refuses for the moment. A
 * batch is a third of it, so that one need not wait for the end of all before it. Soft and hard are the same there. */
#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/encode.h"
#include "gate/purge/cdn_driver.h"
#include "gate/purge/sign.h"

#define PATH_MAX_BYTES 4000
#define TAG_MAX_BYTES  256
#define REGION         "us-east-1"

static bool
is_tag(struct text t)
{
	bool good = t.size <= TAG_MAX_BYTES;

	for (size_t i = 0; i < t.size; i++)
		good &= t.at[i] > ' ' && t.at[i] <= '~' && t.at[i] != ',';
	return good;
}

static enum purge_what
asked_as(const struct gate_cdn *c, const struct purge *p)
{
	if (p->what == PURGE_TAG && c->tags && is_tag(p->text))
		return PURGE_TAG;
	return p->what == PURGE_URL && p->text.size <= PATH_MAX_BYTES ? PURGE_URL : PURGE_ALL;
}

static struct text
path_of(struct text url)
{
	const char *host = memmem(url.at, url.size, "://", 3);
	size_t from = host ? (size_t)(host + 3 - url.at) : 0;
	const char *path = memchr(url.at + from, '/', url.size - from);

	return path ? (struct text){ path, (size_t)(url.at + url.size - path) } : (struct text){ "/", 1 };
}

static void
put_item(enum purge_what what, struct text text, struct buf *items)
{
	CLEANUP(buf_done) struct buf path = { 0 };

	if (what == PURGE_URL)
		encode_unsafe(&path, path_of(text));
	else if (what == PURGE_TAG)
		buf_printf(&path, "#%.*s", (int)text.size, text.at);
	else
		buf_puts(&path, "/*");
	buf_puts(items, "<Path>");
	encode_xml(items, (struct text){ path.data, path.size });
	buf_puts(items, "</Path>");
}

/* The same batch has the same reference whenever it is sent, so that it is done once; no other batch has, also after
 * the numbers of the log have begun anew. */
static void
write_body(const struct cdn_batch *b, struct buf *body)
{
	buf_puts(body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">");
	buf_printf(body, "<CallerReference>prony-%llu-%lld-%016llx</CallerReference><Paths><Items>",
	    (unsigned long long)b->first, (long long)(b->wall_ns / NS_PER_S),
	    (unsigned long long)XXH3_64bits(b->items.data, b->items.size));
	buf_append(body, b->items.data, b->items.size);
	buf_printf(body, "</Items><Quantity>%zu</Quantity></Paths></InvalidationBatch>", b->n_items);
}

static int
write_request(const struct cdn_ask *ask, struct cdn_request *ret, struct err *e)
{
	static const char type[] = "application/xml";
	CLEANUP(buf_done) struct buf body = { 0 };
	CLEANUP(buf_done) struct buf fields = { 0 };
	const struct gate_cdn *c = ask->c;
	const struct sign_aws4 by = {
		.key_id = cdn_secret(ask, "aws_access_key_id", "AWS_ACCESS_KEY_ID"),
		.secret = cdn_secret(ask, "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
		.session = cdn_secret(ask, "aws_session_token", "AWS_SESSION_TOKEN"),
		.region = c->region ? c->region : REGION, .service = "cloudfront",
	};
	struct url to;

	if (!by.key_id.size || !by.secret.size)
		return err_set(e, ENOENT, "no aws_access_key_id and aws_secret_access_key are there for it");
	buf_printf(&ret->to, "%s/2020-05-31/distribution/%s/invalidation", c->endpoint, c->service);
	int code = url_parse(buf_text(&ret->to), &to, e);
	if (code < 0)
		return code;
	write_body(ask->batch, &body);
	const struct sign_request r = { "POST", &to, type, { body.data, body.size }, ask->wall_ns };
	if (sign_aws4(&r, &by, &fields) < 0)
		return err_set(e, ENOTRECOVERABLE, "the request cannot be signed");
	ret->method = "POST";
	cdn_request_end(ret, type, &fields, &body);
	return 0;
}

static const char *const for_now[] = {
	"TooManyInvalidationsInProgress", "Throttling", "TooManyRequests", "ExpiredToken", "RequestExpired", NULL
};

const struct cdn_driver cdn_cloudfront = {
	.preset = "cloudfront", .items_max = 1000, .bytes_max = (size_t)512 << 10, .for_now = for_now,
	.as = asked_as, .put = put_item, .write = write_request,
};

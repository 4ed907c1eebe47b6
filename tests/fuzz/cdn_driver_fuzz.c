/* SPDX-License-Identifier: MIT */
/* A file of secrets and what is to be purged, a line each behind a zero byte, as questions to CDNs: whatever they hold,
 * a question has the fields and the objects that it should have and no others. The first byte says what is purged. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "gate/purge/cdn_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool so)
{
	if (!so)
		abort();
}

static size_t
count(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
		n++;
	return n;
}

/* Each is one of ours, once. */
static const char *
check_fields(const char *rest)
{
	static const char *const ours[] = { "X-Amz-Date: ", "X-Amz-Security-Token: ", "Authorization: ", "Content-Type: ",
		"Content-Length: " };
	const char *at = rest;

	for (unsigned seen = 0; strncmp(at, "\r\n", 2) != 0; at = strstr(at, "\r\n") + 2) {
		size_t i = 0;
		while (i < 5 && strncmp(at, ours[i], strlen(ours[i])) != 0)
			i++;
		require(i < 5 && !(seen & 1U << i) && strstr(at, "\r\n"));
		seen |= 1U << i;
	}
	return at + 2;
}

static void
check_body(const struct cdn_batch *b, const struct cdn_driver *d, const char *body)
{
	if (d == &cdn_cloudfront) {
		require(count(body, "<Path>") == b->n_items && count(body, "</Path>") == b->n_items &&
		    count(body, "<") == 11 + 2 * b->n_items);   /* the frame's, with <?xml */
		return;
	}
	json_t *j = json_loads(body, 0, NULL);   /* NULL: what was purged is no UTF-8 */
	require(strlen(body) <= 50000);
	if (j)
		require(json_array_size(json_object_get(j, "objects")) == (b->what == PURGE_ALL ? 2 : b->n_items));
	json_decref(j);
}

static void
ask(const struct gate_cdn *c, unsigned kind, struct text secret, struct text rest)
{
	const struct cdn_driver *d = cdn_driver_of(c);
	struct cdn_batch b = { 0 };
	struct cdn_request r = { 0 };
	struct err e = { 0 };

	while (rest.size) {
		const char *end = memchr(rest.at, '\n', rest.size);
		struct text line = { rest.at, end ? (size_t)(end - rest.at) : rest.size };
		struct purge_entry entry = { 1, 1, { kind % 3, kind & 4, false, line } };
		rest.at += line.size + (end != NULL);
		rest.size -= line.size + (end != NULL);
		if (purge_is_good(&entry.purge))
			cdn_batch_add(&b, d, c, &entry, 100);
	}
	const struct cdn_ask by = { c, &b, secret, 1 };
	if (b.n && d->write(&by, &r, &e) == 0)
		check_body(&b, d, check_fields(buf_text(&r.rest)));
	else
		require(!b.n || e.text[0]);
	buf_done(&b.items);
	cdn_request_done(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct gate_cdn cdns[] = {
		{ .preset = "cloudfront", .service = "E1", .endpoint = "http://127.0.0.1:1", .tags = true },
		{ .preset = "akamai", .service = "1,2", .profile = "p" },
	};
	const uint8_t *zero = size > 1 ? memchr(data + 1, 0, size - 1) : NULL;

	if (!zero)
		return 0;
	struct text secret = { (const char *)data + 1, (size_t)(zero - data) - 1 };
	struct text rest = { (const char *)zero + 1, (size_t)(data + size - zero) - 1 };
	for (size_t i = 0; i < 2; i++)
		ask(&cdns[i], data[0], secret, rest);
	return 0;
}

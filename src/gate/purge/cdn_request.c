/* SPDX-License-Identifier: MIT */
#include "gate/purge/cdn_request.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "gate/encode.h"
#include "gate/purge/cdn_driver.h"

enum form { PLAIN, IN_URL, IN_JSON };

struct filling {
	const struct gate_cdn *c;
	const struct purge *p;
	const char *token;
	enum form form;
};

const struct gate_cdn_call *
cdn_call_for(const struct gate_cdn *c, enum purge_what what)
{
	if (c->calls[what].to)
		return &c->calls[what];
	return c->calls[PURGE_ALL].to ? &c->calls[PURGE_ALL] : NULL;
}

static struct text
without_scheme(struct text url)
{
	const char *at = memmem(url.at, url.size, "://", 3);
	size_t n = at ? (size_t)(at + 3 - url.at) : 0;

	return (struct text){ url.at + n, url.size - n };
}

static struct text
text_or_none(const char *s)
{
	return text_of(s ? s : "");
}

/* What a word in braces stands for; false: nothing. */
static bool
put_word(const struct filling *f, struct text word, struct buf *out)
{
	struct text value;
	bool encoded = false;

	if (text_is(word, "url") || text_is(word, "url_encoded")) {
		value = f->p->text;
		encoded = word.size > 3;
	} else if (text_is(word, "url_bare")) {
		value = without_scheme(f->p->text);
	} else if (text_is(word, "tag")) {
		value = f->p->text;
		encoded = f->form == IN_URL;
	} else if (text_is(word, "service")) {
		value = text_or_none(f->c->service);
	} else if (text_is(word, "token")) {
		value = text_or_none(f->token);
	} else {
		return false;
	}
	if (encoded)
		encode_url(out, value);
	else if (f->form == IN_JSON)
		encode_json(out, value);
	else
		buf_append(out, value.at, value.size);
	return true;
}

static void
fill(const struct filling *f, const char *template, struct buf *out)
{
	for (const char *at = template; *at;) {
		const char *end = *at == '{' ? strchr(at, '}') : NULL;
		if (end && put_word(f, (struct text){ at + 1, (size_t)(end - at - 1) }, out))
			at = end + 1;
		else
			buf_putc(out, *at++);
	}
}

int
cdn_request_write(const struct gate_cdn *c, const struct gate_cdn_call *call, const struct purge *p,
    const char *token, struct buf *url, struct buf *rest)
{
	CLEANUP(buf_done) struct buf body = { 0 };
	bool json = call->body && strchr("{[", call->body[0]);
	struct filling f = { c, p, token, IN_URL };

	fill(&f, call->to, url);
	f.form = json ? IN_JSON : PLAIN;
	if (call->body)
		fill(&f, call->body, &body);
	f.form = PLAIN;
	for (size_t i = 0; i < c->n_fields; i++) {
		fill(&f, c->fields[i], rest);
		buf_puts(rest, "\r\n");
	}
	if (p->soft && c->soft_field)
		buf_printf(rest, "%s\r\n", c->soft_field);
	if (json)
		buf_puts(rest, "Content-Type: application/json\r\n");
	buf_printf(rest, "Content-Length: %zu\r\n\r\n", body.size);
	buf_append(rest, body.data, body.size);
	/* A token with a line end in it would become a field, or a request. */
	return token && strpbrk(token, "\r\n") ? -EINVAL : 0;
}

static void
put_item(enum purge_what what, struct text text, struct buf *items)
{
	buf_append(items, text.at, text.size);
}

static int
write_request(const struct cdn_ask *ask, struct cdn_request *ret, struct err *e)
{
	const struct cdn_batch *b = ask->batch;
	const struct purge p = { .what = b->what, .soft = b->soft, .text = { b->items.data, b->items.size } };
	const struct gate_cdn_call *call = cdn_call_for(ask->c, b->what);

	if (!call)
		return err_set(e, ENOTSUP, "it cannot be asked for this: there is no %s", purge_what_name(b->what));
	ret->method = call->method;
	if (cdn_request_write(ask->c, call, &p, ask->secret.at, &ret->to, &ret->rest) < 0)
		return err_set(e, EINVAL, "the token has more than one line");
	return 0;
}

const struct cdn_driver cdn_template = {
	.items_max = 1, .bytes_max = SIZE_MAX, .missing_is_done = true, .put = put_item, .write = write_request,
};

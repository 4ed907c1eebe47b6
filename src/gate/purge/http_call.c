/* SPDX-License-Identifier: MIT */
#include "gate/purge/http_call.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/talk.h"
#include "gate/retry_after.h"
#include "net/http1_response.h"

#define ANSWER_MAX ((size_t)64 << 10)

static void
talk_close_p(struct talk **t)
{
	talk_close(*t);
}

/* What there is of the body behind the head; why it is no more does not matter. */
static void
hear_why(struct talk *t, const struct http1_response *r, struct buf *in, size_t head, struct buf *ret_why)
{
	struct http1_body body;
	size_t used = head, n;

	http1_body_start(&body, r->framing, r->length);
	while (!http1_body_ended(&body)) {
		struct text data = { NULL, 0 };
		if (used == in->size && (in->size > ANSWER_MAX || talk_receive(t, in) < 0))
			return;
		if (http1_body_feed(&body, in->data + used, in->size - used, &n, &data) == HTTP1_BAD)
			return;
		buf_append(ret_why, data.at, data.size);
		used += n;
	}
}

/* The final answer. */
static int
hear(struct talk *t, struct http_answer *ret)
{
	CLEANUP(buf_done) struct buf in = { .cap_bytes = 2 * ANSWER_MAX };
	struct http1_response r;
	size_t used;
	int code = 0;

	while (code == 0) {
		enum http1_verdict v = http1_response_parse(&r, false, in.data ? in.data : "", in.size, &used);
		if (v == HTTP1_DONE && r.status >= 200) {
			ret->status = r.status;
			ret->retry_ns = retry_after_ns(&r.fields, wall_ns());
			if (r.status >= 400)   /* reads on: the fields are views of what may move */
				hear_why(t, &r, &in, used, &ret->body);
			return 0;
		}
		if (v == HTTP1_BAD || in.size > ANSWER_MAX)
			return -EPROTO;
		if (v == HTTP1_DONE)   /* an interim one */
			memmove(in.data, in.data + used, in.size -= used);
		else
			code = talk_receive(t, &in);
	}
	return code == -EPIPE ? -EPROTO : code;
}

int
http_call(const struct url *to, const char *method, const char *rest, size_t rest_size, const char *ca_file,
    int64_t timeout_ns, int stop, struct http_answer *ret, struct err *e)
{
	static const char *const alpn[] = { "http/1.1", NULL };
	const struct tls_config tls = { .host = to->host, .alpn = alpn, .verify = true, .ca_file = ca_file };
	const struct talk_to there = {
		.host = to->host, .port = (uint16_t)to->port, .tls = url_is_secure(to) ? &tls : NULL,
		.patience_ns = timeout_ns, .until_ns = now_ns() + timeout_ns, .stop = stop,
	};
	CLEANUP(talk_close_p) struct talk *t = NULL;
	CLEANUP(buf_done) struct buf request = { 0 };

	int code = talk_open(&there, &t, e);
	if (code < 0)
		return code;
	buf_printf(&request, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nUser-Agent: prony\r\n", method,
	    to->path, to->authority);
	buf_append(&request, rest, rest_size);
	code = talk_send(t, request.data, request.size);
	if (code == 0)
		code = hear(t, ret);
	return code < 0 ? err_set(e, -code, "%s", talk_why(t, code)) : 0;
}

void
http_answer_done(struct http_answer *a)
{
	buf_done(&a->body);
}

/* SPDX-License-Identifier: MIT */
#include "gate/admin/metrics_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gate/admin/side_server.h"
#include "gate/front/refusal.h"

struct metrics_server {
	void (*write)(void *ctx, struct buf *out);
	void *ctx;
	struct side_server *server;
};

static bool
is_for_metrics(struct text target)
{
	return target.size >= 8 && memcmp(target.at, "/metrics", 8) == 0 &&
	    (target.size == 8 || target.at[8] == '?');
}

static void
answer(void *ctx, const struct http1_request *r, struct text body, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct metrics_server *s = ctx;
	bool head = text_is(r->method, "HEAD");

	if (!head && !text_is(r->method, "GET")) {
		refusal_write(out, 405, "only GET and HEAD are answered here", 0, true);
		return;
	}
	if (!is_for_metrics(r->target)) {
		refusal_write(out, 404, "only /metrics is here", 0, true);
		return;
	}
	s->write(s->ctx, &text);
	buf_printf(out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n", text.size);
	if (!head)
		buf_append(out, text.data, text.size);
}

int
metrics_server_open(int listener, void (*write)(void *ctx, struct buf *out), void *ctx,
    struct metrics_server **ret, struct err *e)
{
	struct metrics_server *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	*s = (struct metrics_server){ .write = write, .ctx = ctx };
	int code = side_server_start(listener, answer, s, "metrics", &s->server, e);
	if (code < 0)
		free(s);
	else
		*ret = s;
	return code;
}

void
metrics_server_close(struct metrics_server *s)
{
	if (!s)
		return;
	side_server_stop(s->server);
	free(s);
}

/* SPDX-License-Identifier: MIT */
#include "load/program.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

static bool
header_given(const struct spec *spec, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < spec->n_headers; i++)
		if (strncasecmp(spec->headers[i], name, n) == 0 && spec->headers[i][n] == ':')
			return true;
	return false;
}

/* Accept-Encoding as a browser would: whether the service compresses is part of what it costs. */
static void
build_request(const struct spec *spec, const struct url *u, struct route *ret)
{
	static const char *const usual[][2] = {
		{ "User-Agent", "prony/" PRONY_VERSION }, { "Accept", "*/*" },
		{ "Accept-Encoding", "gzip" },
	};
	struct buf b = { 0 };

	buf_printf(&b, "GET %s HTTP/1.1\r\n", u->path);
	if (!header_given(spec, "Host"))
		buf_printf(&b, "Host: %s\r\n", u->authority);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!header_given(spec, usual[i][0]))
			buf_printf(&b, "%s: %s\r\n", usual[i][0], usual[i][1]);
	for (size_t i = 0; i < spec->n_headers; i++)
		buf_printf(&b, "%s\r\n", spec->headers[i]);
	buf_puts(&b, "\r\n");
	*ret = (struct route){ .name = u->path, .bytes = b.data, .size = b.size };
}

int
program_make(const struct spec *spec, struct program *ret, struct err *e)
{
	*ret = (struct program){
		.protocol = &protocol_http1, .reuse = spec->reuse, .seed = spec->seed,
	};
	if (!spec->n_urls)
		return err_usage(e, "no URL to load");
	ret->urls = calloc(spec->n_urls, sizeof(*ret->urls));
	ret->routes = calloc(spec->n_urls, sizeof(*ret->routes));
	if (!ret->urls || !ret->routes)
		abort();
	for (size_t i = 0; i < spec->n_urls; i++) {
		int code = url_parse(spec->urls[i], &ret->urls[i], e);
		if (code < 0)
			return code;
		build_request(spec, &ret->urls[i], &ret->routes[ret->n_routes++]);
	}
	return 0;
}

void
program_done(struct program *p)
{
	for (size_t i = 0; i < p->n_routes; i++)
		free(p->routes[i].bytes);
	free(p->routes);
	free(p->urls);
	*p = (struct program){ 0 };
}

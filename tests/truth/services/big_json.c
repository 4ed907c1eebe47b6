/* SPDX-License-Identifier: MIT */
/* Planted: each answer is 300 KB of JSON in the clear, over a link that takes 10 MB a second.
 * Truth: io.net.uncompressed, the route. Usage: big_json [repaired]; repaired, a page of the list. */
#include "loop.h"

enum { ITEMS = 3600, PAGE = 50, BYTES = 512 << 10 };

static const char *
list(int items, size_t *ret_size)
{
	char *body = malloc(BYTES), *all = malloc(BYTES + 256);
	size_t n = 0;

	if (!body || !all)
		return NULL;
	n += (size_t)sprintf(body + n, "[");
	for (int i = 0; i < items; i++)
		n += (size_t)sprintf(body + n, "%s{\"id\":%d,\"title\":\"Item number %d of the list\","
		    "\"price\":{\"amount\":%d,\"currency\":\"EUR\"}}", i ? "," : "", i, i, i * 37 % 9000);
	n += (size_t)sprintf(body + n, "]");
	int head = sprintf(all, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n", n);
	memcpy(all + head, body, n);
	free(body);
	*ret_size = (size_t)head + n;
	return all;
}

static const char *text;
static size_t text_size;

static const char *
answer(const char *path, size_t *ret_size)
{
	(void)path;
	*ret_size = text_size;
	return text;
}

int
main(int argc, char **argv)
{
	static struct loop l = { .answer = answer, .send_buffer = 32 << 10 };

	(void)argv;
	text = list(argc > 1 ? PAGE : ITEMS, &text_size);
	return text ? loop_serve(&l) : 1;
}

/* SPDX-License-Identifier: MIT */
/* Any beginning of a request: a route is short, printable and has no query. */
#include "trace/route.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const literal[] = { "/orders/7" };
	char out[ROUTE_MAX];
	char *head = malloc(size + 1);
	if (!head)
		abort();
	memcpy(head, data, size);
	if (route_of_head(head, size, literal, 1, out)) {
		if (strlen(out) >= sizeof(out))
			abort();
		for (const char *c = out; *c; c++)
			if (!isprint((unsigned char)*c) || *c == '#')
				abort();
	}
	head[size] = '\0';
	route_of_url(head, out);
	free(head);
	return 0;
}

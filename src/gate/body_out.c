/* SPDX-License-Identifier: MIT */
#include "gate/body_out.h"

#include <stdio.h>

void
body_out_raw(struct body_out *o, const void *bytes, size_t size)
{
	if (size)
		o->pieces[o->n++] = (struct engine_piece){ bytes, size, false };
}

void
body_out_data(struct body_out *o, struct text data)
{
	if (!data.size)
		return;
	if (o->chunked) {
		char *line = o->sizes[o->n_sizes++];
		int n = snprintf(line, sizeof(o->sizes[0]), "%zx\r\n", data.size);
		body_out_raw(o, line, (size_t)n);
	}
	body_out_raw(o, data.at, data.size);
	if (o->chunked)
		body_out_raw(o, "\r\n", 2);
}

void
body_out_end(struct body_out *o)
{
	if (o->chunked)
		body_out_raw(o, "0\r\n\r\n", 5);
}

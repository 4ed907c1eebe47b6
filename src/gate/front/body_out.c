/* SPDX-License-Identifier: MIT */
#include "gate/front/body_out.h"

#include <stdio.h>

#include "gate/front/client.h"

static void
put(struct body_out *o, const void *bytes, size_t size)
{
	if (size)
		o->pieces[o->n++] = (struct engine_piece){ bytes, size, false };
}

void
body_out_head(struct body_out *o, struct text head)
{
	o->head = head.size;
	put(o, head.at, head.size);
}

void
body_out_data(struct body_out *o, struct text data)
{
	if (!data.size)
		return;
	if (o->chunked) {
		char *line = o->sizes[o->n_sizes++];
		int n = snprintf(line, sizeof(o->sizes[0]), "%zx\r\n", data.size);
		put(o, line, (size_t)n);
	}
	put(o, data.at, data.size);
	if (o->chunked)
		put(o, "\r\n", 2);
}

void
body_out_end(struct body_out *o)
{
	if (o->chunked)
		put(o, "0\r\n\r\n", 5);
}

bool
body_out_to(const struct body_out *o, struct client *c)
{
	return o->head ? client_answer(c, o->pieces, o->n) : client_send(c, o->pieces, o->n);
}

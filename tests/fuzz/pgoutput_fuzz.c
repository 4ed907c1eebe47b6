/* SPDX-License-Identifier: MIT */
/* Logical replication as a server might send it: messages, each with its length in two bytes before it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/pgoutput.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a view shows can be read, to its end. */
static size_t
touch(const struct pgoutput_relation *t, const struct pgoutput_value *v)
{
	size_t sum = 0;

	for (uint32_t i = 0; v && i < t->n_columns; i++) {
		sum += strlen(t->columns[i]);
		for (size_t k = 0; k < v[i].text.size; k++)
			sum += (unsigned char)v[i].text.at[k];
	}
	return sum;
}

static void
look(void *ctx, const struct pgoutput_event *e)
{
	size_t *sum = ctx;

	if (e->kind == PGOUTPUT_ROW && (!e->relation || (!e->before && !e->after)))
		abort();
	if (e->relation)
		*sum += touch(e->relation, e->before) + touch(e->relation, e->after) + strlen(e->relation->name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pgoutput *p = pgoutput_new();
	struct pgoutput_frame_head f;
	size_t sum = 0;

	pgoutput_frame_read(data, size, &f);
	if (f.message.size > size)
		abort();
	while (size >= 2) {
		size_t n = (size_t)data[0] << 8 | data[1];
		if (n > size - 2)
			n = size - 2;
		/* a copy of its own, so that a byte too far is noticed */
		uint8_t *message = malloc(n ? n : 1);
		memcpy(message, data + 2, n);
		if (pgoutput_take(p, message, n, look, &sum) < 0 && !p->why)
			abort();
		free(message);
		data += 2 + n;
		size -= 2 + n;
	}
	pgoutput_free(p);
	return 0;
}

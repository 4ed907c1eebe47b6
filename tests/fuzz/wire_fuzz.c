/* SPDX-License-Identifier: MIT */
/* Any calls on a connection to a peer: no crash, and no answer without its question. A call is a
 * byte of flags (1: written; 2: the middle is not copied; 4: before it a window ends, or with 16
 * begins; 8: a new connection), two of its size and its bytes. */
#include <stdlib.h>

#include "trace/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
call(struct wire *w, struct tape *t, uint8_t flags, const uint8_t *bytes, size_t size)
{
	struct wire_bytes b = { .begun = bytes, .n_begun = size, .ended = bytes + size, .size = size };
	bool written = flags & 1;
	if (flags & 4)
		wire_window(w, flags & 16);
	if (flags & 8)
		wire_connection(w, 7, flags, tape_name(t, "10.0.0.1:7"), 7);
	if (flags & 2 && size > 16) {
		b.n_begun = size / 4;
		b.n_ended = written ? 0 : size / 8;
		b.ended = bytes + size - b.n_ended;
	}
	struct rec io = { .ts = (int64_t)t->n + 1, .key = 7, .flags = written ? IO_WRITE : 0 };
	wire_tell(w, 7, written, &b);
	wire_io(w, &io, &b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tape t;
	size_t asked = 0, answered = 0;
	tape_init(&t, 20000);
	struct wire *w = wire_new(&t);
	wire_window(w, true);
	wire_connection(w, 7, 1, tape_name(&t, "10.0.0.1:7"), 7);
	while (size >= 3) {
		size_t n = data[1] | (size_t)data[2] << 8;
		n = n < size - 3 ? n : size - 3;
		uint8_t *copy = malloc(n ? n : 1);
		if (!copy)
			abort();
		for (size_t i = 0; i < n; i++)
			copy[i] = data[3 + i];
		call(w, &t, data[0], copy, n);
		free(copy);
		data += 3 + n;
		size -= 3 + n;
	}
	wire_window(w, false);
	for (size_t i = 0; i < t.n; i++) {
		asked += tape_at(&t, i)->kind == REC_ASK;
		answered += tape_at(&t, i)->kind == REC_REPLY;
		if (answered > asked)
			abort();
	}
	wire_free(w);
	tape_done(&t);
	return 0;
}

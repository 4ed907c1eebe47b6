/* SPDX-License-Identifier: MIT */
#include "gate/records.h"

#include <string.h>

#include "gate/gate_worker.h"

static int
add(struct tls *tls, char *record, const struct engine_piece *p, struct buf *out, size_t *filled)
{
	const char *at = p->bytes;
	int code = 0;

	for (size_t left = p->size, n; left && code == 0; at += n, left -= n) {
		if (!*filled && left >= GATE_RECORD_BYTES) {
			n = left - left % GATE_RECORD_BYTES;
			code = tls_send(tls, at, n, out);
			continue;
		}
		n = left < GATE_RECORD_BYTES - *filled ? left : GATE_RECORD_BYTES - *filled;
		memcpy(record + *filled, at, n);
		*filled += n;
		if (*filled == GATE_RECORD_BYTES) {
			code = tls_send(tls, record, *filled, out);
			*filled = 0;
		}
	}
	return code;
}

int
records_make(struct tls *tls, char *record, const struct engine_piece *pieces, uint32_t n, struct buf *out)
{
	size_t filled = 0;
	int code = 0;

	for (uint32_t i = 0; i < n && code == 0; i++)
		code = add(tls, record, &pieces[i], out, &filled);
	return code == 0 && filled ? tls_send(tls, record, filled, out) : code;
}

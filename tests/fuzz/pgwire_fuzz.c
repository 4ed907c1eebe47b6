/* SPDX-License-Identifier: MIT */
/* Any bytes as what a PostgreSQL server says: no crash, bounded memory, and the same verdicts,
 * figures and replies whether they come at once or one by one. */
#include <stdlib.h>
#include <string.h>

#include "net/pgwire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pg_login login = {
	.user = "me", .password = "pencil", .nonce = "rOprNGfwEbeRWgbNEkqO",
};

/* What is known after each verdict, and at the end, as bytes. */
static void
note(struct buf *seen, const struct pg *p, enum pg_verdict v, size_t at)
{
	buf_printf(seen, "%d %zu: %lld %lld %lld %d %d", v, at, (long long)p->rows,
	    (long long)p->row_bytes, (long long)p->affected, p->failed, p->transaction);
	if (p->failed)
		buf_printf(seen, " %s %s %s", p->error.severity, p->error.sqlstate, p->error.message);
	buf_printf(seen, " %s\n", p->why ? p->why : "");
}

static void
run(const uint8_t *data, size_t size, size_t piece, struct buf *seen)
{
	struct pg p = { 0 };
	struct buf out = { .cap_bytes = 1 << 16 };
	enum pg_verdict v = PG_MORE;
	size_t used;

	pg_start(&p, &login, &out);
	for (size_t at = 0; at < size && v != PG_BAD; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		v = pg_feed(&p, data + at, n, &used, &out);
		if (used > n || p.message.allocated > 4 * PG_LOGIN_MAX)
			abort();
		/* Where a malformed message is given up depends on the pieces. */
		if (v != PG_MORE)
			note(seen, &p, v, v == PG_BAD ? 0 : at + used);
	}
	note(seen, &p, v, 0);
	buf_append(seen, buf_text(&out), out.size);
	pg_done(&p);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 };

	run(data, size, size ? size : 1, &whole);
	run(data, size, 1, &pieces);
	if (whole.size != pieces.size || memcmp(whole.data, pieces.data, whole.size) != 0)
		abort();
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}

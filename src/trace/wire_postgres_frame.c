/* SPDX-License-Identifier: MIT */
/* Messages: a type, a length and a body, of which only the beginning may have been copied. */
#include "trace/wire_postgres.h"

#include <string.h>

void
pg_side_forget(struct pg_side *s)
{
	s->n_header = 0;
	s->lost = false;
}

/* Only what is read of is copied: never a password, a value or a row. */
static bool
is_kept(const struct pg_side *s, bool out)
{
	uint8_t type = s->header[0];
	return out ? !type || strchr("QPBE", type) : type == 'C';
}

static void
message_end(struct wire_link *l, struct pg_side *s, pg_message_fn fn)
{
	uint8_t type = s->header[0];
	s->n_header = 0;
	fn(l, type, s);
}

static void
header_end(struct wire_link *l, struct pg_side *s, pg_message_fn fn)
{
	uint32_t length = pg_number(s->header + 1);
	s->n_kept = 0;
	s->cut = false;
	s->left = length - 4;
	if (length < 4 || length > PG_LENGTH_MAX || s->header[0] >= 0x80)
		s->lost = true;
	else if (!s->left)
		message_end(l, s, fn);
}

static size_t
take_header(struct wire_link *l, struct pg_side *s, const uint8_t *bytes, size_t size,
    pg_message_fn fn)
{
	size_t n = sizeof(s->header) - s->n_header;
	n = n < size ? n : size;
	memcpy(s->header + s->n_header, bytes, n);
	s->n_header += (uint8_t)n;
	s->position += n;
	if (s->n_header == sizeof(s->header))
		header_end(l, s, fn);
	return n;
}

static size_t
take_body(struct wire_link *l, struct pg_side *s, const uint8_t *bytes, size_t size, bool out,
    pg_message_fn fn)
{
	size_t n = size < s->left ? size : s->left, keep = sizeof(s->kept) - s->n_kept;
	if (is_kept(s, out) && !s->cut) {
		memcpy(s->kept + s->n_kept, bytes, n < keep ? n : keep);
		s->n_kept += (uint16_t)(n < keep ? n : keep);
		s->cut = n > keep;
	}
	s->left -= (uint32_t)n;
	s->position += n;
	if (!s->left)
		message_end(l, s, fn);
	return n;
}

void
pg_side_feed(struct wire_link *l, bool out, const uint8_t *bytes, size_t size,
    pg_message_fn fn)
{
	while (size && l->by == &wire_postgres) {
		struct pg_side *s = out ? &l->postgres->out : &l->postgres->in;
		if (s->lost) {
			s->position += size;
			return;
		}
		if (out && l->postgres->untyped && !s->n_header)
			s->header[s->n_header++] = 0;
		size_t n = s->n_header < sizeof(s->header) ? take_header(l, s, bytes, size, fn) :
		    take_body(l, s, bytes, size, out, fn);
		bytes += n;
		size -= n;
	}
}

size_t
pg_side_skip(struct wire_link *l, struct pg_side *s, size_t gap, pg_message_fn fn)
{
	s->position += gap;
	if (s->lost || !gap)
		return 0;
	s->cut = true;
	if (s->n_header < sizeof(s->header) || gap > s->left) {
		size_t over = s->n_header < sizeof(s->header) ? gap : gap - s->left;
		bool whole = s->n_header == sizeof(s->header);
		s->lost = true;
		if (whole)
			message_end(l, s, fn);
		return over;
	}
	s->left -= (uint32_t)gap;
	if (!s->left)
		message_end(l, s, fn);
	return 0;
}

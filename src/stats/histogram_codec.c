/* SPDX-License-Identifier: MIT */
#include "stats/histogram_codec.h"

#include <math.h>
#include <string.h>

#define SUBS        (1u << HISTOGRAM_SUB_BITS)
#define BUCKETS     (HISTOGRAM_OCTAVES * SUBS)
#define COUNT_MOST  ((uint64_t)1 << 48)   /* a sum of thousands of them is a number still */
#define VALUE_MOST  ((uint64_t)INT64_MAX)
#define SUM_SLACK   1e-9      /* of a sum of doubles */

/* ---- numbers --------------------------------------------------------------------------------- */

void
code_put(struct buf *out, uint64_t n)
{
	for (; n > 127; n >>= 7)
		buf_putc(out, (char)(n | 128));
	buf_putc(out, (char)n);
}

uint64_t
code_get(struct code_reader *r)
{
	uint64_t n = 0;

	for (unsigned shift = 0; !r->bad && shift < 64; shift += 7) {
		if (r->at == r->end)
			break;
		uint64_t byte = *r->at++;
		if (shift == 63 && byte > 1)
			break;
		n |= (byte & 127) << shift;
		if (byte < 128)
			return n;
	}
	r->bad = true;
	return 0;
}

uint64_t
code_get_most(struct code_reader *r, uint64_t most)
{
	uint64_t n = code_get(r);

	r->bad = r->bad || n > most;
	return r->bad ? 0 : n;
}

void
code_put_double(struct buf *out, double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	for (int i = 0; i < 8; i++)
		buf_putc(out, (char)(bits >> (8 * i)));
}

double
code_get_double(struct code_reader *r)
{
	uint64_t bits = 0;
	double x;

	r->bad = r->bad || r->end - r->at < 8;
	if (r->bad)
		return 0;
	for (int i = 0; i < 8; i++)
		bits |= (uint64_t)*r->at++ << (8 * i);
	memcpy(&x, &bits, sizeof(x));
	return x;
}

void
code_put_text(struct buf *out, const char *text)
{
	code_put(out, strlen(text));
	buf_puts(out, text);
}

void
code_get_text(struct code_reader *r, char *out, size_t size)
{
	size_t n = (size_t)code_get_most(r, size - 1);

	r->bad = r->bad || (size_t)(r->end - r->at) < n || (n && memchr(r->at, '\0', n));
	n = r->bad ? 0 : n;
	if (n)
		memcpy(out, r->at, n);
	out[n] = '\0';
	r->at += n;
}

/* ---- histograms ------------------------------------------------------------------------------ */

static unsigned
bucket_of(const struct histogram_cell *c)
{
	return c->next_ - 1;
}

void
histogram_encode(const struct histogram *h, struct buf *out)
{
	struct histogram_cell c = { 0 };
	uint64_t cells = 0;
	unsigned next = 0;

	code_put(out, (uint64_t)h->count);
	if (!h->count)
		return;
	code_put(out, (uint64_t)h->min);
	code_put(out, (uint64_t)h->max);
	code_put_double(out, h->sum);
	while (histogram_next(h, &c))
		cells++;
	code_put(out, cells);
	for (c = (struct histogram_cell){ 0 }; histogram_next(h, &c); next = bucket_of(&c) + 1) {
		code_put(out, bucket_of(&c) - next);
		code_put(out, (uint64_t)c.count);
	}
}

static bool
falls_into(int64_t value, const struct histogram_cell *c)
{
	if (value > HISTOGRAM_MAX)
		value = HISTOGRAM_MAX;
	return value >= c->low && value <= c->high;
}

/* Do count, ends and sum go with the buckets? */
static bool
is_sound(const struct histogram *h, uint64_t count)
{
	struct histogram_cell first = { 0 }, last = { 0 };
	double n = (double)count;

	histogram_next(h, &first);
	for (struct histogram_cell c = { 0 }; histogram_next(h, &c);)
		last = c;
	return count == (uint64_t)h->count && h->min <= h->max && falls_into(h->min, &first) &&
	    falls_into(h->max, &last) && isfinite(h->sum) &&
	    h->sum >= (double)h->min * n * (1 - SUM_SLACK) &&
	    h->sum <= (double)h->max * n * (1 + SUM_SLACK);
}

static void
take_cells(struct code_reader *r, struct histogram *h)
{
	uint64_t cells = code_get_most(r, BUCKETS);
	uint64_t next = 0;

	r->bad = r->bad || !cells;
	for (uint64_t i = 0; i < cells && !r->bad; i++) {
		uint64_t at = next + code_get_most(r, BUCKETS);
		uint64_t count = code_get_most(r, COUNT_MOST);
		r->bad = r->bad || at >= BUCKETS || !count;
		if (r->bad)
			return;
		uint64_t *row = h->octave[at / SUBS];
		if (!row)
			row = histogram_row_(h, (unsigned)(at / SUBS));
		row[at % SUBS] = count;
		h->count += (int64_t)count;
		r->bad = (uint64_t)h->count > COUNT_MOST;
		next = at + 1;
	}
}

void
histogram_decode(struct code_reader *r, struct histogram *ret)
{
	uint64_t count = code_get_most(r, COUNT_MOST);

	*ret = (struct histogram){ 0 };
	if (!count)
		return;
	ret->min = (int64_t)code_get_most(r, VALUE_MOST);
	ret->max = (int64_t)code_get_most(r, VALUE_MOST);
	ret->sum = code_get_double(r);
	take_cells(r, ret);
	r->bad = r->bad || !is_sound(ret, count);
	if (r->bad)
		histogram_done(ret);
}

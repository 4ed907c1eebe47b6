/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "load/digest.h"
#include "check.h"

#define TEXT "hello hello hello\n"

/* What gzip -n makes of it. */
static const char packed[] =
	"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x5c\0\x3b\x7c\x8a\xdf\x12\0\0";
#define PACKED sizeof(packed)   /* its last byte is the zero of a string, too */

static void
digest_done(struct digest **d)
{
	digest_free(*d);
}

static void
pieces_of_any_size_are_the_whole(void **state)
{
	static const struct { const char *encoding, *bytes; size_t size; const char *is; size_t is_size;
		bool encoded; } rows[] = {
		{ NULL, TEXT, 18, TEXT, 18, false },
		{ "", TEXT, 18, TEXT, 18, false },
		{ "identity", TEXT, 18, TEXT, 18, false },
		{ "gzip", packed, PACKED, TEXT, 18, false },
		{ "GZIP", packed, PACKED, TEXT, 18, false },
		{ NULL, packed, PACKED, packed, PACKED, false },
		{ "br", packed, PACKED, packed, PACKED, true },
		{ "gzip", TEXT, 18, TEXT, 18, true },              /* it is not */
		{ "gzip", packed, PACKED - 1, packed, PACKED - 1, true },   /* it does not end */
		{ "gzip", "", 0, "", 0, false },
	};
	CLEANUP(digest_done) struct digest *d = digest_new();

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t piece = 1; piece <= PACKED; piece++) {
			digest_start(d);
			for (size_t at = 0; at < rows[i].size; at += piece)
				digest_feed(d, rows[i].encoding, rows[i].bytes + at,
				    rows[i].size - at < piece ? rows[i].size - at : piece);
			struct digest_result r = digest_end(d);
			if (r.bytes != (int64_t)rows[i].is_size || r.encoded != rows[i].encoded ||
			    r.hash != XXH3_64bits(rows[i].is, rows[i].is_size))
				fail_msg("row %zu in pieces of %zu", i, piece);
		}
}

/* So many zeros as gzip. */
static void
pack_zeros(size_t n, struct buf *out)
{
	static char zeros[1 << 20], piece[1 << 16];
	z_stream z = { 0 };
	int code = Z_OK;

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	while (code != Z_STREAM_END) {
		if (!z.avail_in) {
			z.next_in = (unsigned char *)zeros;
			z.avail_in = (uInt)(n < sizeof(zeros) ? n : sizeof(zeros));
			n -= z.avail_in;
		}
		z.next_out = (unsigned char *)piece;
		z.avail_out = sizeof(piece);
		code = deflate(&z, n || z.avail_in ? Z_NO_FLUSH : Z_FINISH);
		buf_append(out, piece, sizeof(piece) - z.avail_out);
	}
	deflateEnd(&z);
}

static void
what_unpacks_to_too_much_counts_as_it_came(void **state)
{
	CLEANUP(digest_done) struct digest *d = digest_new();

	for (int64_t more = 0; more < 2; more++) {
		CLEANUP(buf_done) struct buf in = { 0 };
		pack_zeros((size_t)(DIGEST_PLAIN_MAX + more), &in);
		digest_start(d);
		digest_feed(d, "gzip", in.data, in.size);
		struct digest_result r = digest_end(d);
		assert_int_equal(r.encoded, more > 0);
		assert_int_equal(r.bytes, more ? (int64_t)in.size : DIGEST_PLAIN_MAX);
		if (more)
			assert_int_equal(r.hash, XXH3_64bits(in.data, in.size));
	}
}

RUN_TESTS(cmocka_unit_test(pieces_of_any_size_are_the_whole),
	cmocka_unit_test(what_unpacks_to_too_much_counts_as_it_came))

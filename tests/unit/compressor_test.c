/* SPDX-License-Identifier: MIT */
#include "gate/compress/compressor.h"

#include <brotli/decode.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "check.h"

#define SIZE_MAX_BYTES 300000

/* ---- decoders of others ---- */

static void
inflate_bytes(const struct buf *in, int window, struct buf *out)
{
	unsigned char piece[4096];
	z_stream z = { .next_in = (unsigned char *)in->data, .avail_in = (unsigned)in->size };

	assert_int_equal(inflateInit2(&z, window), Z_OK);
	for (int code = Z_OK; code != Z_STREAM_END && (z.avail_in || code == Z_OK); ) {
		z.next_out = piece;
		z.avail_out = sizeof(piece);
		code = inflate(&z, Z_SYNC_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			fail_msg("inflate: %d", code);
		buf_append(out, piece, sizeof(piece) - z.avail_out);
		if (code == Z_BUF_ERROR)
			break;
	}
	inflateEnd(&z);
}

static void
unbrotli(const struct buf *in, struct buf *out)
{
	BrotliDecoderState *b = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	const uint8_t *at = (const uint8_t *)in->data;
	size_t left = in->size, none = 0;
	BrotliDecoderResult r;

	do {
		r = BrotliDecoderDecompressStream(b, &left, &at, &none, NULL, NULL);
		assert_int_not_equal(r, BROTLI_DECODER_RESULT_ERROR);
		size_t n = 0;
		const uint8_t *piece = BrotliDecoderTakeOutput(b, &n);
		buf_append(out, piece, n);
	} while (r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
	BrotliDecoderDestroyInstance(b);
}

static void
unzstd(const struct buf *in, struct buf *out)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	ZSTD_inBuffer from = { in->data, in->size, 0 };
	char piece[4096];
	size_t left = 1;

	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 23);
	for (ZSTD_outBuffer to = { .pos = 1 }; left && (from.pos < from.size || to.pos); ) {
		to = (ZSTD_outBuffer){ piece, sizeof(piece), 0 };
		left = ZSTD_decompressStream(z, &to, &from);
		assert_false(ZSTD_isError(left));
		buf_append(out, piece, to.pos);
	}
	ZSTD_freeDCtx(z);
}

static void
decode(enum coding coding, const struct buf *in, struct buf *out)
{
	buf_clear(out);
	if (coding == CODING_BR)
		unbrotli(in, out);
	else if (coding == CODING_ZSTD)
		unzstd(in, out);
	else
		inflate_bytes(in, coding == CODING_GZIP ? 31 : 15, out);
}

/* ---- input ---- */

static char text[SIZE_MAX_BYTES];   /* words that repeat */

static int
make_text(void **state)
{
	uint32_t seed = 7;

	for (size_t at = 0; at < sizeof(text); ) {
		seed = seed * 1664525 + 1013904223;
		at += (size_t)snprintf(text + at, sizeof(text) - at, "{\"id\":%u,\"name\":\"n%u\"},", seed >> 20,
		    seed >> 28);
	}
	return 0;
}

/* ---- tests ---- */

static void
check_round_trip(struct shelf *s, enum coding coding, enum compress_effort effort, size_t size,
    size_t piece)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	CLEANUP(buf_done) struct buf back = { 0 };
	struct compressor *c = compressor_take(s, coding, effort);

	assert_non_null(c);
	for (size_t at = 0; at < size; at += piece)
		assert_int_equal(compressor_feed(c, text + at, size - at < piece ? size - at : piece,
		    COMPRESS_MORE, &out), 0);
	assert_int_equal(compressor_feed(c, NULL, 0, COMPRESS_FINISH, &out), 0);
	compressor_give(s, c);
	decode(coding, &out, &back);
	if (back.size != size || (size && memcmp(back.data, text, size) != 0))
		fail_msg("%s, effort %d, %zu bytes by %zu: %zu came back", coding_name(coding), effort, size, piece,
		    back.size);
	if (size >= 10000)
		assert_true(out.size < size / 3);
}

static void
what_goes_in_comes_out(void **state)
{
	static const struct { size_t size, piece; } rows[] = {
		{ 0, 1 }, { 1, 1 }, { 1000, 1 }, { 1024, 1024 }, { 10000, 777 }, { 65536, 65536 }, { 200000, 16384 },
		{ SIZE_MAX_BYTES, SIZE_MAX_BYTES },
	};
	struct shelf *s = shelf_new();

	for (int coding = CODING_GZIP; coding < CODINGS; coding++)
		for (int effort = 0; effort < COMPRESS_EFFORTS; effort++)
			for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
				if (effort == COMPRESS_FLYING || rows[i].size <= 65536)
					check_round_trip(s, (enum coding)coding, (enum compress_effort)effort,
					    rows[i].size, rows[i].piece);
	shelf_free(s);
}

static void
flushed_bytes_can_be_read_at_once(void **state)
{
	struct shelf *s = shelf_new();

	for (int coding = CODING_GZIP; coding < CODINGS; coding++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		CLEANUP(buf_done) struct buf back = { 0 };
		struct compressor *c = compressor_take(s, (enum coding)coding, COMPRESS_FLYING);
		for (size_t size = 100; size <= 500; size += 100) {
			assert_int_equal(compressor_feed(c, text + size - 100, 100, COMPRESS_FLUSH, &out), 0);
			decode((enum coding)coding, &out, &back);
			if (back.size != size || memcmp(back.data, text, size) != 0)
				fail_msg("%s: %zu of %zu", coding_name((enum coding)coding), back.size, size);
		}
		compressor_give(s, c);
	}
	shelf_free(s);
}

/* Given back in the middle, it begins anew; more than the shelf holds are no harm. */
static void
compressors_are_used_again(void **state)
{
	struct shelf *s = shelf_new();
	struct compressor *many[10];

	for (int coding = CODING_GZIP; coding < CODINGS; coding++) {
		for (int i = 0; i < 10; i++) {
			CLEANUP(buf_done) struct buf out = { 0 };
			many[i] = compressor_take(s, (enum coding)coding, COMPRESS_FLYING);
			assert_int_equal(compressor_feed(many[i], text, 5000, COMPRESS_MORE, &out), 0);
		}
		for (int i = 0; i < 10; i++)
			compressor_give(s, many[i]);
		check_round_trip(s, (enum coding)coding, COMPRESS_FLYING, 20000, 5000);
	}
	assert_null(compressor_take(s, CODING_IDENTITY, COMPRESS_FLYING));
	compressor_give(s, NULL);
	shelf_free(s);
	shelf_free(NULL);
}

static void
a_full_buffer_is_an_error(void **state)
{
	struct shelf *s = shelf_new();

	for (int coding = CODING_GZIP; coding < CODINGS; coding++) {
		CLEANUP(buf_done) struct buf out = { .cap_bytes = 100 };
		struct compressor *c = compressor_take(s, (enum coding)coding, COMPRESS_FLYING);
		assert_int_equal(compressor_feed(c, text, sizeof(text), COMPRESS_FINISH, &out), -EFBIG);
		assert_true(out.size <= 100);
		compressor_give(s, c);
	}
	shelf_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out), cmocka_unit_test(flushed_bytes_can_be_read_at_once),
		cmocka_unit_test(compressors_are_used_again), cmocka_unit_test(a_full_buffer_is_an_error),
	};
	return cmocka_run_group_tests(tests, make_text, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <zlib.h>

#include "stats/hdr_log.h"
#include "check.h"

static int
digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* What a reader does first: base64, cookie, length, zlib. Returns the size of the plain form. */
static size_t
unpack(const char *text, unsigned char *out, size_t size_max)
{
	unsigned char packed[8192];
	size_t n = 0;
	uLongf size = size_max;

	assert_int_equal(strlen(text) % 4, 0);
	for (const char *c = text; *c; c += 4) {
		int v = digit(c[0]) << 18 | digit(c[1]) << 12 | (digit(c[2]) & 63) << 6 | (digit(c[3]) & 63);
		packed[n++] = (unsigned char)(v >> 16);
		if (c[2] != '=')
			packed[n++] = (unsigned char)(v >> 8);
		if (c[3] != '=')
			packed[n++] = (unsigned char)v;
	}
	static const unsigned char cookie[] = { 0x1c, 0x84, 0x93, 0x14 };
	assert_memory_equal(packed, cookie, 4);
	size_t length = (size_t)packed[4] << 24 | packed[5] << 16 | packed[6] << 8 | packed[7];
	assert_int_equal(length, n - 8);
	assert_int_equal(uncompress(out, &size, packed + 8, length), Z_OK);
	return size;
}

static void
check_counts(const struct histogram *h, const char *wanted_hex)
{
	static const unsigned char head[] = {
		0x1c, 0x84, 0x93, 0x13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1,
		0, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0,
	};
	struct buf b = { 0 };
	unsigned char plain[4096];
	char hex[512] = "";

	hdr_log_histogram(&b, h);
	size_t n = unpack(buf_text(&b), plain, sizeof(plain));
	for (size_t i = sizeof(head); i < n; i++)
		sprintf(hex + 2 * (i - sizeof(head)), "%02x", plain[i]);
	assert_string_equal(hex, wanted_hex);
	assert_int_equal(plain[7], n - sizeof(head));
	plain[7] = 0;
	assert_memory_equal(plain, head, sizeof(head));
	buf_done(&b);
}

/* Made by hand from the format's description; hdr-histogram-js 3.0 encodes the last one to the
 * same counts. */
static void
counts_are_encoded_as_described(void **state)
{
	struct histogram h = { 0 };

	check_counts(&h, "");
	histogram_record_n(&h, 1, 3);               /* count 0, count 3 */
	check_counts(&h, "0006");
	histogram_record(&h, 3);                    /* count 0, count 1 */
	check_counts(&h, "00060002");
	histogram_record_n(&h, 2047, 100);          /* stands at 2045, the middle of its four values */
	histogram_record(&h, 4000);
	histogram_record(&h, 4000);
	check_counts(&h, "00060002f11fc801a30f04");
	histogram_done(&h);
}

static void
lines_have_the_columns(void **state)
{
	struct histogram h = { 0 };
	struct buf b = { 0 };

	hdr_log_head(&b, INT64_C(1700000000123000000));
	assert_non_null(strstr(buf_text(&b), "#[Histogram log format version 1.3]\n"));
	assert_non_null(strstr(buf_text(&b), "#[StartTime: 1700000000.123 (seconds since epoch), "
	                                     "2023-11-14T22:13:20Z]\n"));
	buf_clear(&b);
	histogram_record(&h, 12345678);
	hdr_log_interval(&b, "/a,b c?d=\n", 0.5, 1, &h);
	assert_int_equal(strncmp(buf_text(&b), "Tag=/a_b_c?d=_,0.500,1.000,12.346,HISTF", 39), 0);
	assert_int_equal(b.data[b.size - 1], '\n');
	buf_clear(&b);
	hdr_log_interval(&b, NULL, 1, 0.25, &h);
	assert_int_equal(strncmp(buf_text(&b), "1.000,0.250,12.346,HISTF", 24), 0);
	buf_done(&b);
	histogram_done(&h);
}

RUN_TESTS(cmocka_unit_test(counts_are_encoded_as_described),
    cmocka_unit_test(lines_have_the_columns))

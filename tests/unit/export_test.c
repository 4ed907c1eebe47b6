/* SPDX-License-Identifier: MIT */
/* Profiles that leave prony, read back by a small decoder of their format. */
#include "base/cleanup.h"
#include "base/file.h"
#include "check.h"
#include "trace/export_folded.h"
#include "trace/export_pprof.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static const struct export_stack stacks[] = {
	{ "main;serve;score_cart (/app/shop.py:12)", 30, 150000000 },
	{ "main;serve", 5, 25000000 },
	{ "main;std::map<int, f(a)>::find", 40, 200000000 },
	{ "idle", 0, 0 },
};

struct field { unsigned number; uint64_t value; const uint8_t *bytes; size_t size; };

static bool
next_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; *at < end; shift += 7) {
		uint8_t byte = *(*at)++;
		*ret |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return true;
	}
	return false;
}

static bool
next_field(const uint8_t **at, const uint8_t *end, struct field *ret)
{
	uint64_t tag;
	if (!next_varint(at, end, &tag))
		return false;
	*ret = (struct field){ .number = (unsigned)(tag >> 3) };
	assert_true(next_varint(at, end, &ret->value));
	if ((tag & 7) == 2) {
		ret->bytes = *at;
		ret->size = ret->value;
		assert_true(ret->size <= (size_t)(end - *at));
		*at += ret->size;
	} else {
		assert_int_equal(tag & 7, 0);
	}
	return true;
}

/* The `nth` field of a number in a message; all zero when absent. */
static struct field
find(const uint8_t *bytes, size_t size, unsigned number, size_t nth)
{
	const uint8_t *at = bytes;
	struct field f;
	while (next_field(&at, bytes + size, &f))
		if (f.number == number && nth-- == 0)
			return f;
	return (struct field){ 0 };
}

static const char *
text(const struct buf *b, uint64_t index)
{
	static char copy[4][200];
	static int turn;
	char *out = copy[turn++ & 3];
	struct field f = find((const uint8_t *)b->data, b->size, 6, index);
	snprintf(out, sizeof(copy[0]), "%.*s", (int)f.size, (const char *)f.bytes);
	return out;
}

static void
check_location(const struct buf *b, uint64_t id, const char *name, const char *file, uint64_t line)
{
	const uint8_t *all = (const uint8_t *)b->data;
	struct field location = find(all, b->size, 4, id - 1);
	assert_int_equal(find(location.bytes, location.size, 1, 0).value, id);
	struct field at = find(location.bytes, location.size, 4, 0);
	uint64_t function_id = find(at.bytes, at.size, 1, 0).value;
	assert_int_equal(find(at.bytes, at.size, 2, 0).value, line);
	struct field function = find(all, b->size, 5, function_id - 1);
	assert_int_equal(find(function.bytes, function.size, 1, 0).value, function_id);
	assert_string_equal(text(b, find(function.bytes, function.size, 2, 0).value), name);
	assert_string_equal(text(b, find(function.bytes, function.size, 4, 0).value), file);
}

static void
pprof_says_what_was_put_in(void **state)
{
	struct export_profile p = { stacks, COUNT_OF(stacks), 1700000000000000000, 3000000000, 5025125 };
	CLEANUP(buf_done) struct buf b = { 0 };
	export_pprof_encode(&p, &b);
	const uint8_t *all = (const uint8_t *)b.data;

	assert_string_equal(text(&b, 0), "");
	struct field type = find(all, b.size, 1, 1);
	assert_string_equal(text(&b, find(type.bytes, type.size, 1, 0).value), "cpu");
	assert_string_equal(text(&b, find(type.bytes, type.size, 2, 0).value), "nanoseconds");
	assert_int_equal(find(all, b.size, 9, 0).value, p.wall_ns);
	assert_int_equal(find(all, b.size, 10, 0).value, p.duration_ns);
	assert_int_equal(find(all, b.size, 12, 0).value, p.period_ns);

	struct field sample = find(all, b.size, 2, 0);
	struct field chain = find(sample.bytes, sample.size, 1, 0);
	struct field values = find(sample.bytes, sample.size, 2, 0);
	assert_int_equal(chain.size, 3);
	check_location(&b, chain.bytes[0], "score_cart", "/app/shop.py", 12);
	check_location(&b, chain.bytes[1], "serve", "", 0);
	check_location(&b, chain.bytes[2], "main", "", 0);
	const uint8_t *at = values.bytes;
	uint64_t value;
	assert_true(next_varint(&at, values.bytes + values.size, &value));
	assert_int_equal(value, 30);
	assert_true(next_varint(&at, values.bytes + values.size, &value));
	assert_int_equal(value, 150000000);
	/* A name with brackets of its own is no place in a file. */
	struct field third = find(all, b.size, 2, 2);
	chain = find(third.bytes, third.size, 1, 0);
	check_location(&b, chain.bytes[0], "std::map<int, f(a)>::find", "", 0);
}

static void
files_are_what_they_claim(void **state)
{
	char folder[] = "/tmp/prony-export-XXXXXX", path[64];
	struct export_profile p = { .stacks = stacks, .n_stacks = COUNT_OF(stacks) };
	CLEANUP(buf_done) struct buf folded = { 0 };
	CLEANUP(buf_done) struct buf plain = { 0 };
	struct err e = { 0 };
	assert_non_null(mkdtemp(folder));

	snprintf(path, sizeof(path), "%s/cpu.folded", folder);
	assert_int_equal(export_folded(path, stacks, COUNT_OF(stacks), &e), 0);
	assert_int_equal(file_read(path, 4096, &folded, &e), 0);
	assert_string_equal(folded.data, "main;std::map<int, f(a)>::find 40\n"
	    "main;serve;score_cart (/app/shop.py:12) 30\nmain;serve 5\n");
	unlink(path);

	snprintf(path, sizeof(path), "%s/profile.pb.gz", folder);
	assert_int_equal(export_pprof(path, &p, &e), 0);
	char bytes[8192];
	gzFile gz = gzopen(path, "rb");
	assert_non_null(gz);
	int size = gzread(gz, bytes, sizeof(bytes));
	assert_int_equal(gzdirect(gz), 0);
	gzclose(gz);
	export_pprof_encode(&p, &plain);
	assert_int_equal(size, plain.size);
	assert_memory_equal(bytes, plain.data, plain.size);
	unlink(path);
	rmdir(folder);
	assert_true(export_folded(path, stacks, COUNT_OF(stacks), &e) < 0);
}

RUN_TESTS(cmocka_unit_test(pprof_says_what_was_put_in), cmocka_unit_test(files_are_what_they_claim))

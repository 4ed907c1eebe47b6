/* SPDX-License-Identifier: MIT */
/* A file of counters as a Java machine writes it, whole and broken. */
#include "base/cleanup.h"
#include "check.h"
#include "trace/hsperf.h"

enum { HEAD = 32, ENTRY = 20 };

static uint8_t file[1024];
static size_t file_size;

static void
put(size_t at, uint32_t value)
{
	memcpy(file + at, &value, sizeof(value));
}

static void
begin(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "\xca\xfe\xc0\xc0\x01\x02\x00\x01", 8);
	put(24, HEAD);
	file_size = HEAD;
}

/* An entry: its head, its name, its data on the next multiple of 8. */
static size_t
add(const char *name, char type, const void *data, uint32_t vector, size_t data_size)
{
	size_t at = file_size, where = (ENTRY + strlen(name) + 1 + 7) & ~(size_t)7;
	uint32_t n;
	put(at, (uint32_t)(where + ((data_size + 7) & ~(size_t)7)));
	put(at + 4, ENTRY);
	put(at + 8, vector);
	file[at + 12] = (uint8_t)type;
	put(at + 16, (uint32_t)where);
	strcpy((char *)file + at + ENTRY, name);
	memcpy(file + at + where, data, data_size);
	file_size += where + ((data_size + 7) & ~(size_t)7);
	memcpy(&n, file + 28, sizeof(n));
	put(28, n + 1);
	return at;
}

static size_t
make(void)
{
	int64_t frequency = 1000000000, time = 12345678901;
	begin();
	add("sun.os.hrt.frequency", 'J', &frequency, 0, sizeof(frequency));
	add("sun.gc.policy.name", 'B', "Copy:MSC\0\0\0", 12, 12);
	return add("sun.gc.collector.0.time", 'J', &time, 0, sizeof(time));
}

static void
finds_counters(void **state)
{
	make();
	size_t at = hsperf_find(file, file_size, "sun.gc.collector.0.time");
	assert_true(at > 0);
	assert_int_equal(hsperf_number(file, file_size, at), 12345678901);
	assert_int_equal(hsperf_number(file, file_size,
	    hsperf_find(file, file_size, "sun.os.hrt.frequency")), 1000000000);
	assert_int_equal(hsperf_find(file, file_size, "sun.gc.policy.name"), 0);
	assert_int_equal(hsperf_find(file, file_size, "sun.gc"), 0);
	assert_int_equal(hsperf_number(file, file_size, 0), 0);
	assert_int_equal(hsperf_number(file, file_size, file_size - 7), 0);
}

static void
survives_what_is_broken(void **state)
{
	static const struct { const char *what; size_t at; uint8_t value; } rows[] = {
		{ "magic", 0, 0 }, { "byte order", 4, 0 }, { "version", 5, 1 }, { "first entry", 24, 0xff },
		{ "size of an entry", HEAD, 1 }, { "size beyond the end", HEAD + 1, 0x7f },
		{ "name outside", HEAD + 5, 0x7f }, { "data outside", HEAD + 17, 0x7f },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		make();
		file[rows[i].at] = rows[i].value;
		if (hsperf_find(file, file_size, "sun.gc.collector.0.time"))
			fail_msg("%s", rows[i].what);
	}
	size_t last = make();
	for (size_t size = 0; size < file_size; size++)
		assert_int_equal(hsperf_find(file, size, "sun.gc.collector.0.time"), 0);
	memset(file + last + ENTRY, 'x', file_size - last - ENTRY);   /* a name without an end */
	assert_int_equal(hsperf_find(file, file_size, "x"), 0);
}

RUN_TESTS(cmocka_unit_test(finds_counters), cmocka_unit_test(survives_what_is_broken))

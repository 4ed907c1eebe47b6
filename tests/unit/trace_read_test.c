/* SPDX-License-Identifier: MIT */
/* Traces are written to files as people have them, whole, cut off and wrong. */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check.h"
#include "traces.h"

static char path[64];
static const struct trace_how plain;

/* Into a file of this ending. */
static void
write_file(const char *ending, const void *bytes, size_t size)
{
	snprintf(path, sizeof(path), "/tmp/prony-trace-XXXXXX%s", ending);
	int fd = mkstemps(path, (int)strlen(ending));

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static int
read_text(const char *ending, const char *text, const struct trace_how *how, struct trace *t, struct err *e)
{
	*e = (struct err){ 0 };
	write_file(ending, text, strlen(text));
	int code = trace_read(path, how, t, e);
	unlink(path);
	return code;
}

/* "0 1 0 | 10 20": the objects of the requests, the sizes of the objects. */
static void
check_trace(struct trace *t, const char *wanted)
{
	char got[256];
	int n = 0;
	uint64_t bytes = 0;

	for (size_t i = 0; i < t->n; i++)
		n += snprintf(got + n, sizeof(got) - (size_t)n, "%u ", t->ids[i]);
	n += snprintf(got + n, sizeof(got) - (size_t)n, "|");
	for (size_t i = 0; i < t->n_ids; i++) {
		n += snprintf(got + n, sizeof(got) - (size_t)n, " %u", t->sizes[i]);
		bytes += t->sizes[i];
	}
	assert_string_equal(got, wanted);
	assert_int_equal(t->bytes, bytes);
	trace_done(t);
}

static void
texts_are_read(void **state)
{
	static const struct trace_how twitter = { .format = "twitter" }, uniform = { .uniform = true };
	static const struct trace_how two = { .requests = 2 };
	static const struct trace_how columns = { .id_column = 2, .size_column = 4 };
	static const struct trace_how id_alone = { .format = "csv", .id_column = 1 };
	static const struct {
		const char *ending, *text;
		const struct trace_how *how;
		const char *wanted;
	} rows[] = {
		{ "", "a 10\nb 20\na 10\n", &plain, "0 1 0 | 10 20" },
		{ "", "a\nb\r\n\n# said\na", &plain, "0 1 0 | 1 1" },
		{ ".txt", "7\t4096  \n  8 1\n", &plain, "0 1 | 4096 1" },
		{ "", "a\nb 7\na 10\n", &plain, "0 1 0 | 10 7" },                /* the first size that is known */
		{ "", "a 10\nb 20\na 10\n", &uniform, "0 1 0 | 1 1" },
		{ "", "a 10\nb 20\nwrong but not read\n", &two, "0 1 | 10 20" },
		{ ".csv", "1,a,10\n2,b,20\n3,a,10\n", &plain, "0 1 0 | 10 20" },
		{ ".csv", "time, obj_size, obj_id\n1, 10, a\n1, 20, b\n", &plain, "0 1 | 10 20" },
		{ ".csv", "9,a,x,10\n9,b,x,\n", &columns, "0 1 | 10 1" },
		{ ".csv", "x,key,y,z\n9,a,x,10\n", &columns, "0 | 10" },           /* the caller knows better */
		{ "", "a,1\nb,2\na,3\n", &id_alone, "0 1 0 | 1 1" },
		/* Meta: of key-value stores, and of a CDN */
		{ ".csv", "key,op,size,op_count,key_size\na,GET,10,3,5\nb,SET,20,1,5\nb,GET_LEASE,0,1,5\n", &plain,
		    "0 0 0 1 | 15 25" },
		{ ".csv", "timestamp,cacheKey,OpType,objectSize\n1,a,1,10\n1,b,1,20\n1,a,1,10\n", &plain, "0 1 0 | 10 20" },
		{ "", "0,nz:u:a,6,100,1,get,0\n0,b,2,0,1,gets,0\n1,b,2,50,1,set,60\n2,b,2,50,1,get,0\n", &twitter, "0 1 1 | 106 52" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct trace t;
		struct err e;
		if (read_text(rows[i].ending, rows[i].text, rows[i].how, &t, &e))
			fail_msg("row %zu: %s", i, e.text);
		check_trace(&t, rows[i].wanted);
	}
}

static void
what_is_wrong_is_named_by_its_line(void **state)
{
	static const struct trace_how twitter = { .format = "twitter" }, what = { .format = "vscsi" };
	static const struct {
		const char *ending, *text;
		const struct trace_how *how;
		const char *said;
	} rows[] = {
		{ "", "a 10\nb x\n", &plain, "' line 2: no size: 'x'" },
		{ "", "a 10\nb 20 30\n", &plain, "' line 2: more than a key and a size: 'b 20 30'" },
		{ "", "a 99999999999999999999999\n", &plain, "' line 1: a number that is too large: '9" },
		{ ".csv", "1,a,10\n2,b\n", &plain, "' line 2: there is no column 3" },
		{ ".csv", "1,a,10\n2,,20\n", &plain, "' line 2: no key: '2,,20'" },
		{ ".csv", "when,what,size of it\n", &plain, "' line 1: no size: 'size of it'" },
		{ ".csv", "key,op,size,op_count\na,GET,10,many\n", &plain, "' line 2: no number of requests: 'many'" },
		{ ".csv", "key,op,size,op_count\na,GET,10,100001\n", &plain, "' line 2: a number that is too large" },
		{ "", "0,a,6,100,1,get,0\n0,b,2,5", &twitter, "' line 2: there is no column 6" },
		{ "", "0,a,4294967295,4294967295,1,get,0\n", &twitter, "' line 1: an object of more than 4 GiB" },
		{ "", "", &plain, "' holds no requests" },
		{ ".csv", "key,size\n", &plain, "' holds no requests" },
		{ "", "\x1f\x8b\x08", &plain, "' is compressed" },
		{ ".bin", "\x28\xb5\x2f\xfd rest", &plain, "' is compressed" },
		{ "", "a 10\n", &what, "no format 'vscsi': lines, oracleGeneral, csv or twitter" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct trace t = { 0 };
		struct err e;
		assert_true(read_text(rows[i].ending, rows[i].text, rows[i].how, &t, &e) < 0);
		if (!strstr(e.text, rows[i].said))
			fail_msg("row %zu: '%s', wanted '%s'", i, e.text, rows[i].said);
		assert_null(t.ids);
	}
}

/* Three records, cut off at each byte: whole ones are read, what ends within one is told. */
static void
records_are_read_as_far_as_they_are_whole(void **state)
{
	unsigned char bytes[72] = { 0 };

	for (unsigned char i = 0; i < 3; i++) {
		unsigned char *record = bytes + i * 24;
		record[0] = i;              /* time */
		record[4] = i % 2;          /* id, */
		record[11] = 0x80;          /* all 64 bits of it */
		record[12] = i % 2;         /* size */
		record[13] = 1;
		memset(record + 16, 0xff, 8);
	}
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct trace t = { 0 };
		struct err e = { 0 };
		char said[64];
		write_file(n % 2 ? ".bin" : ".oracleGeneral", bytes, n);
		int code = trace_read(path, &plain, &t, &e);
		unlink(path);
		if (n % 24 == 0 && n) {
			assert_int_equal(code, 0);
			check_trace(&t, n == 24 ? "0 | 256" : n == 48 ? "0 1 | 256 257" : "0 1 0 | 256 257");
			continue;
		}
		assert_true(code < 0);
		snprintf(said, sizeof(said), "ends within record %zu: %zu of 24 bytes", n / 24 + 1, n % 24);
		assert_non_null(strstr(e.text, n ? said : "holds no requests"));
		assert_null(t.ids);
	}
}

static void
a_file_that_is_not_there_is_told(void **state)
{
	struct trace t = { 0 };
	struct err e = { 0 };

	assert_true(trace_read("/nowhere/trace.csv", &plain, &t, &e) < 0);
	assert_string_equal(e.text, "cannot open '/nowhere/trace.csv': No such file or directory");
}

RUN_TESTS(
    cmocka_unit_test(texts_are_read),
    cmocka_unit_test(what_is_wrong_is_named_by_its_line),
    cmocka_unit_test(records_are_read_as_far_as_they_are_whole),
    cmocka_unit_test(a_file_that_is_not_there_is_told))

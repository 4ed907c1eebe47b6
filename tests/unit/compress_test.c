/* SPDX-License-Identifier: MIT */
#include "gate/compress/compress.h"

#include "check.h"

#define FIELDS_MAX 8

/* Fields as "name: value" lines. */
struct lines {
	struct http_field at[FIELDS_MAX];
	struct http_fields fields;
};

static const struct http_fields *
read_lines(const char *text, struct lines *l)
{
	*l = (struct lines){ .fields = { l->at, 0 } };
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t size = strcspn(p, "\n"), name = strcspn(p, ":");
		assert_true(name < size && l->fields.n < FIELDS_MAX);
		l->at[l->fields.n].name = (struct text){ p, name };
		l->at[l->fields.n].value = text_trim((struct text){ p + name + 1, size - name - 1 });
		l->fields.n++;
	}
	return &l->fields;
}

static void
weights_are_the_clients_words(void **state)
{
	static const struct { const char *request; uint16_t identity, gzip, deflate, br, zstd; } rows[] = {
		{ "", 1, 0, 0, 0, 0 },
		{ "Accept-Encoding:", 1, 0, 0, 0, 0 },
		{ "Accept-Encoding: gzip, deflate, br, zstd", 1, 1000, 1000, 1000, 1000 },
		{ "accept-encoding: GZIP;q=0.5 , br ;Q=1.000,, zstd; q=0.01", 1, 500, 0, 1000, 10 },
		{ "Accept-Encoding: gzip\nAccept-Encoding: br;q=0.2", 1, 1000, 0, 200, 0 },
		{ "Accept-Encoding: x-gzip", 1, 1000, 0, 0, 0 },
		{ "Accept-Encoding: *", 1, 1000, 1000, 1000, 1000 },
		{ "Accept-Encoding: *;q=0.3, br;q=0", 1, 300, 300, 0, 300 },
		{ "Accept-Encoding: gzip, *;q=0", 0, 1000, 0, 0, 0 },
		{ "Accept-Encoding: gzip, identity;q=0", 0, 1000, 0, 0, 0 },
		{ "Accept-Encoding: identity;q=0.8, *;q=0", 800, 0, 0, 0, 0 },
		{ "Accept-Encoding: gzip;q=0", 1, 0, 0, 0, 0 },
		/* not as the RFC has them */
		{ "Accept-Encoding: gzip;q=2, br;q=1.001, zstd;q=0.1234, deflate;q=", 1, 0, 0, 0, 0 },
		{ "Accept-Encoding: gzip;level=9, br;q=-1, zstd;q=.5, deflate;q=0,5", 1, 0, 0, 0, 0 },
		{ "Accept-Encoding: gzipped, xbr, \"gzip\"", 1, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lines l;
		struct coding_weights w = coding_weights_read(read_lines(rows[i].request, &l));
		if (w.of[CODING_IDENTITY] != rows[i].identity || w.of[CODING_GZIP] != rows[i].gzip ||
		    w.of[CODING_DEFLATE] != rows[i].deflate || w.of[CODING_BR] != rows[i].br ||
		    w.of[CODING_ZSTD] != rows[i].zstd)
			fail_msg("%s: identity %d gzip %d deflate %d br %d zstd %d", rows[i].request, w.of[0],
			    w.of[1], w.of[2], w.of[3], w.of[4]);
	}
}

static void
the_best_liked_coding_is_taken(void **state)
{
	static const struct { const char *accepts; enum coding flying, stored; } rows[] = {
		{ "gzip, deflate, br, zstd", CODING_ZSTD, CODING_BR },
		{ "gzip, deflate, br", CODING_GZIP, CODING_BR },
		{ "gzip, deflate", CODING_GZIP, CODING_GZIP },
		{ "deflate", CODING_DEFLATE, CODING_DEFLATE },
		{ "gzip;q=0.5, br;q=0.9, zstd;q=0.1", CODING_BR, CODING_BR },
		{ "gzip;q=0.001", CODING_GZIP, CODING_GZIP },
		{ "gzip;q=0.5, identity", CODING_IDENTITY, CODING_IDENTITY },
		{ "gzip, identity", CODING_GZIP, CODING_GZIP },
		{ "*;q=0", CODING_IDENTITY, CODING_IDENTITY },
		{ "compress", CODING_IDENTITY, CODING_IDENTITY },
		{ "identity;q=0, br;q=0.1", CODING_BR, CODING_BR },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_field at[] = { { { "accept-encoding", 15 },
		    { rows[i].accepts, strlen(rows[i].accepts) } } };
		struct coding_weights w = coding_weights_read(&(struct http_fields){ at, 1 });
		if (coding_choose(&w, false) != rows[i].flying || coding_choose(&w, true) != rows[i].stored)
			fail_msg("%s: %s, stored %s", rows[i].accepts, coding_name(coding_choose(&w, false)),
			    coding_name(coding_choose(&w, true)));
	}
}

static void
only_what_may_and_pays_is_compressed(void **state)
{
	static const char *types[] = { "text/*", "application/json" };
	static const struct gate_route_compress rules = { true, 1024, types, 2, true };
	static const char plain[] = "Content-Type: text/html; charset=utf-8", gzip[] = "Accept-Encoding: gzip";
	static const struct {
		int status;
		int64_t bytes;
		const char *request, *answer;
		enum coding coding;
		bool vary, weaken;
	} rows[] = {
		{ 200, 5000, gzip, plain, CODING_GZIP, true, false },
		{ 200, -1, gzip, plain, CODING_GZIP, true, false },
		{ 200, 1024, gzip, "content-type: Application/JSON\nETag: \"a\"", CODING_GZIP, true, true },
		{ 200, 5000, gzip, "content-type: text/css\nETag: W/\"a\"", CODING_GZIP, true, false },
		{ 404, 5000, gzip, plain, CODING_GZIP, true, false },
		/* others would get it compressed */
		{ 200, 5000, "", "Content-Type: text/html\nETag: \"a\"", CODING_IDENTITY, true, false },
		{ 200, 1023, gzip, plain, CODING_IDENTITY, false, false },
		{ 200, 0, gzip, plain, CODING_IDENTITY, false, false },
		{ 204, -1, gzip, plain, CODING_IDENTITY, false, false },
		{ 206, 5000, gzip, plain, CODING_IDENTITY, false, false },
		{ 304, -1, gzip, plain, CODING_IDENTITY, false, false },
		{ 101, -1, gzip, plain, CODING_IDENTITY, false, false },
		{ 200, 5000, gzip, "", CODING_IDENTITY, false, false },
		{ 200, 5000, gzip, "Content-Type: image/png", CODING_IDENTITY, false, false },
		{ 200, 5000, gzip, "Content-Type: application/jsonx", CODING_IDENTITY, false, false },
		{ 200, -1, gzip, "Content-Type: text/event-stream", CODING_IDENTITY, false, false },
		{ 200, 5000, gzip, "Content-Type: text/html\nContent-Encoding: br", CODING_IDENTITY, false, false },
		{ 200, 5000, gzip, "Content-Type: text/html\nContent-Range: bytes 0-1/2", CODING_IDENTITY, false, false },
		{ 200, 5000, gzip, "Content-Type: text/html\nRepr-Digest: sha-256=:x:", CODING_IDENTITY, false, false },
		{ 200, 5000, gzip, "Content-Type: text/html\nCache-Control: public\nCache-Control: max-age=1, No-Transform",
		  CODING_IDENTITY, false, false },
		{ 200, 5000, "Accept-Encoding: gzip\nCache-Control: no-transform", plain, CODING_IDENTITY, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lines request, answer;
		struct compress_answer a = { rows[i].status, rows[i].bytes, read_lines(rows[i].answer, &answer) };
		struct compress_plan plan = compress_decide(&rules, read_lines(rows[i].request, &request), &a);
		if (plan.coding != rows[i].coding || plan.vary != rows[i].vary || plan.weaken_etag != rows[i].weaken)
			fail_msg("%zu: %d %s / %s: %s vary %d weaken %d", i, rows[i].status, rows[i].request,
			    rows[i].answer, coding_name(plan.coding), plan.vary, plan.weaken_etag);
	}
}

static void
routes_decide(void **state)
{
	static const char *types[] = { "text/event-stream" };
	struct gate_route_compress rules = { true, 1024, types, 1, true };
	struct lines request, answer;
	struct compress_answer a = { 200, -1, read_lines("Content-Type: text/event-stream", &answer) };

	read_lines("Accept-Encoding: gzip", &request);
	assert_int_equal(compress_decide(&rules, &request.fields, &a).coding, CODING_GZIP);
	read_lines("Accept-Encoding: gzip, br;q=1", &request);
	struct compress_plan plan = compress_decide(&rules, &request.fields, &a);
	assert_int_equal(plan.coding, CODING_GZIP);
	assert_int_equal(plan.lasting, CODING_BR);
	rules.enabled = false;
	assert_int_equal(compress_decide(&rules, &request.fields, &a).coding, CODING_IDENTITY);
	assert_false(compress_decide(&rules, &request.fields, &a).vary);
}

RUN_TESTS(
    cmocka_unit_test(weights_are_the_clients_words),
    cmocka_unit_test(the_best_liked_coding_is_taken),
    cmocka_unit_test(only_what_may_and_pays_is_compressed),
    cmocka_unit_test(routes_decide))

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "net/pgwire.h"
#include "check.h"

#define NONCE  "rOprNGfwEbeRWgbNEkqO"
#define SERVER NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

/* Bytes of a literal with NULs in it. */
#define B(s) s, sizeof(s) - 1

#define OK       "R\0\0\0\10\0\0\0\0"
#define SETTING  "S\0\0\0\23time\0zone\0UTC\0"
#define KEY      "K\0\0\0\14\0\0\0\1\0\0\0\2"
#define READY    "Z\0\0\0\5I"
#define LOGIN    OK "S\0\0\0\12a\0bcd\0" KEY READY
#define BIND_OK  "2\0\0\0\4"
#define PARSE_OK "1\0\0\0\4"
#define ROW      "D\0\0\0\14\0\1\0\0\0\2" "42"
#define SELECT_1 "C\0\0\0\15SELECT 1\0"
#define ERROR    "E\0\0\0\60SFEHLER\0VERROR\0C22012\0Mdivision by zero\0H?\0\0"

struct row {
	const char *bytes;
	size_t size;
	enum pg_verdict verdict;       /* of the last message */
	int readies, dones;            /* seen on the way */
	int64_t rows, row_bytes, affected;
	const char *sqlstate;          /* of an error; NULL: none */
	char transaction;
};

static const struct row rows[] = {
	{ B(LOGIN), PG_READY, 1, .transaction = 'I' },
	{ B(OK READY), PG_READY, 1, .transaction = 'I' },
	{ B("N\0\0\0\12Mhint\0" OK READY), PG_READY, 1, .transaction = 'I' },
	{ B(OK), PG_MORE },
	{ B(LOGIN BIND_OK ROW SELECT_1 READY), PG_DONE, 1, 1, 1, 8, 1, .transaction = 'I' },
	{ B(LOGIN PARSE_OK BIND_OK ROW ROW "C\0\0\0\15SELECT 2\0" READY), PG_DONE, 1, 1, 2, 16, 2,
	  .transaction = 'I' },
	{ B(LOGIN BIND_OK "C\0\0\0\20INSERT 0 12\0" "Z\0\0\0\5T"), PG_DONE, 1, 1, 0, 0, 12,
	  .transaction = 'T' },
	/* Two statements before one Sync. */
	{ B(LOGIN BIND_OK SELECT_1 BIND_OK "C\0\0\0\15UPDATE 3\0" READY), PG_DONE, 1, 1, 0, 0, 4,
	  .transaction = 'I' },
	{ B(LOGIN BIND_OK "C\0\0\0\21CREATE TABLE\0" READY), PG_DONE, 1, 1, .transaction = 'I' },
	{ B(LOGIN BIND_OK "C\0\0\0\34X 99999999999999999999\0" READY), PG_BAD, 1 },
	{ B(LOGIN BIND_OK "C\0\0\0\33X 99999999999999999999\0" READY), PG_DONE, 1, 1,
	  .transaction = 'I' },
	{ B(LOGIN BIND_OK "I\0\0\0\4" READY), PG_DONE, 1, 1, .transaction = 'I' },
	{ B(LOGIN "t\0\0\0\6\0\0" "n\0\0\0\4" "3\0\0\0\4" "T\0\0\0\6\0\0" READY), PG_DONE, 1, 1,
	  .transaction = 'I' },
	{ B(LOGIN ERROR READY), PG_DONE, 1, 1, .sqlstate = "22012", .transaction = 'I' },
	{ B(LOGIN BIND_OK ROW ERROR "Z\0\0\0\5E"), PG_DONE, 1, 1, 1, 8, 0, "22012", 'E' },
	/* Pipelined: the error is the first's alone. */
	{ B(LOGIN ERROR READY BIND_OK ROW SELECT_1 READY), PG_DONE, 1, 2, 1, 8, 1, .transaction = 'I' },
	{ B(LOGIN BIND_OK ROW SELECT_1 READY BIND_OK SELECT_1 READY BIND_OK SELECT_1 READY), PG_DONE,
	  1, 3, 0, 0, 1, .transaction = 'I' },
	/* What comes unasked. */
	{ B(LOGIN "S\0\0\0\10a\0b\0" BIND_OK "N\0\0\0\7Mx\0" ROW "A\0\0\0\14\0\0\0\1c\0p\0" SELECT_1
	  READY), PG_DONE, 1, 1, 1, 8, 1, .transaction = 'I' },
	{ B(LOGIN BIND_OK SELECT_1 READY ERROR), PG_MORE, 1, 1, .sqlstate = "22012",
	  .transaction = 'I' },
	{ B(LOGIN BIND_OK "D\0\0\0\14\0\1"), PG_MORE, 1, 0, 1, 8, .transaction = 'I' },

	{ B("HTTP/1.1 400 Bad Request\r\n"), PG_BAD },
	{ B(READY), PG_BAD },
	{ B(ROW), PG_BAD },
	{ B(SETTING), PG_BAD },
	{ B(OK OK), PG_BAD },
	{ B(OK ROW), PG_BAD },
	{ B(LOGIN OK), PG_BAD, 1 },
	{ B(LOGIN KEY), PG_BAD, 1 },
	{ B(OK "K\0\0\0\13\0\0\0\1\0\0\0"), PG_BAD },
	{ B(OK "Z\0\0\0\5X"), PG_BAD },
	{ B(OK "Z\0\0\0\5\0"), PG_BAD },
	{ B(OK "Z\0\0\0\6II"), PG_BAD },
	{ B(OK "Z\0\0\0\4"), PG_BAD },
	{ B(LOGIN "2\0\0\0\3"), PG_BAD, 1 },
	{ B(LOGIN "2\0\0\0\5x"), PG_BAD, 1 },
	{ B(LOGIN "2\377\377\377\377"), PG_BAD, 1 },
	{ B(LOGIN "D\100\0\0\5"), PG_BAD, 1 },
	{ B(LOGIN "D\0\0\0\5x"), PG_BAD, 1 },
	{ B(LOGIN "C\0\0\0\6ab"), PG_BAD, 1 },
	{ B(LOGIN "C\0\0\0\7a\0b"), PG_BAD, 1 },
	{ B(LOGIN "C\0\0\0\7a\0\0"), PG_BAD, 1 },
	{ B(LOGIN "C\0\1\0\0"), PG_BAD, 1 },
	{ B(LOGIN "G\0\0\0\7\0\0\0"), PG_BAD, 1 },
	{ B(LOGIN "?\0\0\0\4"), PG_BAD, 1 },
	{ B(LOGIN "E\0\0\0\7Mx\0"), PG_BAD, 1 },
	{ B(LOGIN "E\0\0\0\7\0\0\0"), PG_BAD, 1 },
	{ B("R\0\0\0\7\0\0\0"), PG_BAD },
	{ B("R\0\0\40\5"), PG_BAD },
	{ B("R\0\0\0\10\0\0\0\7"), PG_BAD },         /* GSSAPI */
	{ B("R\0\0\0\10\40\0\0\3"), PG_BAD },
	{ B("R\0\0\0\10\0\0\0\5"), PG_BAD },         /* MD5 without a salt */
	{ B("R\0\0\0\11\0\0\0\3x"), PG_BAD },
	{ B("R\0\0\0\10\0\0\0\3" "R\0\0\0\10\0\0\0\3"), PG_BAD },
	{ B("R\0\0\0\10\0\0\0\13"), PG_BAD },        /* goes on with SASL before its begin */
	{ B("R\0\0\0\10\0\0\0\14"), PG_BAD },
	{ B("R\0\0\0\32\0\0\0\12SCRAM-SHA-1-PLUS\0\0"), PG_BAD },
	{ B("R\0\0\0\25\0\0\0\12SCRAM-SHA-256"), PG_BAD },
	{ B("R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0" OK), PG_BAD },   /* lets in without a proof */
};

static const struct pg_login login = { .user = "me", .password = "secret", .nonce = NONCE };

struct seen {
	int readies, dones;
};

/* Feed all bytes in pieces; every verdict but BAD lets it go on. */
static enum pg_verdict
feed(struct pg *p, const char *bytes, size_t size, size_t piece, struct seen *seen, struct buf *out)
{
	enum pg_verdict v = PG_MORE;
	size_t used;

	for (size_t at = 0; at < size && v != PG_BAD; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(n);
		memcpy(copy, bytes + at, n);
		v = pg_feed(p, copy, n, &used, out);
		free(copy);
		assert_true(used <= n && (v != PG_MORE || used == n));
		seen->readies += v == PG_READY;
		seen->dones += v == PG_DONE;
	}
	return v;
}

static void
check_row(const struct row *r, const struct pg *p)
{
	assert_int_equal(p->rows, r->rows);
	assert_int_equal(p->row_bytes, r->row_bytes);
	assert_int_equal(p->affected, r->affected);
	assert_int_equal(p->failed, r->sqlstate != NULL);
	if (r->sqlstate)
		assert_string_equal(p->error.sqlstate, r->sqlstate);
	assert_int_equal(p->transaction, r->transaction);
}

static void
answers_read_alike_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 100000 };
	struct pg p = { 0 };
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			const struct row *r = &rows[i];
			struct seen seen = { 0 };
			pg_start(&p, &login, &out);
			enum pg_verdict v = feed(&p, r->bytes, r->size, pieces[k], &seen, &out);
			if (v != r->verdict || seen.readies != r->readies || seen.dones != r->dones)
				fail_msg("row %zu, pieces of %zu: verdict %d (%s), %d ready, %d done", i, pieces[k], v,
				    p.why, seen.readies, seen.dones);
			assert_true((v == PG_BAD) == (p.why != NULL));
			if (v != PG_BAD)
				check_row(r, &p);
			buf_clear(&out);
		}
	}
	pg_done(&p);
	buf_done(&out);
}

static void
check_bytes(struct buf *out, const char *want, size_t size)
{
	assert_int_equal(out->size, size);
	assert_memory_equal(out->data, want, size);
	buf_clear(out);
}

#define CHECK_BYTES(out, s) check_bytes(out, B(s))

#define STARTUP "\0\0\0\111\0\3\0\0user\0me\0database\0me\0client_encoding\0UTF8\0" \
	"application_name\0prony\0\0"

/* What a login sends, whatever pieces its requests come in. */
static void
logins_are_answered(void **state)
{
	static const char challenge[] = "R\0\0\0\136\0\0\0\13r=" SERVER
	    ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	static const char verified[] = "R\0\0\0\66\0\0\0\14v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg="
	    OK READY;
	static const char forged[] = "R\0\0\0\66\0\0\0\14v=4HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg="
	    OK READY;
	struct scram_cache cache = { 0 };
	struct pg_login pencil = { .user = "me", .password = "pencil", .nonce = NONCE, .cache = &cache };
	struct seen seen = { 0 };
	struct pg p = { 0 };
	struct buf out = { 0 };

	for (size_t piece = 1; piece < 200; piece += 9) {
		pg_start(&p, &login, &out);
		CHECK_BYTES(&out, STARTUP);
		assert_int_equal(feed(&p, B("R\0\0\0\10\0\0\0\3"), piece, &seen, &out), PG_MORE);
		CHECK_BYTES(&out, "p\0\0\0\13secret\0");
		assert_int_equal(feed(&p, B(LOGIN), piece, &seen, &out), PG_READY);

		pg_start(&p, &login, &out);
		buf_clear(&out);
		assert_int_equal(feed(&p, B("R\0\0\0\14\0\0\0\5\1\2\3\4"), piece, &seen, &out), PG_MORE);
		CHECK_BYTES(&out, "p\0\0\0\50md58322d584bf59f0253d58346307bb6ba3\0");
		assert_int_equal(feed(&p, B(LOGIN), piece, &seen, &out), PG_READY);

		pg_start(&p, &pencil, &out);
		buf_clear(&out);
		assert_int_equal(feed(&p, B("R\0\0\0\52\0\0\0\12SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
		    piece, &seen, &out), PG_MORE);
		CHECK_BYTES(&out, "p\0\0\0\62SCRAM-SHA-256\0\0\0\0\34n,,n=,r=" NONCE);
		assert_int_equal(feed(&p, B(challenge), piece, &seen, &out), PG_MORE);
		CHECK_BYTES(&out, "p\0\0\0\156c=biws,r=" SERVER
		    ",p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=");
		struct pg other = p;   /* the same state, for the server that only pretends */
		other.scram.messages = other.message = (struct buf){ 0 };
		assert_int_equal(feed(&other, B(forged), piece, &seen, &out), PG_BAD);
		assert_int_equal(feed(&p, B(verified), piece, &seen, &out), PG_READY);
		assert_null(p.message.data);
		pg_done(&other);
	}
	assert_int_equal(cache.iterations, 4096);
	pg_done(&p);
	buf_done(&out);
}

static void
a_refused_login_says_why(void **state)
{
	static const char refused[] = "E\0\0\0\102SFATAL\0VFATAL\0C28P01\0M"
	    "password authentication failed\0Fauth.c\0\0";
	struct pg_login none = { .user = "me", .nonce = NONCE };
	struct seen seen = { 0 };
	struct pg p = { 0 };
	struct buf out = { 0 };

	pg_start(&p, &login, &out);
	assert_int_equal(feed(&p, B(refused), 5, &seen, &out), PG_BAD);
	assert_string_equal(p.error.severity, "FATAL");
	assert_string_equal(p.error.sqlstate, "28P01");
	assert_string_equal(p.error.message, "password authentication failed");
	pg_start(&p, &none, &out);
	assert_int_equal(feed(&p, B("R\0\0\0\10\0\0\0\3"), 5, &seen, &out), PG_BAD);
	assert_non_null(strstr(p.why, "none is given"));
	pg_done(&p);
	buf_done(&out);
}

#define TEN "0123456789"

static void
errors_keep_names_and_hide_values(void **state)
{
	static const struct { const char *said, *kept; } cases[] = {
		{ "division by zero", "division by zero" },
		{ "relation \"orders\" does not exist", "relation \"orders\" does not exist" },
		{ "column \"a\" of relation \"b\" is odd", "column \"a\" of relation \"b\" is odd" },
		{ "invalid input syntax for type integer: \"4711\"", "invalid input syntax for type integer: ?" },
		{ "value \"99\" is out of range", "value ? is out of range" },
		{ "for type json: \"{\"a\": \"b\"}\"", "for type json: ?" },
		{ "column \"a\" and \"b\" in column \"c\" x", "column \"a\" and ? x" },
		{ "near \"", "near ?" },
		{ "empty \"\" here", "empty ? here" },
		{ "\"first\"", "?" },
		{ "Relation \xc2\xbb" "a\xc2\xab\n", "Relation ??a???" },
		{ "value \"" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\" is \"secret\" more", "value ?" },
		{ TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN, TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
		  TEN TEN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pg_error e;
		pg_error_begin(&e);
		assert_true(pg_error_bytes(&e, "M", 1));
		assert_true(pg_error_bytes(&e, cases[i].said, strlen(cases[i].said) + 1));
		assert_true(pg_error_bytes(&e, "Dsecret\0CXX000 and more\0", 24));
		assert_true(pg_error_bytes(&e, "", 1));
		assert_false(pg_error_bytes(&e, "", 1));
		assert_true(pg_error_end(&e));
		assert_string_equal(e.message, cases[i].kept);
		assert_string_equal(e.sqlstate, "XX000");
	}
}

static void
statements_are_written(void **state)
{
	const struct pg_value values[] = { { "a\0b", 3 }, { NULL, 9 }, { "", 0 } };
	struct buf out = { 0 };

	pg_parse(&out, "s1", "SELECT $1");
	CHECK_BYTES(&out, "P\0\0\0\23s1\0SELECT $1\0\0\0");
	pg_execute(&out, "s1", values, 3);
	CHECK_BYTES(&out, "B\0\0\0\35\0s1\0\0\0\0\3\0\0\0\3a\0b\377\377\377\377\0\0\0\0\0\0"
	    "E\0\0\0\11\0\0\0\0\0");
	pg_execute(&out, "", NULL, 0);
	CHECK_BYTES(&out, "B\0\0\0\14\0\0\0\0\0\0\0\0E\0\0\0\11\0\0\0\0\0");
	pg_sync(&out);
	CHECK_BYTES(&out, "S\0\0\0\4");
	buf_done(&out);
}

static void
a_capped_buffer_gets_whole_messages(void **state)
{
	for (size_t cap = 1; cap < 60; cap++) {
		struct buf out = { .cap_bytes = cap };
		pg_parse(&out, "s1", "SELECT $1");
		assert_true(out.size == 0 || out.size == 20);
		pg_execute(&out, "s1", NULL, 0);
		assert_true(out.size == 0 || out.size == 20 || out.size == 45);
		pg_sync(&out);
		assert_true(out.truncated ? out.size < 50 : out.size == 50);
		assert_true(out.size % 5 == 0);
		buf_done(&out);
	}
}

RUN_TESTS(cmocka_unit_test(answers_read_alike_in_pieces_of_any_size),
    cmocka_unit_test(logins_are_answered), cmocka_unit_test(a_refused_login_says_why),
    cmocka_unit_test(errors_keep_names_and_hide_values), cmocka_unit_test(statements_are_written),
    cmocka_unit_test(a_capped_buffer_gets_whole_messages))

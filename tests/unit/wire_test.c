/* SPDX-License-Identifier: MIT */
/* Byte streams by hand: which questions and answers come of them, whole, in pieces, and cut. */
#include <stdlib.h>

#include "trace/event.h"
#include "trace/wire.h"
#include "check.h"

#define CONN 0x10
#define PEER "127.0.0.1:40123"

static struct tape tape;
static struct wire *wire;
static int64_t now;

static int
begin(void **state)
{
	tape_init(&tape, 100000);
	tape_window_begin(&tape, 0);
	wire = wire_new(&tape);
	wire_window(wire, true);
	now = 1000;
	wire_connection(wire, CONN, 1, tape_name(&tape, PEER), 40123);
	return 0;
}

static int
end(void **state)
{
	wire_free(wire);
	tape_done(&tape);
	return 0;
}

/* One call of the service, copied as the collector does when `cut`, else whole. */
static void
moved(bool written, const char *text, size_t size, bool cut)
{
	const uint8_t *bytes = (const uint8_t *)text;
	struct wire_bytes b = { .begun = bytes, .n_begun = size, .ended = bytes + size, .size = size };
	if (cut && written && size > EV_OUT_BYTES) {
		b.n_begun = EV_OUT_BYTES;
	} else if (cut && !written && size > EV_OUT_BYTES) {
		b.n_begun = EV_IN_BYTES;
		b.n_ended = EV_END_BYTES;
		b.ended -= EV_END_BYTES;
	}
	struct rec io = { .ts = now += 1000, .key = CONN, .value = (uint32_t)size, .kind = REC_IO,
		.flags = written ? IO_WRITE : 0 };
	wire_tell(wire, CONN, written, &b);
	wire_io(wire, &io, &b);
}

struct bytes { char data[200000]; size_t n; };

static void
put(struct bytes *b, const void *from, size_t n)
{
	assert_true(b->n + n <= sizeof(b->data));
	memcpy(b->data + b->n, from, n);
	b->n += n;
}

/* A message of PostgreSQL; type 0: a startup's. */
static void
message(struct bytes *b, char type, const void *body, size_t size)
{
	uint32_t length = (uint32_t)size + 4;
	uint8_t head[5] = { (uint8_t)type, (uint8_t)(length >> 24), (uint8_t)(length >> 16),
		(uint8_t)(length >> 8), (uint8_t)length };
	put(b, head + !type, sizeof(head) - !type);
	put(b, body, size);
}

#define MESSAGE(b, type, literal) message(b, type, literal, sizeof(literal) - 1)
#define STARTUP "\0\3\0\0user\0me\0database\0shop\0\0"
#define READY(b) MESSAGE(b, 'Z', "I")

/* What the tape says, in one line: "ask TEXT", "reply ROWS", with ! for an error, ~ for unseen. */
static const char *
told(void)
{
	static char out[8192];
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = 0; i < tape.n && n < sizeof(out) - 600; i++) {
		const struct rec *r = tape_at(&tape, i);
		const char *name = tape_text(&tape, r->name);
		if (r->kind == REC_ASK)
			n += (size_t)sprintf(out + n, "%sask %s", n ? "; " : "", name ? name : "-");
		else if (r->kind == REC_REPLY)
			n += (size_t)sprintf(out + n, "%sreply %u%s%s", n ? "; " : "", r->value,
			    r->flags & REPLY_ERROR ? "!" : "", r->flags & REPLY_UNSEEN ? "~" : "");
	}
	return out;
}

/* ---- a session, at once and byte by byte ---------------------------------------------------- */

struct turn { bool written; struct bytes bytes; };

static void
play(const struct turn *turns, size_t n, size_t piece)
{
	for (size_t i = 0; i < n; i++)
		for (size_t at = 0, size; at < turns[i].bytes.n; at += size) {
			size = turns[i].bytes.n - at;
			if (piece && size > piece)
				size = piece;
			moved(turns[i].written, turns[i].bytes.data + at, size, false);
		}
}

/* The same is told however the bytes come. */
static void
check_pieces(const struct turn *turns, size_t n, const char *want)
{
	static const size_t pieces[] = { 0, 1, 2, 3, 5, 7, 64 };
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		end(NULL);
		begin(NULL);
		play(turns, n, pieces[i]);
		assert_string_equal(told(), want);
	}
}

static void
postgres_in_pieces(void **state)
{
	struct turn *t = calloc(6, sizeof(*t));
	t[0].written = t[2].written = t[4].written = true;
	message(&t[0].bytes, 0, STARTUP, sizeof(STARTUP) - 1);
	MESSAGE(&t[1].bytes, 'R', "\0\0\0\0");
	MESSAGE(&t[1].bytes, 'S', "server_version\0" "15\0");
	READY(&t[1].bytes);
	MESSAGE(&t[2].bytes, 'Q', "SELECT a FROM t WHERE id = 17\0");
	MESSAGE(&t[2].bytes, 'P', "s1\0INSERT INTO t VALUES ($1)\0\0\0");
	MESSAGE(&t[2].bytes, 'B', "\0s1\0\0\0\0\1\0\0\0\6secret\0\0");
	MESSAGE(&t[2].bytes, 'E', "\0\0\0\0\0");
	MESSAGE(&t[2].bytes, 'S', "");
	MESSAGE(&t[3].bytes, 'T', "\0\0");
	MESSAGE(&t[3].bytes, 'D', "\0\1\0\0\0\1x");
	MESSAGE(&t[3].bytes, 'D', "\0\1\0\0\0\1y");
	MESSAGE(&t[3].bytes, 'C', "SELECT 2\0");
	READY(&t[3].bytes);
	MESSAGE(&t[3].bytes, '1', "");
	MESSAGE(&t[3].bytes, '2', "");
	MESSAGE(&t[3].bytes, 'C', "INSERT 0 1\0");
	READY(&t[3].bytes);
	MESSAGE(&t[4].bytes, 'Q', "SELECT wrong\0");
	MESSAGE(&t[5].bytes, 'E', "SERROR\0C42703\0\0");
	READY(&t[5].bytes);
	check_pieces(t, 6, "ask -; reply 0; ask SELECT a FROM t WHERE id = ?; ask INSERT INTO t VALUES (?); "
	    "reply 2; reply 0; ask SELECT wrong; reply 0!");
	struct wire_peer peer = wire_peer(wire, tape_name(&tape, PEER));
	assert_string_equal(peer.kind, "postgresql");
	assert_string_equal(tape_text(&tape, peer.database), "shop");
	free(t);
}

static void
redis_in_pieces(void **state)
{
	static const char asked[] = "*3\r\n$4\r\nHGET\r\n$7\r\nuser:17\r\n$4\r\nname\r\n"
	    "*3\r\n$3\r\nSET\r\n$41\r\ncart:0f8fad5b-d9cb-469f-a165-70867728950e\r\n$6\r\nsecret\r\n"
	    "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*2\r\n$6\r\nLRANGE\r\n$1\r\nq\r\n";
	static const char answered[] = "$3\r\nabc\r\n>1\r\n+pushed\r\n-ERR no secret\r\n+OK\r\n"
	    "*2\r\n$1\r\na\r\n:2\r\n";
	struct turn *t = calloc(2, sizeof(*t));
	t[0].written = true;
	put(&t[0].bytes, asked, sizeof(asked) - 1);
	put(&t[1].bytes, answered, sizeof(answered) - 1);
	check_pieces(t, 2, "ask HGET user:? name; ask SET cart:?; ask AUTH; ask LRANGE q; "
	    "reply 1; reply 0!; reply 1; reply 2");
	assert_string_equal(wire_peer(wire, tape_name(&tape, PEER)).kind, "redis");
	free(t);
}

/* ---- PostgreSQL, cut ------------------------------------------------------------------------ */

static void
ask(struct bytes *b)
{
	moved(true, b->data, b->n, true);
	b->n = 0;
}

static void
reply(struct bytes *b)
{
	moved(false, b->data, b->n, true);
	b->n = 0;
}

static void
rows(struct bytes *b, size_t n)
{
	char row[100] = "\0\1\0\0\0\136";
	for (size_t i = 0; i < n; i++)
		message(b, 'D', row, sizeof(row));
}

static void
the_end_of_a_large_answer_tells_its_rows(void **state)
{
	static struct bytes b;
	MESSAGE(&b, 'Q', "SELECT * FROM big\0");
	ask(&b);
	MESSAGE(&b, 'T', "\0\0");
	rows(&b, 1000);
	size_t first = b.n / 2;
	MESSAGE(&b, 'C', "SELECT 1000\0");
	READY(&b);
	moved(false, b.data, first, true);
	moved(false, b.data + first, b.n - first, true);
	assert_string_equal(told(), "ask SELECT * FROM big; reply 1000");
	assert_int_equal(tape_at(&tape, tape.n - 1)->bytes, b.n);
	b.n = 0;
	MESSAGE(&b, 'Q', "SELECT 1\0");
	ask(&b);
	rows(&b, 1);
	MESSAGE(&b, 'C', "SELECT 1\0");
	READY(&b);
	reply(&b);
	assert_string_equal(told(), "ask SELECT * FROM big; reply 1000; ask SELECT ?; reply 1");
}

static void
an_answer_whose_end_is_not_seen_ends_with_the_next_question(void **state)
{
	static struct bytes b;
	MESSAGE(&b, 'Q', "SELECT 1\0");
	ask(&b);
	rows(&b, 1000);
	reply(&b);
	int64_t read = now;
	MESSAGE(&b, 'Q', "SELECT 2 FROM t\0");
	ask(&b);
	assert_string_equal(told(), "ask SELECT ?; reply 5~; ask SELECT ? FROM t");
	assert_int_equal(tape_at(&tape, 1)->ts, read);
}

static void
long_statements_are_cut_and_still_asked(void **state)
{
	static struct bytes b;
	char sql[2000] = "\0SELECT secret FROM t WHERE x = 1";
	memset(sql + 33, 'x', 1500);
	message(&b, 'P', sql, 1540);
	MESSAGE(&b, 'B', "\0\0\0\0\0\0\0\0\0\0");
	MESSAGE(&b, 'D', "P\0");
	MESSAGE(&b, 'E', "\0\0\0\0\0");
	MESSAGE(&b, 'S', "");
	ask(&b);
	MESSAGE(&b, '1', "");
	MESSAGE(&b, '2', "");
	MESSAGE(&b, 'C', "SELECT 0\0");
	READY(&b);
	reply(&b);
	MESSAGE(&b, 'Q', "COMMIT\0");
	ask(&b);
	MESSAGE(&b, 'C', "COMMIT\0");
	READY(&b);
	reply(&b);
	const char *text = tape_text(&tape, tape_at(&tape, 0)->name);
	assert_string_equal(text + strlen(text) - 4, " ...");
	assert_non_null(strstr(told(), "reply 0; ask COMMIT; reply 0"));
}

static void
statements_of_before_are_unknown(void **state)
{
	static struct bytes b;
	MESSAGE(&b, 'B', "\0old\0\0\0\0\0\0\0");
	MESSAGE(&b, 'E', "\0\0\0\0\0");
	MESSAGE(&b, 'S', "");
	ask(&b);
	MESSAGE(&b, '2', "");
	MESSAGE(&b, 'C', "UPDATE 3\0");
	READY(&b);
	reply(&b);
	assert_string_equal(told(), "ask (prepared before tracing); reply 0");
}

static void
names_outlive_a_window(void **state)
{
	static struct bytes b;
	MESSAGE(&b, 'P', "n\0SELECT 7 FROM t\0\0\0");
	MESSAGE(&b, 'D', "Sn\0");
	MESSAGE(&b, 'S', "");
	ask(&b);
	wire_window(wire, false);
	MESSAGE(&b, 'P', "m\0SELECT x FROM m\0\0\0");
	ask(&b);
	assert_string_equal(told(), "ask PREPARE SELECT ? FROM t");
	wire_window(wire, true);
	MESSAGE(&b, 'B', "\0n\0\0\0\0\0\0\0");
	MESSAGE(&b, 'E', "\0\0\0\0\0");
	MESSAGE(&b, 'S', "");
	ask(&b);
	MESSAGE(&b, 'B', "\0m\0\0\0\0\0\0\0");
	MESSAGE(&b, 'E', "\0\0\0\0\0");
	MESSAGE(&b, 'S', "");
	ask(&b);
	assert_string_equal(told(), "ask PREPARE SELECT ? FROM t; ask SELECT ? FROM t; ask SELECT x FROM m");
	wire_connection(wire, CONN, 2, tape_name(&tape, PEER), 40123);
	MESSAGE(&b, 'B', "\0n\0\0\0\0\0\0\0");
	MESSAGE(&b, 'E', "\0\0\0\0\0");
	ask(&b);
	assert_non_null(strstr(told(), "ask (prepared before tracing)"));
}

/* What comes between an error and the Sync is not run. */
static void
an_error_ends_a_pipeline(void **state)
{
	static struct bytes b;
	for (int i = 0; i < 3; i++) {
		MESSAGE(&b, 'P', "\0SELECT 1\0\0\0");
		MESSAGE(&b, 'B', "\0\0\0\0\0\0\0\0");
		MESSAGE(&b, 'E', "\0\0\0\0\0");
	}
	MESSAGE(&b, 'S', "");
	ask(&b);
	MESSAGE(&b, 'C', "SELECT 1\0");
	MESSAGE(&b, 'E', "C42601\0\0");
	READY(&b);
	reply(&b);
	assert_string_equal(told(), "ask SELECT ?; ask SELECT ?; ask SELECT ?; reply 1; reply 0!; reply 0!");
}

/* What a library tells of an encrypted connection is read like any other. */
static void
encryption_can_be_read_beside(void **state)
{
	moved(true, "\0\0\0\x08\x04\xd2\x16\x2f", 8, false);
	moved(false, "S", 1, false);
	assert_true(wire_peer(wire, tape_name(&tape, PEER)).encrypted);
	wire_is_clear(wire, CONN);
	assert_false(wire_peer(wire, tape_name(&tape, PEER)).encrypted);
	moved(true, "\0\0\0\x1f\0\3\0\0user\0me\0database\0shop\0\0", 31, false);
	moved(false, "R\0\0\0\x08\0\0\0\0Z\0\0\0\5I", 15, false);
	moved(true, "Q\0\0\0\x0fSELECT 2=3\0", 16, false);
	moved(false, "C\0\0\0\rSELECT 1\0Z\0\0\0\5I", 20, false);
	assert_string_equal(told(), "ask -; reply 0; ask SELECT ?=?; reply 1");
}

static void
encryption_is_told_by_name(void **state)
{
	static struct bytes b;
	message(&b, 0, "\x04\xd2\x16\x2f", 4);
	ask(&b);
	moved(false, "N", 1, true);
	message(&b, 0, STARTUP, sizeof(STARTUP) - 1);
	ask(&b);
	assert_string_equal(told(), "ask -");
	assert_false(wire_peer(wire, tape_name(&tape, PEER)).encrypted);
	wire_connection(wire, CONN, 2, tape_name(&tape, PEER), 40123);
	message(&b, 0, "\x04\xd2\x16\x2f", 4);
	ask(&b);
	moved(false, "S", 1, true);
	MESSAGE(&b, 'Q', "SELECT 1\0");
	ask(&b);
	assert_string_equal(told(), "ask -");
	assert_true(wire_peer(wire, tape_name(&tape, PEER)).encrypted);
}

/* ---- Redis, cut ------------------------------------------------------------------------------ */

static void
bulk(struct bytes *b, size_t size)
{
	char head[32];
	put(b, head, (size_t)sprintf(head, "$%zu\r\n", size));
	for (size_t i = 0; i < size; i++)
		put(b, "x", 1);
	put(b, "\r\n", 2);
}

static void
large_values_are_skipped(void **state)
{
	static struct bytes b;
	static const char get[] = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
	put(&b, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n", 20);
	bulk(&b, 5000);
	ask(&b);
	put(&b, "+OK\r\n", 5);
	reply(&b);
	put(&b, get, sizeof(get) - 1);
	ask(&b);
	bulk(&b, 30000);
	size_t half = b.n / 2;
	moved(false, b.data, half, true);
	moved(false, b.data + half, b.n - half, true);
	assert_string_equal(told(), "ask SET k; reply 1; ask GET k; reply 1");
	assert_int_equal(tape_at(&tape, tape.n - 1)->bytes, b.n);
}

static void
a_lost_reply_ends_with_the_next_command(void **state)
{
	static struct bytes b;
	static const char range[] = "*2\r\n$6\r\nLRANGE\r\n$1\r\nq\r\n";
	put(&b, range, sizeof(range) - 1);
	ask(&b);
	put(&b, "*50\r\n", 5);
	for (int i = 0; i < 50; i++)
		bulk(&b, 100);
	reply(&b);
	put(&b, range, sizeof(range) - 1);
	ask(&b);
	put(&b, "*0\r\n", 4);
	reply(&b);
	assert_string_equal(told(), "ask LRANGE q; reply 4~; ask LRANGE q; reply 0");
}

static void
subscribers_ask_nothing(void **state)
{
	static struct bytes b;
	static const char subscribe[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n";
	put(&b, subscribe, sizeof(subscribe) - 1);
	ask(&b);
	put(&b, "*1\r\n$1\r\nm\r\n", 11);
	reply(&b);
	assert_string_equal(told(), "");
}

/* Keys that are names are told as long as they are few. */
static void
patterns_of_keys_are_bounded(void **state)
{
	static struct bytes b;
	size_t first = tape.n_names;
	for (int i = 0; i < 26 * 26 * 5; i++) {
		char text[64];
		put(&b, text, (size_t)sprintf(text, "*2\r\n$3\r\nGET\r\n$8\r\ncart:%c%c%c\r\n", 'g' + i % 5,
		    'a' + i / 5 % 26, 'a' + i / 130));
		ask(&b);
	}
	assert_true(tape.n_names - first < 70);
	assert_string_equal(tape_text(&tape, (uint32_t)tape.n_names - 1), "GET cart:?");
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void
http_answers_end_before_the_next_request(void **state)
{
	static const char get[] = "GET http://h/price/17?token=secret HTTP/1.1\r\nHost: h\r\n\r\n";
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
	static const char limited[] = "HTTP/1.1 429 Too Many Requests\r\n\r\n";
	moved(true, get, sizeof(get) - 1, true);
	moved(false, interim, sizeof(interim) - 1, true);
	moved(false, "the body", 8, true);
	int64_t read = now;
	moved(true, get, sizeof(get) - 1, true);
	moved(false, limited, sizeof(limited) - 1, true);
	wire_window(wire, false);
	assert_string_equal(told(), "ask GET /price/:id; reply 200; ask GET /price/:id; reply 429!");
	assert_int_equal(tape_at(&tape, 1)->ts, read);
	assert_int_equal(tape_at(&tape, 1)->bytes, sizeof(interim) - 1 + 8);
}

/* The socket's address is used again for the next connection. */
static void
an_http_answer_ends_with_its_connection(void **state)
{
	static const char get[] = "GET /a HTTP/1.0\r\n\r\n", answer[] = "HTTP/1.0 200 OK\r\n\r\n";
	for (uint64_t born = 2; born < 4; born++) {
		wire_connection(wire, CONN, born, tape_name(&tape, PEER), 40123);
		moved(true, get, sizeof(get) - 1, true);
		moved(false, answer, sizeof(answer) - 1, true);
	}
	assert_string_equal(told(), "ask GET /a; reply 200; ask GET /a");
	wire_window(wire, false);
	assert_string_equal(told(), "ask GET /a; reply 200; ask GET /a; reply 200");
}

/* ---- who speaks what ------------------------------------------------------------------------- */

static void
protocols_are_told_by_their_bytes(void **state)
{
	static const struct { bool written; const char *bytes; size_t size; uint16_t port; const char *kind; } rows[] = {
		{ true, "*1\r\n$4\r\nPING\r\n", 14, 6379, "redis" },
		{ true, "Q\0\0\0\015SELECT 1\0", 14, 5432, "postgresql" },
		{ true, "S\0\0\0\4", 5, 5432, "postgresql" },
		{ false, "J\0\0\0\0128.0.36\0\1\2\3\4", 16, 3306, "mysql" },
		{ true, "GET / HTTP/1.1\r\n\r\n", 18, 0, "http" },
		{ true, "\x16\3\1\2\0\1\0\1\xfc\3", 10, 0, NULL },
		{ true, "get key\r\n", 9, 0, NULL },
		{ true, "Q\0\0\0\015SELECT 1\0\xff\xff\xff\xff\xff", 19, 0, NULL },
		{ true, "\x3a\0\0\0\1\0\0\0\0\0\0\0\xd4\7\0\0", 16, 0, NULL },
		{ true, "", 0, 0, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		end(NULL);
		begin(NULL);
		struct wire_bytes b = { .begun = (const uint8_t *)rows[i].bytes, .n_begun = rows[i].size,
			.size = rows[i].size };
		assert_int_equal(wire_tell(wire, CONN, rows[i].written, &b), rows[i].port);
		const char *kind = wire_peer(wire, tape_name(&tape, PEER)).kind;
		if (rows[i].kind)
			assert_string_equal(kind, rows[i].kind);
		else
			assert_null(kind);
		assert_int_equal(wire_connection(wire, CONN + 1, 1, tape_name(&tape, PEER), 7),
		    rows[i].port ? rows[i].port : 7);
	}
}

static void
other_bytes_ask_nothing(void **state)
{
	char noise[300];
	for (size_t i = 0; i < 2000; i++) {
		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (char)(((i * 31 + j * 17) * 2654435761u) >> 13);
		noise[0] = (char)0x80;
		moved(i % 2, noise, sizeof(noise), true);
	}
	assert_string_equal(told(), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
RUN_TESTS(TEST(postgres_in_pieces), TEST(redis_in_pieces),
    TEST(the_end_of_a_large_answer_tells_its_rows),
    TEST(an_answer_whose_end_is_not_seen_ends_with_the_next_question),
    TEST(long_statements_are_cut_and_still_asked), TEST(statements_of_before_are_unknown),
    TEST(names_outlive_a_window), TEST(an_error_ends_a_pipeline), TEST(encryption_is_told_by_name),
    TEST(encryption_can_be_read_beside),
    TEST(large_values_are_skipped), TEST(a_lost_reply_ends_with_the_next_command),
    TEST(subscribers_ask_nothing), TEST(patterns_of_keys_are_bounded),
    TEST(http_answers_end_before_the_next_request), TEST(an_http_answer_ends_with_its_connection), TEST(protocols_are_told_by_their_bytes),
    TEST(other_bytes_ask_nothing))

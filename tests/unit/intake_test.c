/* SPDX-License-Identifier: MIT */
/* The collector's events by hand: which statements and calls the record has of them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "run/run_codec.h"
#include "trace/summary.h"
#include "check.h"

#define US    1000
#define TID   10
#define SERVER 1
#define PG     2
#define REDIS  3
#define HTTP   4

static struct tape tape;
static struct stacks stacks;
static struct symbols *symbols;
static struct intake in;
static struct run *run;
static uint64_t now;
static uint32_t epoch;

static int
begin(void **state)
{
	tape_init(&tape, 10000);
	symbols = symbols_new();
	stacks_init(&stacks, symbols);
	intake_init(&in, &tape, &stacks, symbols);
	run = run_new();
	now = 1000 * US;
	epoch = 1;
	tape_window_begin(&tape, 0);
	return 0;
}

static int
end(void **state)
{
	run_free(run);
	intake_done(&in);
	stacks_done(&stacks);
	symbols_free(symbols);
	tape_done(&tape);
	return 0;
}

static struct ev_head
head(enum ev_kind kind, uint16_t nr)
{
	return (struct ev_head){ .ts = now += 10 * US, .tid = TID, .pid = TID, .kind = (uint16_t)kind,
		.nr = nr, .epoch = epoch };
}

static void
met(uint64_t sock, uint16_t port)
{
	struct ev_conn e = { .head = head(EV_CONN, SYS_connect), .sock = sock, .born = sock,
		.how = sock == SERVER ? EV_CONN_ACCEPTED : EV_CONN_SEEN, .family = AF_INET,
		.peer_port = port, .peer = { 10, 0, 0, 7 } };
	intake_event(&in, &e.head, sizeof(e));
}

static void
io(uint64_t sock, uint32_t flags, const void *text, size_t size)
{
	struct ev_io e = { .head = head(EV_IO, flags & EV_IO_WRITE ? SYS_sendto : SYS_recvfrom),
		.sock = sock, .ret = (int64_t)size, .flags = flags, .begun = (uint16_t)size };
	assert_true(size <= sizeof(e.text));
	memcpy(e.text, text, size);
	intake_event(&in, &e.head, offsetof(struct ev_io, text) + size);
}

#define ASKED(sock, literal) io(sock, EV_IO_WRITE, literal, sizeof(literal) - 1)
#define ANSWERED(sock, literal) io(sock, 0, literal, sizeof(literal) - 1)

static void
request(void)
{
	static const char get[] = "GET /orders/17 HTTP/1.1\r\n\r\n";
	io(SERVER, EV_IO_SERVER | EV_IO_HEAD, get, sizeof(get) - 1);
}

static void
response(void)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
	io(SERVER, EV_IO_SERVER | EV_IO_HEAD | EV_IO_WRITE, ok, sizeof(ok) - 1);
}

static void
summarise(void)
{
	intake_window_end(&in, (int64_t)(now += 10 * US));
	tape_window_end(&tape, (int64_t)now);
	struct assembly *a = assemble(&tape);
	struct summary *s = summary_new(a, &in, run, 0);
	summary_queries(s);
	summary_calls(s);
	summary_free(s);
	assembly_free(a);
}

static const struct run_query *
query(const char *fingerprint)
{
	for (size_t i = 0; i < run->evidence.trace.n_queries; i++)
		if (!strcmp(run->evidence.trace.queries[i].fingerprint, fingerprint))
			return &run->evidence.trace.queries[i];
	fail_msg("no statement '%s'", fingerprint);
	return NULL;
}

static void
statements_of_servers_are_queries(void **state)
{
	met(SERVER, 0);
	met(PG, 40123);
	met(REDIS, 40124);
	for (int i = 0; i < 4; i++) {
		request();
		for (int j = 0; j < 3; j++) {
			ASKED(PG, "Q\0\0\0\x1eSELECT a FROM t WHERE b=7\0");
			ANSWERED(PG, "D\0\0\0\6\0\0D\0\0\0\6\0\0C\0\0\0\rSELECT 2\0Z\0\0\0\5I");
		}
		ASKED(REDIS, "*2\r\n$3\r\nGET\r\n$6\r\nuser:7\r\n");
		if (i)
			ANSWERED(REDIS, "$3\r\nabc\r\n");
		else
			ANSWERED(REDIS, "-ERR\r\n");
		response();
	}
	summarise();
	const struct run_query *q = query("SELECT a FROM t WHERE b=?");
	assert_string_equal(q->engine, "postgresql");
	assert_string_equal(q->database, "10.0.0.7:40123");
	assert_string_equal(q->route, "/orders/:id");
	CHECK_NEAR(q->calls, 12, 0);
	CHECK_NEAR(q->per_request, 3, 0);
	CHECK_NEAR(q->most_per_request, 3, 0);
	CHECK_NEAR(q->rows, 2, 0);
	CHECK_NEAR(q->bytes, 34, 0);
	CHECK_NEAR(q->errors, 0, 0);
	CHECK_NEAR(q->at_once, 0, 0);
	CHECK_NEAR(q->seconds, 12 * 10e-6, 1e-9);
	q = query("GET user:?");
	assert_string_equal(q->engine, "redis");
	CHECK_NEAR(q->per_request, 1, 0);
	CHECK_NEAR(q->errors, 0.25, 0);
	assert_int_equal(run->evidence.trace.n_calls, 0);
}

static void
commands_in_one_write_are_out_at_once(void **state)
{
	met(SERVER, 0);
	met(REDIS, 6379);
	request();
	ASKED(REDIS, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
	ANSWERED(REDIS, "$1\r\nx\r\n$1\r\ny\r\n");
	response();
	summarise();
	CHECK_NEAR(query("GET a")->per_request, 2, 0);
	CHECK_NEAR(query("GET a")->at_once, 1, 0);
}

/* By hand: the first exchange takes 10 us; the second begins with the end of the handshake and takes 20. */
static void
handshakes_are_no_calls(void **state)
{
	static const char get[] = "GET /price HTTP/1.1\r\n\r\n", ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	met(SERVER, 0);
	met(HTTP, 443);
	request();
	ASKED(HTTP, "\x16\3\1\0\5\1\0\0\1x");
	ANSWERED(HTTP, "\x16\3\3\0\5\2\0\0\1x");
	ASKED(HTTP, "\x14\3\3\0\1\1");
	io(HTTP, EV_IO_WRITE | EV_IO_CLEAR, get, sizeof(get) - 1);
	io(HTTP, EV_IO_CLEAR, ok, sizeof(ok) - 1);
	response();
	summarise();
	assert_int_equal(run->evidence.trace.n_calls, 1);
	const struct run_call *c = &run->evidence.trace.calls[0];
	CHECK_NEAR(c->calls, 1, 0);
	CHECK_NEAR(c->per_request, 1, 0);
	CHECK_NEAR(c->handshakes_per_request, 1, 0);
	CHECK_NEAR(c->connecting, 10.0 / 30, 1e-9);
	CHECK_NEAR(c->seconds, 20e-6, 1e-9);
}

static void
refusals_and_repetitions_of_peers_are_counted(void **state)
{
	met(SERVER, 0);
	met(HTTP, 40125);
	request();
	ASKED(HTTP, "GET /price/1?key=secret HTTP/1.1\r\n\r\n");
	ANSWERED(HTTP, "HTTP/1.1 429 Too Many\r\n\r\n");
	ASKED(HTTP, "GET /price/2?key=secret HTTP/1.1\r\n\r\n");
	ANSWERED(HTTP, "HTTP/1.1 503 No\r\n\r\n");
	ASKED(HTTP, "GET /other HTTP/1.1\r\n\r\n");
	ANSWERED(HTTP, "HTTP/1.1 200 OK\r\n\r\n");
	ASKED(HTTP, "GET /price/3 HTTP/1.1\r\n\r\n");
	ANSWERED(HTTP, "HTTP/1.1 404 Not Found\r\n\r\n");
	response();
	summarise();
	assert_int_equal(run->evidence.trace.n_queries, 0);
	assert_int_equal(run->evidence.trace.n_calls, 1);
	const struct run_call *c = &run->evidence.trace.calls[0];
	assert_string_equal(c->kind, "http");
	CHECK_NEAR(c->calls, 4, 0);
	CHECK_NEAR(c->errors, 0.5, 0);
	CHECK_NEAR(c->limited, 0.25, 0);
	CHECK_NEAR(c->repeated, 0.5, 0);
}

/* A length and a text, of which the second waits for an acknowledgement; then both at once. */
static void
questions_in_pieces_are_counted(void **state)
{
	met(SERVER, 0);
	met(HTTP, 40125);
	request();
	for (int i = 0; i < 4; i++) {
		if (i)
			ASKED(HTTP, "\0\0\0\x05");
		ASKED(HTTP, "debit");
		now += i ? 40000 * US : 5000 * US;
		ANSWERED(HTTP, "done");
	}
	response();
	summarise();
	const struct run_call *c = &run->evidence.trace.calls[0];
	CHECK_NEAR(c->calls, 4, 0);
	CHECK_NEAR(c->writes, 7.0 / 4, 1e-12);
	CHECK_NEAR(c->as_long_as_ack, 0.75, 1e-12);
}

/* Of what is told between windows only the names of statements stay. */
static void
names_given_between_windows_are_known(void **state)
{
	epoch = 0;
	met(PG, 40123);
	ASKED(PG, "P\0\0\0\x18s\0SELECT x FROM t\0\0\0");
	assert_int_equal(tape.n, 0);
	epoch = 1;
	met(SERVER, 0);
	met(PG, 40123);
	request();
	ASKED(PG, "B\0\0\0\r\0s\0\0\0\0\0\0\0E\0\0\0\t\0\0\0\0\0S\0\0\0\4");
	ANSWERED(PG, "2\0\0\0\4C\0\0\0\rSELECT 0\0Z\0\0\0\5I");
	response();
	summarise();
	CHECK_NEAR(query("SELECT x FROM t")->per_request, 1, 0);
}

/* What the bytes tell of a peer, the record says of it too. */
static void
peers_are_called_what_they_speak(void **state)
{
	struct run_peer *p = RUN_ADD(run, peer, run->system.peers, run->system.n_peers);
	p->kind = "tcp";
	p->address = "10.0.0.7:40124";
	p = RUN_ADD(run, peer, run->system.peers, run->system.n_peers);
	p->kind = "tcp";
	p->address = "10.0.0.7:40123";
	met(REDIS, 40124);
	met(PG, 40123);
	ASKED(REDIS, "*1\r\n$4\r\nPING\r\n");
	ASKED(PG, "\0\0\0\x08\x04\xd2\x16\x2f");
	ANSWERED(PG, "S");
	summarise();
	assert_string_equal(run->system.peers[0].kind, "redis");
	assert_string_equal(run->system.peers[1].kind, "postgresql");
	assert_int_equal(run->n_eyes, 1);
	assert_false(run->eyes[0].open);
	assert_string_equal(run->eyes[0].name, "wire of 10.0.0.7:40123");
}

/* An event that says it has more text than came is not believed. */
static void
torn_events_are_left_out(void **state)
{
	struct ev_io e = { .head = head(EV_IO, SYS_sendto), .sock = PG, .ret = 100, .begun = 100,
		.flags = EV_IO_WRITE };
	met(PG, 40123);
	size_t before = tape.n;
	intake_event(&in, &e.head, offsetof(struct ev_io, text) + 99);
	assert_int_equal(tape.n, before);
	intake_event(&in, &e.head, offsetof(struct ev_io, text) + 100);
	assert_int_equal(tape.n, before + 1);
}

/* Of requests whose bytes cannot be had there is the time, and a stream of HTTP/2 is one. */
static void
requests_that_cannot_be_read_are_requests(void **state)
{
	static const uint8_t frames[] = { 0, 0, 1, 1, 5, 0, 0, 0, 1, 0x84 };   /* HEADERS: ":path /" */
	met(SERVER, 0);
	struct ev_io e = { .head = head(EV_IO, SYS_io_uring_enter), .sock = SERVER, .ret = 100,
		.flags = EV_IO_SERVER | EV_IO_BLIND };
	intake_event(&in, &e.head, offsetof(struct ev_io, text));
	struct ev_poll poll = { .head = head(EV_POLL, SYS_io_uring_enter), .first_block = now - 15 * US,
		.ret = 1 };
	intake_event(&in, &poll.head, sizeof(poll));
	response();
	io(SERVER, EV_IO_SERVER | EV_IO_FRAMES | EV_IO_FIRST, frames, sizeof(frames));
	io(SERVER, EV_IO_SERVER | EV_IO_FRAMES | EV_IO_WRITE, frames, 9);
	intake_window_end(&in, (int64_t)(now += 10 * US));
	tape_window_end(&tape, (int64_t)now);
	struct assembly *a = assemble(&tape);
	assert_int_equal(a->n_spans, 2);
	assert_true(a->spans[0].complete && a->spans[1].complete);
	assert_int_equal(a->spans[0].read, poll.head.ts + 1);    /* not before its call returned */
	assert_string_equal(tape_text(&tape, a->spans[0].route), "(route not known)");
	assert_string_equal(tape_text(&tape, a->spans[1].route), "/");
	assembly_free(a);
}

static void
ask_with_values(void)
{
	met(SERVER, 0);
	met(PG, 40123);
	met(REDIS, 40124);
	request();
	ASKED(PG, "Q\0\0\0\x1eSELECT a FROM t WHERE b=7\0");
	ANSWERED(PG, "C\0\0\0\rSELECT 0\0Z\0\0\0\5I");
	ASKED(REDIS, "*3\r\n$3\r\nSET\r\n$6\r\nuser:7\r\n$4\r\nte\1l\r\n");
	ANSWERED(REDIS, "+OK\r\n");
	struct ev_sql e = { .head = head(EV_SQL, 0), .start = now - US, .text = "SELECT c FROM d WHERE e='tell'" };
	intake_event(&in, &e.head, sizeof(e));
	response();
	summarise();
}

static void
values_are_kept_when_asked_for(void **state)
{
	tape.literals = true;
	ask_with_values();
	assert_string_equal(query("SELECT a FROM t WHERE b=?")->example, "SELECT a FROM t WHERE b=7");
	assert_string_equal(query("SET user:?")->example, "SET user:7 te?l");
	assert_string_equal(query("SELECT c FROM d WHERE e=?")->example, "SELECT c FROM d WHERE e='tell'");
}

/* Not in the texts that the record is made of, and not in the record. */
static void
values_are_not_kept_else(void **state)
{
	ask_with_values();
	for (size_t i = 1; i < tape.n_names; i++)
		assert_false(strstr(tape.names[i], "=7") || strstr(tape.names[i], ":7") || strstr(tape.names[i], "tell"));
	json_t *j = run_to_json(run);
	char *text = json_dumps(j, 0);
	assert_non_null(strstr(text, "WHERE b=?"));
	assert_null(strstr(text, "b=7"));
	assert_null(strstr(text, "user:7"));
	assert_null(strstr(text, "'tell'"));
	assert_null(strstr(text, "example"));
	free(text);
	json_decref(j);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
RUN_TESTS(TEST(statements_of_servers_are_queries), TEST(commands_in_one_write_are_out_at_once),
    TEST(handshakes_are_no_calls), TEST(refusals_and_repetitions_of_peers_are_counted),
    TEST(questions_in_pieces_are_counted),
    TEST(names_given_between_windows_are_known), TEST(peers_are_called_what_they_speak),
    TEST(torn_events_are_left_out), TEST(values_are_kept_when_asked_for),
    TEST(values_are_not_kept_else), TEST(requests_that_cannot_be_read_are_requests))

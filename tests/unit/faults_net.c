/* SPDX-License-Identifier: MIT */
/* What asks others and answers clients: peers, names, packets, bodies. */
#include "faults_by_hand.h"

#include "service_by_hand.h"

static struct run *downstream(void) { return painted(PART_NET, "10.0.0.7:80", 0.9); }
static struct run *slow_client(void) { return painted(PART_NET, "client", 0.9); }

/* Slow, but all that was asked for is kept with much to spare. */
static struct run *
slow_enough_for_all(void)
{
	struct run *r = downstream();
	target(r, "latency_p99", "<", 10, 100);
	return r;
}

static struct run *
peer(double calls, double connects)
{
	struct run *r = downstream();
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "http";
	c->peer = "10.0.0.7:80";
	c->route = "/";
	c->calls = 1000 * calls;
	c->seconds = 18;
	c->per_request = calls;
	c->connects_per_request = connects;
	return r;
}

/* On an event loop the client library takes the time, not the waiting. */
static struct run *
peer_client_computes(void)
{
	struct run *r = peer(30, 0);
	r->evidence.trace.routes[0].parts[0].share = 0.02;
	part(r, PART_CPU, "offer", 0.6);
	function(r, "offer", "python", 0.1, true);
	function(r, "ClientSession._request", "python", 0.5, false)->file = "/usr/lib/python3/aiohttp/client.py";
	stack(r, "main;offer;ClientSession._request;connect", 0.9);
	stack(r, "main;offer", 0.1);
	return r;
}

static struct run *peer_many(void) { return peer(30, 0); }
struct run *peer_once(void) { return peer(1, 0); }
struct run *connects(void) { return peer(1, 1); }

/* A quick peer that is connected to for each request: the time is the kernel's. */
static struct run *
connecting(double per_request)
{
	struct run *r = memory_work("main;worker;draw_lines;entry_SYSCALL_64_after_hwframe;__x64_sys_connect", 0.6);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->peer = "10.0.0.7:80";
	c->calls = 1000;
	c->per_request = 1;
	c->connects_per_request = per_request;
	return r;
}

static struct run *connects_always(void) { return connecting(1); }
static struct run *connects_at_times(void) { return connecting(0.01); }

/* Questions of two writes that take as long as an acknowledgement is put off, or longer. */
static struct run *
asked_in_pieces(double writes, double as_long_as_ack)
{
	struct run *r = painted(PART_NET, "10.0.0.7:80", 0.9);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->peer = "10.0.0.7:80";
	c->calls = 1000;
	c->seconds = 42;
	c->per_request = 1;
	c->writes = writes;
	c->as_long_as_ack = as_long_as_ack;
	return r;
}

static struct run *asks_in_two(void) { return asked_in_pieces(2, 0.97); }
static struct run *asks_in_one(void) { return asked_in_pieces(1, 0.97); }
static struct run *asks_a_slow_one(void) { return asked_in_pieces(2, 0.3); }

/* Answers take 42 ms, of which the service sees two. */
static struct run *
in_pieces(double pieces)
{
	struct run *r = painted(PART_CPU, "render", 0.1);
	r->evidence.trace.pieces = pieces;
	r->host.generator_on_host = true;
	r->evidence.trace.routes[0].seconds = 0.002;
	r->evidence.phases[0].service.p95 = r->evidence.phases[0].service.mean = 0.042;
	return r;
}

/* While a connection is young, it is acknowledged at once: `phases` of few requests show that. */
static struct run *
first_requests_quick(int phases)
{
	struct run *r = in_pieces(2);

	for (int i = 0; i < 6; i++) {
		struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
		p->name = run_printf(r, "knee-%d", i);
		p->service.p95 = p->service.mean = i < phases ? 0.002 : 0.042;
	}
	return r;
}

static struct run *one_quick(void) { return first_requests_quick(1); }
static struct run *half_quick(void) { return first_requests_quick(4); }

static struct run *two_pieces(void) { return in_pieces(2); }
static struct run *one_piece(void) { return in_pieces(1); }

/* All time is sleeping; so many of the calls failed, with 429, and were made again. */
static struct run *
failing(double errors, double limited, double repeated)
{
	struct run *r = painted(PART_SLEEP, NULL, 0.9);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "http";
	c->peer = "10.0.0.7:80";
	c->calls = 3000;
	c->seconds = 2;
	c->per_request = 3;
	c->errors = errors;
	c->limited = limited;
	c->repeated = repeated;
	return r;
}

static struct run *too_many(void) { return failing(0.6, 0.6, 0.6); }
static struct run *allowed(void) { return failing(0, 0, 0); }
static struct run *tries_again(void) { return failing(0.6, 0.1, 0.6); }
static struct run *gives_up(void) { return failing(0.6, 0.1, 0); }

static struct run *
looks_up(double per_request)
{
	struct run *r = painted(PART_NET, "10.0.0.2:53", 0.6);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "dns";
	c->peer = "10.0.0.2:53";
	c->calls = 1000 * per_request;
	c->seconds = 12;
	c->per_request = per_request;
	return r;
}

static struct run *names_each(void) { return looks_up(2); }
static struct run *names_kept(void) { return looks_up(0.01); }

static struct run *
answers(double bytes, const char *encoding, double rows)
{
	struct run *r = painted(PART_NET, "client", 0.3);
	part(r, PART_DB, "SELECT * FROM products", 0.3);
	r->evidence.trace.routes[0].parts[2].share = 0.35;
	query(r, "SELECT * FROM products", 1000, 5, 1)->rows = rows;
	struct run_route *t = RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
	t->route = "/";
	t->body_bytes = bytes;
	t->content_type = "application/json";
	t->content_encoding = encoding;
	return r;
}

static struct run *large_plain(void) { return answers(200e3, NULL, 1); }
static struct run *large_gzip(void) { return answers(200e3, "gzip", 1); }
static struct run *whole_table(void) { return answers(200e3, NULL, 1000); }
static struct run *one_row(void) { return answers(200e3, NULL, 1); }

static const struct fault rows[] = {
	{ "contention.rate-limit", too_many, allowed, "10.0.0.7:80" },
	{ "io.net.retry", tries_again, gives_up, "10.0.0.7:80" },
	{ "io.net.retry", tries_again, too_many, "10.0.0.7:80" },
	{ "io.net.dns", names_each, names_kept, "10.0.0.2:53" },
	{ "io.net.connect", connects_always, connects_at_times, "10.0.0.7:80" },
	{ "io.net.nagle", two_pieces, one_piece, "answers of shop" },
	{ "io.net.nagle", one_quick, half_quick, "answers of shop" },
	{ "io.net.nagle", asks_in_two, asks_in_one, "10.0.0.7:80" },
	{ "io.net.nagle", asks_in_two, asks_a_slow_one, "10.0.0.7:80" },
	{ "io.net.downstream", downstream, slow_client, "10.0.0.7:80" },
	{ "io.net.downstream", downstream, slow_enough_for_all, "10.0.0.7:80" },
	{ "io.net.downstream", asks_a_slow_one, asks_in_two, "10.0.0.7:80" },
	{ "io.net.n-plus-one", peer_many, peer_once, "10.0.0.7:80" },
	{ "io.net.n-plus-one", peer_client_computes, peer_once, "10.0.0.7:80" },
	{ "io.net.uncompressed", large_plain, large_gzip, "/" },
	{ "io.net.payload", whole_table, one_row, "/" },
};

const struct fault_family faults_net = { rows, sizeof(rows) / sizeof(rows[0]) };

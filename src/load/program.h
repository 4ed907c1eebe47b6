/* SPDX-License-Identifier: MIT */
/* What is asked, ready to be sent: a scenario compiled to routes and flows.
 *
 * A route is one kind of request, as figures tell them apart. Where nothing in it varies its bytes
 * are made here, once; else it is a list of templates. A flow is what one arrival does: routes, and
 * pauses between them. Made by the control thread, read by all workers; what only one thread may
 * use at a time (regular expressions) each worker compiles for itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "load/mix.h"
#include "load/protocol.h"
#include "net/url.h"
#include "scenario/expect.h"
#include "scenario/feeder.h"
#include "scenario/scenario.h"
#include "scenario/template.h"
#include "spec/spec.h"

struct http2_request;

#define ROUTE_ARGUMENTS_MAX 256    /* words of a command, values of a statement */

struct route_header {
	const char *name;
	struct template value;
	int http2_field;           /* its number there; < 0: HTTP/2 has no such field */
};

struct route {
	const char *name;          /* path and query, or what the scenario calls it */
	enum scenario_step_kind kind;
	const char *method;
	bool head;                 /* the answer has no body */
	bool varies;               /* made anew for each request */
	char *bytes;               /* of HTTP/1 when it does not vary */
	size_t size;
	struct http2_request *http2;   /* of HTTP/2; its varying fields hold nothing yet */
	int http2_length_field;    /* number of its content-length, with a body */

	struct template path;
	struct route_header *headers;      size_t n_headers;
	struct template body;
	bool has_body;
	struct template *arguments;        size_t n_arguments;

	enum scenario_stream stream;
	struct expect *expects;            size_t n_expects;
	bool expects_status;       /* else 5xx and 429 are errors */
	const struct scenario_extract *extracts; size_t n_extracts;
	uint32_t *extracts_to;     /* variable of each */
	uint32_t first_extract;    /* number of the first among those of the whole program */
	bool wants_head, wants_body;
};

struct flow_step {
	bool is_pause;
	uint32_t route;
	enum scenario_think think;
	double think_s, think_sigma;
};

struct flow {
	const char *name;
	double weight;
	struct flow_step *steps; size_t n_steps;
	bool is_single;            /* one request and nothing else: it needs no session */
};

/* A variable whose value each arrival has anew. */
struct drawn { uint32_t variable; struct template value; };

struct program {
	struct arena *arena;
	const struct protocol *protocol;
	struct url target;         /* scheme, host and port of all routes */
	const char *upgrade_headers;   /* of WebSocket: whole lines, each with CRLF */
	uint32_t depth;            /* requests at once on a connection */
	double tls_resume;         /* share of new TLS connections that resume a session */
	bool insecure;
	const char *ca;            /* NULL: the system's; as spec.h */
	double reuse;              /* share of requests on a kept connection */
	uint64_t seed;

	struct route *routes; size_t n_routes;
	struct flow *flows;   size_t n_flows;
	const struct mix *mix;     /* of the flows by their weights; NULL: in turn */
	struct feeder **feeders; size_t n_feeders;
	uint32_t n_variables, n_extracts;
	struct drawn *drawn;  size_t n_drawn;
	struct view *variables;    /* what they are before a flow extracts another value */
};

/* From the scenario that the spec names, or from its URLs. */
int program_make(const struct spec *spec, struct program *ret, struct err *e);
void program_done(struct program *p);    /* safe on a zeroed one */

/* The bytes of an HTTP/1 request. `body` is a scratch buffer. */
void program_render_http1(const struct program *p, const struct route *r,
    const struct template_values *v, struct buf *body, struct buf *out);

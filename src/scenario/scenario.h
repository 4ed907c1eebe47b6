/* SPDX-License-Identifier: MIT */
/* A scenario: what the users of a service do, as it was written down.
 *
 * An arrival is one user who begins one flow; a flow is a list of steps, each a request or a pause.
 * Texts may hold expressions, ${...}: a variable, a column of a feeder (${users.id}), or one of
 * random(low, high), choice(a, b, ...), uuid(), sequence(), time() and env(NAME). Nothing is
 * computed here: load compiles a scenario to byte templates before the first request.
 *
 * All memory belongs to the arena. A place is where in the file something stands, for errors. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "yaml/node.h"

struct scenario_pair {
	const char *name, *value;      /* value may hold expressions */
	struct node_place place;
};

enum scenario_step_kind {
	STEP_HTTP,                     /* method, url, body */
	STEP_MESSAGE,                  /* WebSocket: body is sent, one message is awaited */
	STEP_QUERY,                    /* PostgreSQL: body is the statement, arguments its parameters */
	STEP_COMMAND,                  /* Redis: arguments are the words */
	STEP_THINK,                    /* a pause */
};

enum scenario_stream { STREAM_NONE, STREAM_SSE, STREAM_OPENAI };   /* events are timed one by one */

enum scenario_think { THINK_CONSTANT, THINK_EXPONENTIAL, THINK_LOGNORMAL };

enum scenario_extract_from { EXTRACT_JSON, EXTRACT_HEADER, EXTRACT_REGEX };

struct scenario_extract {
	const char *variable;
	enum scenario_extract_from from;
	const char *what;              /* JSON pointer (RFC 6901), header name, POSIX extended regex */
	struct node_place place;
};

enum scenario_expect_kind {
	EXPECT_STATUS,                 /* value "200", "2xx" or several separated by spaces */
	EXPECT_CONTAINS, EXPECT_LACKS, /* the body, value */
	EXPECT_HEADER,                 /* name, value "" : is there */
	EXPECT_JSON,                   /* name is a JSON pointer, value its text */
	EXPECT_BODY_BYTES,             /* value: exactly so many */
};

struct scenario_expect {
	enum scenario_expect_kind kind;
	const char *name, *value;
	struct node_place place;
};

struct scenario_step {
	enum scenario_step_kind kind;
	const char *name;              /* of the route in every figure; NULL: made from method and path */
	const char *method;            /* "GET" */
	const char *url;               /* whole, or a path below scenario.base */
	const char *body;              /* NULL: none */
	const char **arguments;            size_t n_arguments;
	struct scenario_pair *headers;     size_t n_headers;
	struct scenario_extract *extracts; size_t n_extracts;
	struct scenario_expect *expects;   size_t n_expects;
	enum scenario_stream stream;
	enum scenario_think think;
	double think_s, think_sigma;   /* mean in seconds; sigma of the logarithm for THINK_LOGNORMAL */
	struct node_place place;
};

struct scenario_flow {
	const char *name;              /* NULL: that of its only step */
	double weight;                 /* > 0; preset 1 */
	struct scenario_step *steps;   size_t n_steps;
	struct node_place place;
};

enum scenario_order { ORDER_SEQUENTIAL, ORDER_RANDOM, ORDER_ZIPF };

/* Rows of a CSV file (RFC 4180); the first row names the columns. One row serves one arrival. */
struct scenario_feeder {
	const char *name, *file;       /* file relative to the scenario's own folder */
	enum scenario_order order;
	double exponent;               /* of ORDER_ZIPF; preset 1 */
	struct node_place place;
};

/* The offered rate goes from `from` to `to` per second, linearly. */
struct scenario_stage { double from, to; int64_t for_ns; struct node_place place; };

struct scenario {
	struct arena *arena;
	const char *file;              /* where it was read; NULL: made from flags */
	const char *name;
	const char *base;              /* URL that paths are below */
	struct scenario_pair *headers;     size_t n_headers;       /* of every HTTP step */
	struct scenario_pair *variables;   size_t n_variables;
	struct scenario_feeder *feeders;   size_t n_feeders;
	struct scenario_flow *flows;       size_t n_flows;
	struct scenario_stage *stages;     size_t n_stages;        /* none: --rate and --for */
	const char **thresholds;           size_t n_thresholds;    /* words of --target, maybe "route: ..." */
	const char *replay;            /* file of recorded arrivals (load/arrivals.h); NULL none */
	double reuse;                  /* share of requests on a kept connection; NAN: 1 */
	int64_t connections;           /* 0: not said; likewise below */
	int64_t timeout_ns;
	uint64_t seed;
	bool has_seed;
	const char *arrivals;          /* "poisson" or "constant"; NULL: not said */
};

/* Read a YAML file. Errors name file:line:column, show the line with a caret and, for an unknown
 * key, the nearest known one. */
int scenario_read(const char *path, struct arena *a, struct scenario **ret, struct err *e);
int scenario_parse(const char *text, size_t size, const char *name, struct arena *a,
    struct scenario **ret, struct err *e);

struct buf;
/* Write it as YAML that scenario_parse reads back to an equal scenario. */
void scenario_write(const struct scenario *s, struct buf *out);

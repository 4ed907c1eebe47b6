/* SPDX-License-Identifier: MIT */
/* An answer that comes as a stream of events, timed one by one: server-sent events, and what
 * language models send as such. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/openai.h"
#include "net/sse.h"
#include "scenario/scenario.h"

struct tally;

struct stream {
	enum scenario_stream kind;
	int64_t at_ns;             /* when the bytes came that are being taken */
	int64_t first_ns, last_ns; /* of the events that count: of a model those with text; 0 none */
	int64_t events;
	struct tally **tally;      /* of the worker, which hands it over and takes another meanwhile */
	const char *why;           /* the stream says that something went wrong; static text */
	struct sse sse;
	struct openai model;
};

/* Get ready for the next answer; zeroed before the first. */
void stream_start(struct stream *s, enum scenario_stream kind, struct tally **t);
void stream_body(struct stream *s, const char *bytes, size_t size);
/* The answer is complete: add its times, from `due_ns` on, to the tally. NULL, or why it does not
 * count as an answer. */
const char *stream_end(struct stream *s, int64_t due_ns);
void stream_done(struct stream *s);

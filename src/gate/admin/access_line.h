/* SPDX-License-Identifier: MIT */
/* One line of the access log: as Apache and nginx write it ("combined"), or as a JSON object. Pure.
 *
 * Values of query parameters that are named like secrets become '*', in the target and in the referer; user and
 * password of a URL are left out. Bytes that would break the line, or a terminal, are escaped; what is longer than
 * it should be is cut. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "gate/config/config.h"
#include "net/field.h"

/* Views into the request and the answer; an empty one was not there. */
struct access_line {
	int64_t wall_ns;              /* when the request had been answered (base/clock.h: wall_ns) */
	struct text client;           /* address without port */
	struct text method, target, protocol, host, referer, agent;
	int status;                   /* 0: the client went away before there was one */
	int64_t body_bytes;           /* sent to the client */
	int64_t duration_ns;          /* first byte in to last byte out */
	struct text upstream;         /* the server that answered; empty: the gate itself */
	int64_t upstream_ns;          /* until the head of its answer; -1 none */
	struct text cache;            /* "hit", "miss" ...; empty: not looked at */
};

/* Appends the line with its end. */
void access_line_write(enum gate_log_format format, const struct access_line *line, struct buf *out);

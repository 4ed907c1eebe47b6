/* SPDX-License-Identifier: MIT */
/* What is noted of the request of a client that is under way, for the figures and the access log: from its first
 * byte to its answer, or until the client is gone. One at a time for each client. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "gate/admin/metrics.h"
#include "net/http1_request.h"

struct client;
struct server;

/* Of the request's head, kept for the access log. */
enum { VISIT_METHOD, VISIT_TARGET, VISIT_HOST, VISIT_REFERER, VISIT_AGENT, VISIT_WORDS };

struct visit {
	bool heard;                     /* a first byte was there before the whole head */
	bool open;
	bool old;                       /* HTTP/1.0 */
	bool cached;                    /* `did` says what the cache did */
	enum metric_cache did;
	bool refused;                   /* by the gate, for `reason` */
	enum metric_reason reason;
	const struct gate_route *route; /* NULL: none yet */
	int64_t begun_ns;
	int status;                     /* 0: no answer yet */
	int64_t sent_bytes, head_bytes; /* to the client; heads of them */
	const struct server *server;    /* that answered; NULL: none */
	int64_t upstream_ns;            /* until the head of its answer */
	struct buf words;
	size_t sizes[VISIT_WORDS];
};

void visit_first_byte(struct client *c);
/* Its head is there; NULL: it never came whole, or is none. */
void visit_begin(struct client *c, const struct http1_request *r);
/* A head of so many bytes is about to be sent. */
void visit_answer(struct client *c, int status, size_t head_bytes);
/* The gate answers itself. The reason stays that of the first call. */
void visit_refuse(struct client *c, enum metric_reason reason);
void visit_cache(struct client *c, enum metric_cache did);
/* All is sent, or the client is gone. */
void visit_end(struct client *c);

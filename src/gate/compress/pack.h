/* SPDX-License-Identifier: MIT */
/* An answer that is compressed on its way to one client: its body, and what its head says then. */
#pragma once

#include "gate/compress/compress.h"
#include "gate/compress/compressor.h"
#include "gate/gate_worker.h"

struct pack {
	struct gate_worker *w;
	enum coding coding;
	struct compressor *compressor;
	struct buf out;
};

/* NULL when memory does not reach. */
struct pack *pack_new(struct gate_worker *w, enum coding coding);
void pack_free(struct pack *p);   /* accepts NULL */

/* More of the body; what has come of it is in p->out until pack_sent. False: the coder fails, the body is broken. */
bool pack_feed(struct pack *p, const void *bytes, size_t size, enum compress_end end);
void pack_sent(struct pack *p);

/* A field of the answer as it stands with that plan; plan->vary is taken back when Vary says it already. */
void pack_put_field(struct buf *b, const struct http_field *f, struct compress_plan *plan);
/* Behind all fields. `coded`: the body is. */
void pack_put_end(struct buf *b, const struct compress_plan *plan, bool coded);

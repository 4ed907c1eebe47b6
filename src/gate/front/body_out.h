/* SPDX-License-Identifier: MIT */
/* A head and stretches of a body on their way out: gathered into few sends, in chunks where the other
 * side gets them. Views only: what is gathered goes out before the bytes change. One thread. */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"
#include "net/field.h"

struct client;

struct body_out {
	struct engine_piece pieces[ENGINE_PIECES];
	uint32_t n;
	bool head;             /* the first piece is one */
	bool chunked;
	char sizes[2][20];     /* lines of chunks */
	uint32_t n_sizes;
};

static inline bool
body_out_is_full(const struct body_out *o)
{
	return o->n + 3 > ENGINE_PIECES || o->n_sizes == 2;
}

static inline void
body_out_clear(struct body_out *o)
{
	o->n = o->n_sizes = 0;
	o->head = false;
}

/* A head, before all else. */
void body_out_head(struct body_out *o, struct text head);
/* A stretch of the body; must not be full. Empty ones are left out. */
void body_out_data(struct body_out *o, struct text data);
/* The body has ended; must not be full. */
void body_out_end(struct body_out *o);
/* All of it to a client. False: it is gone. */
bool body_out_to(const struct body_out *o, struct client *c);

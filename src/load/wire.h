/* SPDX-License-Identifier: MIT */
/* A connection: made, greeted, used, lost. Between the engine, which moves bytes, and the protocol,
 * which knows what they mean. Worker's thread only. */
#pragma once

#include "load/program.h"
#include "load/worker.h"

extern const struct engine_sink wire_sink;

/* Begin connection `conn`; its slots may be used at once, what is sent waits. 0 or -errno, with
 * which nothing has begun. */
int wire_connect(struct worker *w, uint32_t conn, int64_t now);

/* The protocol's greeting is done: requests may go. */
void wire_ready(struct worker *w, uint32_t conn, int64_t at_ns);

/* Send bytes; `lasting` as in engine.h. -errno: the connection is to be closed. */
int wire_send(struct worker *w, uint32_t conn, const void *bytes, size_t size, bool lasting);

/* The same with what has gathered in `out`, which is empty then. */
int wire_send_out(struct worker *w, uint32_t conn, struct buf *out);

/* The protocol has something to flush on this connection. */
void wire_gather(struct worker *w, uint32_t conn);
/* Flush them all; before waiting. */
void wire_flush(struct worker *w);

/* It takes no more requests: closed when those on it have ended. */
void wire_drain(struct worker *w, uint32_t conn);

/* Close it; its requests must have ended. */
void wire_close(struct worker *w, uint32_t conn);
/* Close the connections that carry nothing, but for `keep` of them. */
void wire_trim(struct worker *w, uint32_t keep);

static inline void *
wire_state(const struct worker *w, uint32_t conn)
{
	return w->states + (size_t)conn * w->program->protocol->state_bytes;
}

static inline void *
wire_slot_state(const struct worker *w, uint32_t slot)
{
	return w->slot_states + (size_t)slot * w->program->protocol->slot_bytes;
}

static inline void *
wire_route_state(const struct worker *w, uint32_t route)
{
	return w->route_states + (size_t)route * w->program->protocol->route_bytes;
}

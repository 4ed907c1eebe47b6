/* SPDX-License-Identifier: MIT */
/* Who asks: one request under way and its answer, apart from what carries them. */
#pragma once

#include "gate/front/front.h"

/* What carries requests (client_h1.c, client_h2.c). */
struct client_ops {
	const char *protocol;      /* as the access log has it: "HTTP/1.1" */
	bool framed;               /* it marks where bodies end: no chunks, nothing of Connection */
	/* `head`: the first piece is a head, as HTTP/1.1 has it. False: the client is gone. */
	bool (*send)(struct client *c, const struct engine_piece *pieces, uint32_t n, bool head);
	void (*hold)(struct client *c, bool held);
	void (*go_on)(struct client *c);
	void (*await_body)(struct client *c, bool awaited);
	void (*finish)(struct client *c);
	void (*answered)(struct client *c);
	void (*abort)(struct client *c);
};

/* ---- for what carries it ---- */
void client_init(struct client *c, struct front *f, const struct client_ops *ops);
/* A request is there; `raw`: the bytes of its head, of which `r` has views. */
void client_begin(struct client *c, const struct http1_request *r, struct text raw);
/* It has taken all that waited. */
void client_ready(struct client *c);
/* It is gone: whoever works for it hears of that. Its memory has to last until the turn ends. */
void client_left(struct client *c);

/* ---- for who answers ---- */
/* Its address without port; a view of its connection. */
static inline struct text
client_peer(struct client *c)
{
	return front_peer(c->front);
}

/* The head of an answer, or of an interim one, and what there is of its body. False: it is gone. */
bool client_answer(struct client *c, const struct engine_piece *pieces, uint32_t n);
/* More of the body, or of a tunnel. */
bool client_send(struct client *c, const struct engine_piece *pieces, uint32_t n);
/* An answer of our own instead of an errand. `last`: the connection ends with it, when it serves one request at a
 * time. */
void client_refuse(struct client *c, int status, const char *why, bool last);

/* Hold its bytes back, or not. */
static inline void
client_hold(struct client *c, bool held)
{
	c->ops->hold(c, held);
}

/* What it sent ahead may be of use now. */
static inline void
client_go_on(struct client *c)
{
	c->ops->go_on(c);
}

/* More of its body has to come in time, or nothing has to (any more). */
static inline void
client_await_body(struct client *c, bool awaited)
{
	c->ops->await_body(c, awaited);
}

/* Nothing more will be sent through the tunnel. */
static inline void
client_finish(struct client *c)
{
	c->ops->finish(c);
}

/* The answer is complete: the next request, or the end. */
static inline void
client_answered(struct client *c)
{
	c->ops->answered(c);
}

/* The answer breaks off: the client is to see that. */
static inline void
client_abort(struct client *c)
{
	c->ops->abort(c);
}

/* SPDX-License-Identifier: MIT */
/* Connections in front of a worker: the bytes of those who ask, whatever is spoken over them. */
#pragma once

#include "gate/gate_worker.h"

struct front;

/* What is spoken on a connection (client_h1.c, front_h2.c, front_tls.c before it is known). */
struct front_ops {
	void (*received)(struct front *f, const char *bytes, size_t size);
	bool (*ended)(struct front *f);    /* it sends no more; true: it may still get its answers */
	void (*sent)(struct front *f);     /* all that waited is with the kernel */
	void (*due)(struct front *f);      /* its timer */
	/* The gate leaves: each connection ends with its next answer. Called again when it ends (w->ending):
	 * who waits for no answer ends at once. */
	void (*drain)(struct front *f);
	/* The connection is gone, or has to go: let go of who asks, without a word to the peer. */
	void (*left)(struct front *f);
};

struct front {
	struct grave grave;
	struct timer timer;
	struct gate_worker *w;
	const struct front_ops *ops;
	void *speaker;             /* what `ops` keep of it */
	struct tls *tls;           /* NULL: in clear */
	uint32_t conn, listener;
	bool gone;
	bool feeding;              /* TLS is being fed */
	bool held;
	bool deaf;                 /* the peer sends no more */
	char peer[ADDR_TEXT_MAX];  /* "": not looked at yet */
};

/* Somebody has connected: the number of the connection, or ENGINE_NONE. */
uint32_t front_accept(struct gate_worker *w, uint32_t listener);

/* ---- told by the engine and the timers ---- */
void front_received(struct front *f, const char *bytes, size_t size);
bool front_ended(struct front *f);
void front_sent(struct front *f);
void front_broken(struct front *f);
void front_due(struct front *f);
void front_drain(struct front *f);

/* ---- for who speaks ---- */
/* As engine_ops.gather has it; after an error the connection is to be aborted. */
ssize_t front_send(struct front *f, const struct engine_piece *pieces, uint32_t n);
/* Nothing more will be sent. */
void front_finish(struct front *f);
/* The same, where that is not all there should be: who speaks TLS is not told that it was (RFC 8446, section 6.1). */
void front_cut(struct front *f);
/* Hold its bytes back, or not. */
void front_hold(struct front *f, bool held);
void front_set_timer(struct front *f, int64_t after_ns);
/* Close at once. */
void front_abort(struct front *f);
/* Its address without port; a view of it. */
struct text front_peer(struct front *f);

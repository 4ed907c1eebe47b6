/* SPDX-License-Identifier: MIT */
/* A connection of a worker to one Redis node: commands out in one go a turn, replies back in their order.
 *
 * A link is made when it is opened and made anew, after waits that grow, whenever it is lost: nobody has to
 * ask for it, and a request finds one that is up or does without. Commands that are given before the first
 * greeting has ended wait for it; to a link that has been lost none can be given. */
#pragma once

#include "base/buf.h"
#include "engine/engine.h"
#include "gate/timers.h"
#include "net/addr.h"
#include "net/field.h"
#include "net/resp.h"
#include "net/tls.h"

struct gate_worker;
struct gate_l2;
struct l2_call;
struct l2_link;

enum l2_reply { L2_ANSWERED, L2_LOST };

/* Told once; then the call is freed. `reply`: the whole of it, empty when it is larger than anybody would
 * want; with L2_LOST there is none, and no `resp`. */
typedef void l2_reply_fn(struct l2_call *call, enum l2_reply how, const struct resp *resp, struct text reply);

/* A command and who waits for its reply. */
struct l2_call {
	struct l2_call *next;
	l2_reply_fn *done;      /* NULL: nobody waits (any more) */
	void *ctx;
	struct buf command;     /* the call's; stays until the reply */
	int64_t given_ns;
};

enum l2_link_state {
	L2_LINK_CLOSED, L2_LINK_WAITS, L2_LINK_CONNECTS, L2_LINK_SECURES, L2_LINK_GREETS, L2_LINK_UP
};

#define L2_HOST_MAX 254

struct l2_queue {
	struct l2_call *first, **end;
	struct l2_call *unsent;     /* the first that the engine has not got */
};

/* What the owner of a link is told. */
struct l2_link_owner {
	/* Greeted: may be asked. `role`: the reply to ROLE where that was asked for. */
	void (*up)(struct l2_link *l, struct text role);
	/* Not to be asked for now; `why` is for people. */
	void (*down)(struct l2_link *l, const char *why);
};

struct l2_link {
	struct timer timer;         /* to connect again; a peer that says nothing */
	struct gate_worker *w;
	const struct gate_l2 *c;
	const struct l2_link_owner *owner;
	struct addr addr;
	struct tls_context *secure; /* NULL: in clear */
	char host[L2_HOST_MAX];     /* with TLS: whom its certificate must be for */
	struct tls *tls;            /* NULL: in clear, or not connected */
	struct buf records;         /* on their way out */
	bool feeding;
	const char *next;           /* of `why` it is down: what to do; NULL: nothing that is known here */
	uint32_t conn;
	enum l2_link_state state;
	bool lost_before;           /* so that nobody waits for it to come up */
	bool was_up;                /* until it was lost last */
	bool old, asked_old;        /* a server before Redis 6: no HELLO; it was greeted accordingly */
	bool greets_over;
	bool reads_only;            /* of a cluster's replica: READONLY */
	bool asks_role;
	struct resp parser;
	struct buf partial;         /* of a reply that came in pieces */
	struct buf role;
	struct l2_queue greeting, calls;
	size_t bytes;               /* of the commands of both that have no reply yet */
	int64_t heard_ns;           /* when the last bytes came, or the first were sent after a silence */
	int64_t wait_ns;
	char why[RESP_TEXT_MAX + 1];
};

/* Begin to connect. The link must not move; `reply_max` bounds what is kept of a reply. */
void l2_link_open(struct l2_link *l, size_t reply_max);
void l2_link_close(struct l2_link *l);

/* May a command be given? */
static inline bool
l2_link_takes(const struct l2_link *l)
{
	return l->state == L2_LINK_UP || (!l->lost_before && l->state >= L2_LINK_CONNECTS);
}

/* Give a command, sent with l2_link_flush. `command` becomes the call's. The call lives until its `done`. */
struct l2_call *l2_link_call(struct l2_link *l, struct buf *command, l2_reply_fn *done, void *ctx);
void l2_link_flush(struct l2_link *l);
/* Hang up, and connect again after a while. */
void l2_link_lose(struct l2_link *l, const char *why);

/* ---- between l2_link.c and l2_tls.c ---- */
void l2_link_greet(struct l2_link *l);
/* What comes in clear. */
void l2_link_take(struct l2_link *l, const char *bytes, size_t size);
/* Connected: shake hands; then greet. */
void l2_tls_begin(struct l2_link *l);
/* As an engine's gather. */
ssize_t l2_tls_send(struct l2_link *l, const struct engine_piece *pieces, uint32_t n);
void l2_tls_received(struct l2_link *l, const char *bytes, size_t size);
/* The peer has ended the connection: why, in words. */
const char *l2_tls_ended(struct l2_link *l);
void l2_tls_done(struct l2_link *l);

/* ---- told by the engine and the timers ---- */
void l2_link_connected(struct l2_link *l);
void l2_link_received(struct l2_link *l, const char *bytes, size_t size);
void l2_link_broken(struct l2_link *l, int code);
void l2_link_due(struct l2_link *l);

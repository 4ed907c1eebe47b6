/* SPDX-License-Identifier: MIT */
#include "load/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/random.h"
#include "load/stream.h"
#include "load/told.h"
#include "load/unpack.h"
#include "load/wire.h"

#define REUSE_STREAM UINT64_C(0x7265757365)   /* keeps its random numbers apart from others */

static uint32_t
head_of(const struct worker *w, enum slot_list list)
{
	return w->max_conns * w->depth + list;
}

static uint32_t
first_of(const struct worker *w, enum slot_list list)
{
	return w->slots[head_of(w, list)].after;
}

static bool
is_empty(const struct worker *w, enum slot_list list)
{
	return first_of(w, list) == head_of(w, list);
}

/* Idle slots are used again last in, first out: few connections stay warm, the rest may time out.
 * Where connections are spread over the processes of the service, they are used in turn: the work is
 * spread as they are. The busy ones are in the order in which they will time out. */
static void
slot_move(struct worker *w, uint32_t slot, enum slot_list to)
{
	struct exchange *x = &w->slots[slot];
	uint32_t head = head_of(w, to);

	w->slots[x->before].after = x->after;
	w->slots[x->after].before = x->before;
	bool last = to == SLOT_BUSY || (to == SLOT_IDLE && w->rotate);
	uint32_t before = last ? w->slots[head].before : head;
	x->before = before;
	x->after = w->slots[before].after;
	w->slots[x->after].before = slot;
	w->slots[before].after = slot;
	int more = (to == SLOT_BUSY) - (x->list == SLOT_BUSY);
	w->n_busy += (uint32_t)more;
	w->conns[slot / w->depth].n_busy += (uint32_t)more;
	x->list = to;
}

/* ---- the end of a request ------------------------------------------------------------------ */

static void
note_error(struct worker *w, const char *why)
{
	if (why && !w->first_error[0])
		snprintf(w->first_error, sizeof(w->first_error), "%s", why);
}

/* Its only writer is this thread: no locked instruction is needed. */
static void
count_up(atomic_llong *n)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
	    memory_order_relaxed);
}

/* The slot is free again. `now` counts only when a request waits for one. */
static void
release(struct worker *w, uint32_t slot, bool failed, int64_t now)
{
	count_up(&w->done);
	if (failed)
		count_up(&w->errors);
	slot_move(w, slot, w->conns[slot / w->depth].draining ? SLOT_HELD : SLOT_IDLE);
	if (w->exhausted) {
		w->exhausted = false;
		w->freed_ns = now;
	}
}

static void
finish_failed(struct worker *w, uint32_t slot, enum outcome o, const char *why, int64_t now)
{
	struct exchange *x = &w->slots[slot];

	if (o == OUTCOME_TIMEOUT || o == OUTCOME_IN_FLIGHT)
		tally_open_end(w->tally, x->route, o, now - x->due_ns);
	else
		tally_error(w->tally, x->route, o);
	if (o != OUTCOME_CONNECT)
		w->refusals = 0;
	if (o == OUTCOME_IN_FLIGHT)
		told_forget(w, x);
	told_end(w, slot, NULL, true);
	if (x->session != NO_SESSION)
		session_end(w, x->session);
	x->session = NO_SESSION;
	note_error(w, why);
	release(w, slot, true, now);
}

void
exchange_fail(struct worker *w, uint32_t slot, enum outcome o, const char *why)
{
	finish_failed(w, slot, o, why, now_ns());
}

/* The kernel's stamp of a connection's bytes may come from another clock's reading. */
static int64_t
not_before(int64_t at_ns, int64_t least)
{
	return at_ns > least ? at_ns : least;
}

/* Is this the request after which its connection is closed, so that a later one makes a new one? */
static bool
is_last_on_connection(const struct worker *w, const struct exchange *x)
{
	const struct program *p = w->program;

	return p->reuse < 1 && w->depth == 1 &&
	    (double)(random_at(p->seed ^ REUSE_STREAM, (uint64_t)x->index) >> 11) * 0x1p-53 >=
	    p->reuse;
}

/* The body as the service wrote it. What is not what its encoding says is looked at as it came. */
static struct view
body_of(struct worker *w, struct capture *c, const struct reply *reply)
{
	if (c->body.size && reply->content_encoding && strcasecmp(reply->content_encoding, "gzip") == 0) {
		w->unpack = w->unpack ? w->unpack : unpack_new();
		c->unpacked.cap_bytes = CAPTURE_BODY_MAX;
		if (unpack_gzip(w->unpack, c->body.data, c->body.size, &c->unpacked) || c->body.truncated)
			return (struct view){ buf_text(&c->unpacked), c->unpacked.size };
	}
	return (struct view){ buf_text(&c->body), c->body.size };
}

static struct answer
answer_of(struct worker *w, uint32_t slot, const struct reply *reply)
{
	const struct route *r = &w->program->routes[w->slots[slot].route];
	struct capture *c = r->wants_head || r->wants_body ? w->captures[slot] : NULL;
	struct answer a = { .status = reply->status, .body_bytes = reply->body_bytes };

	if (c) {
		a.head = (struct view){ buf_text(&c->head), c->head.size };
		a.body = body_of(w, c, reply);
	}
	return a;
}

/* What the answer is worth, and why if not as wanted. */
static enum outcome
judge(const struct route *r, const struct reply *reply, const struct answer *a, char *why,
    size_t size)
{
	if (reply->failed && !r->expects_status) {
		snprintf(why, size, "%s", reply->why ? reply->why : "");
		if (!reply->why && reply->status)
			snprintf(why, size, "status %d", reply->status);
		return OUTCOME_STATUS;
	}
	for (size_t i = 0; i < r->n_expects; i++)
		if (!expect_holds(&r->expects[i], a)) {
			expect_reason(&r->expects[i], a, why, size);
			return OUTCOME_EXPECT;
		}
	return OUTCOME_ANSWERED;
}

static enum outcome
end_stream(struct worker *w, uint32_t slot, char *why, size_t size)
{
	const char *wrong = stream_end(w->streams[slot], w->slots[slot].due_ns);

	if (wrong)
		snprintf(why, size, "%s", wrong);
	return wrong ? OUTCOME_STATUS : OUTCOME_ANSWERED;
}

/* The flow goes on, or ends with a request that did not bring what was wanted. */
static enum outcome
lead_on(struct worker *w, struct exchange *x, enum outcome o, const struct answer *a, int64_t at_ns,
    char *why, size_t size)
{
	const char *missing;
	uint32_t session = x->session;

	x->session = NO_SESSION;
	if (session == NO_SESSION)
		return o;
	if (o == OUTCOME_ANSWERED && session_go_on(w, session, x->route, a, at_ns, &missing))
		return o;
	if (o == OUTCOME_ANSWERED)
		snprintf(why, size, "the answer holds nothing for '%s'", missing);
	session_end(w, session);
	return o == OUTCOME_ANSWERED ? OUTCOME_EXPECT : o;
}

void
exchange_answer(struct worker *w, uint32_t slot, const struct reply *reply, int64_t at_ns)
{
	struct exchange *x = &w->slots[slot];
	struct tally *t = w->tally;
	char why[sizeof(w->first_error)];
	int64_t last = not_before(at_ns, x->sent_ns), first = not_before(x->first_ns, x->sent_ns);
	struct answer a = answer_of(w, slot, reply);

	why[0] = '\0';
	enum outcome o = judge(&w->program->routes[x->route], reply, &a, why, sizeof(why));

	w->refusals = 0;
	if (o == OUTCOME_ANSWERED && w->program->routes[x->route].stream != STREAM_NONE)
		o = end_stream(w, slot, why, sizeof(why));
	o = lead_on(w, x, o, &a, last, why, sizeof(why));
	tally_answer(t, x->route, reply, o, last - x->due_ns);
	told_end(w, slot, reply, o != OUTCOME_ANSWERED);
	if (o == OUTCOME_ANSWERED) {
		histogram_record(&t->spans[SPAN_SERVICE], last - x->sent_ns);
		histogram_record(&t->spans[SPAN_FIRST_BYTE], first - x->sent_ns);
		histogram_record(&t->spans[SPAN_BODY], last - first);
		histogram_record(&t->spans[SPAN_SEEN], not_before(w->seen_ns, last) - last);
	} else {
		note_error(w, why);
	}
	const struct conn *c = &w->conns[slot / w->depth];
	bool keep = reply->keep && !is_last_on_connection(w, x);
	release(w, slot, o != OUTCOME_ANSWERED, w->exhausted ? now_ns() : 0);
	if (!keep || (c->draining && !c->n_busy))
		wire_close(w, slot / w->depth);
}

/* ---- what a request is made of, and its answer kept in ------------------------------------- */

struct template_values
exchange_values(struct worker *w, const struct exchange *x)
{
	return worker_values(w, x->session == NO_SESSION ? w->program->variables
	    : w->sessions.all[x->session].variables, x->index, x->seed);
}

void
exchange_arguments(struct worker *w, const struct route *r, const struct template_values *v,
    struct view ret[ROUTE_ARGUMENTS_MAX])
{
	size_t begin = 0;

	buf_clear(&w->body);
	for (size_t i = 0; i < r->n_arguments; i++) {
		template_render(&r->arguments[i], v, &w->body);
		ret[i].size = w->body.size - begin;
		begin = w->body.size;
	}
	const char *at = buf_text(&w->body);   /* it does not move any more */
	for (size_t i = 0; i < r->n_arguments; at += ret[i++].size)
		ret[i].bytes = at;
}

struct stream *
exchange_stream(struct worker *w, uint32_t slot)
{
	enum scenario_stream kind = w->program->routes[w->slots[slot].route].stream;
	struct stream **s = &w->streams[slot];

	if (kind == STREAM_NONE)
		return NULL;
	if (!*s && !(*s = calloc(1, sizeof(**s))))
		abort();
	stream_start(*s, kind, &w->tally);
	return *s;
}

struct capture *
exchange_capture(struct worker *w, uint32_t slot)
{
	const struct route *r = &w->program->routes[w->slots[slot].route];
	struct capture **c = &w->captures[slot];

	bool compared = w->slots[slot].digest && w->program->protocol->keeps;
	if (!r->wants_head && !r->wants_body && !compared)
		return NULL;
	if (!*c && !(*c = calloc(1, sizeof(**c))))
		abort();
	(*c)->head.cap_bytes = CAPTURE_HEAD_MAX;
	(*c)->body.cap_bytes = CAPTURE_BODY_MAX;
	buf_clear(&(*c)->head);
	buf_clear(&(*c)->body);
	return *c;
}

void
exchange_lose(struct worker *w, uint32_t conn, enum outcome o, const char *why, int64_t now)
{
	for (uint32_t k = 0; k < w->depth; k++)
		if (w->slots[conn * w->depth + k].list == SLOT_BUSY)
			finish_failed(w, conn * w->depth + k, o, why, now);
}

/* Those slots of the connection that are not busy, last first: the first is used first. */
static void
move_free(struct worker *w, uint32_t conn, enum slot_list to)
{
	for (uint32_t slot = (conn + 1) * w->depth; slot-- > conn * w->depth;)
		if (w->slots[slot].list != SLOT_BUSY && w->slots[slot].list != to)
			slot_move(w, slot, to);
}

void
exchange_offer_slots(struct worker *w, uint32_t conn)
{
	move_free(w, conn, SLOT_IDLE);
}

void
exchange_hold_slots(struct worker *w, uint32_t conn)
{
	move_free(w, conn, SLOT_HELD);
}

void
exchange_order_slots(struct worker *w, const uint32_t *conns, size_t n)
{
	w->rotate = true;
	for (uint32_t k = 0; k < w->depth; k++)
		for (size_t i = 0; i < n; i++)
			if (w->slots[conns[i] * w->depth + k].list == SLOT_IDLE)
				slot_move(w, conns[i] * w->depth + k, SLOT_IDLE);
}

void
exchange_retire_slots(struct worker *w, uint32_t conn)
{
	move_free(w, conn, SLOT_UNUSED);
}

/* Ended by us: the protocol takes back the one request, or else the connection goes with all that
 * is on it. */
static void
give_up(struct worker *w, uint32_t slot, enum outcome o, const char *why, int64_t now)
{
	const struct protocol *p = w->program->protocol;
	uint32_t conn = slot / w->depth;
	bool ready = w->conns[conn].state == CONN_READY;
	bool goes_on = ready && p->cancel && p->cancel(w, conn, slot);

	finish_failed(w, slot, o, why, now);
	if (goes_on)
		return;
	exchange_lose(w, conn, o == OUTCOME_IN_FLIGHT ? o : OUTCOME_CLOSED, why, now);
	wire_close(w, conn);
}

int64_t
exchange_deadline(const struct worker *w)
{
	return is_empty(w, SLOT_BUSY) ? INT64_MAX
	    : w->slots[first_of(w, SLOT_BUSY)].slot_ns + w->task->timeout_ns;
}

void
exchange_expire(struct worker *w, int64_t now)
{
	while (exchange_deadline(w) <= now)
		give_up(w, first_of(w, SLOT_BUSY), OUTCOME_TIMEOUT, NULL, now);
}

void
exchange_abandon(struct worker *w, int64_t now)
{
	while (!is_empty(w, SLOT_BUSY))
		give_up(w, first_of(w, SLOT_BUSY), OUTCOME_IN_FLIGHT, NULL, now);
}

/* ---- its begin ----------------------------------------------------------------------------- */

static void
send_request(struct worker *w, uint32_t slot, int64_t now)
{
	uint32_t conn = slot / w->depth;

	w->slots[slot].sent_ns = now;
	int code = w->program->protocol->send(w, conn, slot);
	if (code == 0)
		return;
	exchange_lose(w, conn, OUTCOME_RESET, strerror(-code), now_ns());
	wire_close(w, conn);
}

void
exchange_send_waiting(struct worker *w, uint32_t conn)
{
	for (uint32_t k = 0; k < w->depth && w->conns[conn].state == CONN_READY; k++) {
		const struct exchange *x = &w->slots[conn * w->depth + k];
		if (x->list == SLOT_BUSY && !x->sent_ns)
			send_request(w, conn * w->depth + k, now_ns());
	}
}

static bool
is_local_lack(int code)
{
	return code == -EMFILE || code == -ENFILE || code == -EADDRNOTAVAIL || code == -ENOBUFS ||
	    code == -ENOMEM;
}

/* A slot for a new request: an idle one, else the first of a new connection; UINT32_MAX none. */
static uint32_t
take_slot(struct worker *w, int64_t now, int *ret_code)
{
	*ret_code = 0;
	if (w->n_busy >= w->limit)
		return UINT32_MAX;
	if (!is_empty(w, SLOT_IDLE))
		return first_of(w, SLOT_IDLE);
	if (is_empty(w, SLOT_UNUSED))
		return UINT32_MAX;
	uint32_t slot = first_of(w, SLOT_UNUSED);
	*ret_code = wire_connect(w, slot / w->depth, now);
	if (!is_local_lack(*ret_code))
		return slot;
	w->out_of = -*ret_code;
	return UINT32_MAX;
}

/* Lag is what passed between "due, and a slot there" and now. */
static void
note_waits(struct worker *w, int64_t due_ns, int64_t now)
{
	int64_t there = due_ns > w->freed_ns ? due_ns : w->freed_ns;

	histogram_record(&w->tally->spans[SPAN_LAG], now - there);
	histogram_record(&w->tally->spans[SPAN_POOL], there - due_ns);
}

/* Give it the slot. `code`: of the new connection. */
static void
occupy(struct worker *w, uint32_t slot, const struct demand *d, int code, int64_t now)
{
	struct exchange *x = &w->slots[slot];

	x->route = d->route;
	x->session = d->session;
	x->index = d->index;
	x->seed = d->seed;
	x->due_ns = d->due_ns;
	x->slot_ns = now;
	x->sent_ns = x->first_ns = 0;
	x->moved = d->moved;
	told_begin(w, x);
	slot_move(w, slot, SLOT_BUSY);
	if (code < 0) {
		finish_failed(w, slot, OUTCOME_CONNECT, strerror(-code), now);
		slot_move(w, slot, SLOT_UNUSED);
	} else if (w->conns[slot / w->depth].state == CONN_READY) {
		send_request(w, slot, now);
	}
}

bool
exchange_begin(struct worker *w, const struct demand *d, int64_t now)
{
	int code;
	uint32_t slot = take_slot(w, now, &code);

	if (slot == UINT32_MAX) {
		w->exhausted = true;
		return false;
	}
	w->tally->sent++;
	note_waits(w, d->due_ns, now);
	occupy(w, slot, d, code, now);
	return true;
}

void
exchange_move(struct worker *w, uint32_t slot, const char *why)
{
	struct exchange *x = &w->slots[slot];
	const struct demand d = {
		.route = x->route, .session = x->session, .index = x->index, .seed = x->seed,
		.due_ns = x->due_ns, .moved = true,
	};
	int64_t now = now_ns();
	int code = 0;
	bool moved = x->moved;

	slot_move(w, slot, SLOT_HELD);
	uint32_t to = moved ? UINT32_MAX : take_slot(w, now, &code);
	if (to == UINT32_MAX) {
		finish_failed(w, slot, OUTCOME_CLOSED, why, now);
		return;
	}
	told_forget(w, x);
	occupy(w, to, &d, code, now);
}

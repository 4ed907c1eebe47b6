/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/level2/l2_entry.h"
#include "gate/level2/l2_int.h"
#include "gate/level2/l2_outbox.h"
#include "gate/level2/l2_sent.h"
#include "net/resp_walk.h"

#define PAGE        500               /* entries of a question */
#define REPLY_MAX   ((size_t)8 << 20)
#define MANY        2000              /* of others at once: rather all that memory holds */
#define RETRY_NS    (100 * NS_PER_MS) /* what could not be sent */
#define SENDING_MAX L2_SENT_EARLY

struct l2_stream {
	struct l2_link link;         /* first: to read alone */
	struct l2 *l;
	struct l2_place to;          /* whom the link is to */
	struct purge_reader reader;
	uint64_t pulled, carried;    /* of the gate's own purges: in the outbox or sent; and all sent */
	int64_t retry_ns;
	int sending;
	char key[64], self[17];
	char last[L2_ENTRY_ID_MAX];           /* the id of the last entry that was seen; "": none */
	uint64_t stamp;              /* of that */
	size_t n_others;             /* since it was last up to date */
	bool synced;                 /* once: it has been up to date, and takes no history for news */
	uint64_t since;              /* until then: what is older is history; by the server's clock */
	uint64_t n_pages;            /* that have been asked for */
	struct l2_sent sent;
};

static struct l2_purges *
purges_of(const struct l2_stream *s)
{
	return s->l->w->gate->l2_purges;
}

static struct resp_word
word(const char *text)
{
	return (struct resp_word){ text, strlen(text) };
}

/* ---- what others have purged ----------------------------------------------------------------- */

struct noting {
	struct l2_purges *purges;
	uint64_t stamp;
	bool own;
};

static void
note_hash(void *ctx, uint64_t hash)
{
	const struct noting *n = ctx;
	l2_purges_note(n->purges, hash, n->stamp, n->own);
}

/* On what memory holds. */
static void
purge_here(struct l2_stream *s, enum purge_what what, bool soft, struct text text)
{
	gate_purge(s->l->w->gate, &(struct purge){ .what = what, .soft = soft, .from_fleet = true, .text = text });
}

static uint64_t
seen_by_store(const struct l2_stream *s)
{
	return atomic_load(&s->l->w->gate->heard->seen);
}

/* Not of the history that a gate reads when it begins; though the store may be older than that. */
static bool
is_news(const struct l2_stream *s, uint64_t stamp)
{
	uint64_t seen = seen_by_store(s);

	return s->synced || (seen ? stamp > seen : stamp >= s->since);
}

/* Entries may be lost that nobody can tell any more. */
static void
lose(struct l2_stream *s)
{
	struct gate *g = s->l->w->gate;

	notice_post(g->notices, "purges of other gates may be lost: the stream %s of the second level is not what it "
	    "was; all that memory holds is purged", s->key);
	metrics_add(s->l->w->metrics, METRIC_L2_PURGES_LOST, 0, 1);
	gate_purge(g, &(struct purge){ .what = PURGE_ALL, .from_fleet = true, .text = { "", 0 } });
}

/* Another gate says that the stream is not what it was, and it had read more of that than this one. */
static bool
has_missed(const struct l2_stream *s, const struct l2_entry *begin)
{
	uint64_t ms, number;

	return l2_entry_read_id(begin->after, &ms, &number) && l2_stamp(ms, number) > seen_by_store(s);
}

/* What is not understood was written by a later gate, and may be any purge. */
static void
apply(struct l2_stream *s, const struct l2_entry *e)
{
	uint64_t stamp = l2_stamp(e->ms, e->number);
	bool own = text_is(e->from, s->self), begin = text_is(e->what, "begin");
	enum purge_what what = text_is(e->what, "url") ? PURGE_URL : text_is(e->what, "tag") ? PURGE_TAG : PURGE_ALL;
	struct noting n = { purges_of(s), stamp, own };

	if (own && !begin)
		l2_sent_seen(&s->sent, stamp);
	if (what == PURGE_ALL)
		l2_purges_note_all(n.purges, stamp, own && !begin);
	else
		l2_purge_hashes(s->l->w->config, what, e->text, note_hash, &n);
	if (begin && !own && is_news(s, stamp) && has_missed(s, e))
		lose(s);
	if (own || begin || !is_news(s, stamp))
		return;
	metrics_add(s->l->w->metrics, METRIC_L2_PURGES_HEARD, 0, 1);
	if (++s->n_others < MANY)
		purge_here(s, what, text_is(e->how, "soft"), e->text);
	else if (s->n_others == MANY)
		purge_here(s, PURGE_ALL, false, (struct text){ "", 0 });
}

/* ---- reading --------------------------------------------------------------------------------- */

static l2_reply_fn on_page, on_news, on_begun;

static void
ask(struct l2_stream *s, const struct resp_word *words, size_t n, l2_reply_fn *done)
{
	struct buf command = { 0 };

	resp_command(&command, words, n);
	l2_link_call(&s->link, &command, done, s);
}

/* From the last entry on, that one included. */
static void
ask_page(struct l2_stream *s)
{
	char count[16];

	s->n_pages++;
	snprintf(count, sizeof(count), "%d", PAGE);
	ask(s, (struct resp_word[]){ word("XRANGE"), word(s->key), word(s->last[0] ? s->last : "-"), word("+"),
	    word("COUNT"), word(count) }, 6, on_page);
}

/* Something to begin with: nothing that is older counts. */
static void
ask_to_begin(struct l2_stream *s)
{
	uint64_t seen = seen_by_store(s);
	char after[L2_ENTRY_ID_MAX];

	snprintf(after, sizeof(after), "%" PRIu64 "-%" PRIu64, seen >> L2_STAMP_BITS, seen & L2_STAMP_NUMBER_MAX);
	ask(s, (struct resp_word[]){ word("XADD"), word(s->key), word("*"), word("what"), word("begin"), word("from"),
	    word(s->self), word("after"), word(after) }, 9, on_begun);
}

static bool
is_bad(struct l2_stream *s, enum l2_reply how, const struct resp *r)
{
	if (how == L2_LOST)
		return true;
	if (r->kind != RESP_ERROR)
		return false;
	l2_nodes_doubt(s->l);
	l2_tell_error(s->l, &s->link, r->error);
	l2_link_lose(&s->link, r->error);
	return true;
}

static void
on_begun(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_stream *s = call->ctx;

	if (!is_bad(s, how, r))
		ask_page(s);
}

/* The stream is another one. */
static void
begin_anew(struct l2_stream *s)
{
	lose(s);
	l2_purges_set_known(purges_of(s), 0);
	l2_purges_end_doubts(purges_of(s));
	l2_outbox_doubt_again(s->l->w->gate->l2_outbox);
	s->last[0] = '\0';
	ask_to_begin(s);
}

/* The store has; whoever reads for a later configuration goes on from here. */
static void
see(struct l2_stream *s, uint64_t stamp)
{
	atomic_uint_least64_t *seen = &s->l->w->gate->heard->seen;
	uint64_t before = atomic_load(seen);

	while (is_news(s, stamp) && before < stamp && !atomic_compare_exchange_weak(seen, &before, stamp))
		;
}

/* What was taken by a primary that is no more. */
static void
send_lost_again(struct l2_stream *s)
{
	struct l2_note *note;

	while ((note = l2_sent_lost(&s->sent, s->n_pages)))
		l2_outbox_give_back(s->l->w->gate->l2_outbox, note);
}

static void
up_to_date(struct l2_stream *s)
{
	s->synced = true;
	send_lost_again(s);
	s->n_others = 0;
	see(s, s->stamp);
	l2_purges_set_known(purges_of(s), s->stamp);
	metrics_set(s->l->w->metrics, METRIC_L2_SYNCED, 0, 1);
	ask(s, (struct resp_word[]){ word("XREAD"), word("BLOCK"), word("500"), word("STREAMS"), word(s->key),
	    word(s->last) }, 6, on_news);
}

static void
on_news(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_stream *s = call->ctx;

	if (!is_bad(s, how, r))
		ask_page(s);
}

static void
take_entry(struct l2_stream *s, const struct l2_entry *e)
{
	apply(s, e);
	see(s, l2_stamp(e->ms, e->number));
	memcpy(s->last, e->id.at, e->id.size);
	s->last[e->id.size] = '\0';
	s->stamp = l2_stamp(e->ms, e->number);
}

/* Where the stream begins, purges before are forgotten: that matters for values, and for a store that is older. To a
 * store that has heard of none, who has begun the stream says whether there were any. */
static void
look_at_first(struct l2_stream *s, const struct l2_entry *e)
{
	uint64_t stamp = l2_stamp(e->ms, e->number);

	l2_purges_note_all(purges_of(s), stamp, false);
	if (!s->synced && is_news(s, stamp) && (seen_by_store(s) || !text_is(e->what, "begin")))
		lose(s);
}

static void
on_page(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_stream *s = call->ctx;
	struct resp_walk w;
	struct resp_value list;
	struct l2_entry e;
	bool knew = s->last[0];

	if (is_bad(s, how, r))
		return;
	resp_walk_start(&w, reply);
	if (!resp_walk_next(&w, &list) || !resp_is_list(&list))
		list = (struct resp_value){ 0 };
	for (int64_t i = 0; i < list.number; i++) {
		bool good = l2_entry_read(&w, &e);
		if (!good || (i == 0 && knew && !text_is(e.id, s->last))) {
			begin_anew(s);
			return;
		}
		if (i == 0 && !knew)
			look_at_first(s, &e);
		if (i || !knew)
			take_entry(s, &e);
	}
	if (!list.number && knew)
		begin_anew(s);
	else if (!list.number)
		ask_to_begin(s);
	else if (list.number == PAGE)
		ask_page(s);
	else
		up_to_date(s);
}

/* ---- the link -------------------------------------------------------------------------------- */

/* [seconds, microseconds] */
static bool
read_time(struct text reply, int64_t *ret_ns)
{
	struct resp_walk w;
	struct resp_value list, s, us;
	char text[24];

	resp_walk_start(&w, reply);
	if (!resp_walk_next(&w, &list) || !resp_is_list(&list) || list.number != 2 || !resp_walk_next(&w, &s) ||
	    !resp_walk_next(&w, &us) || !resp_is_string(&s) || !s.text.size || s.text.size > 10)
		return false;
	memcpy(text, s.text.at, s.text.size);
	text[s.text.size] = '\0';
	*ret_ns = (int64_t)strtoul(text, NULL, 10) * NS_PER_S;
	return true;
}

/* Rounded down, and told before it arrives: rather too early than too late. */
static void
on_time(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_stream *s = call->ctx;
	int64_t since_ns = s->l->w->gate->heard->since_ns, there_ns;

	if (how == L2_LOST)
		return;
	if (r->kind != RESP_ERROR && read_time(reply, &there_ns))
		since_ns -= gate_wall_ns(s->l->w) - there_ns;
	s->since = since_ns > 0 ? l2_stamp((uint64_t)(since_ns / NS_PER_MS), 0) : 0;
	ask_page(s);
}

static void
on_up(struct l2_link *link, struct text role)
{
	struct l2_stream *s = (struct l2_stream *)(void *)link;

	l2_tell_up(s->l, link);
	if (s->synced)
		ask_page(s);
	else
		ask(s, (struct resp_word[]){ word("TIME") }, 1, on_time);
}

static void
on_down(struct l2_link *link, const char *why)
{
	struct l2_stream *s = (struct l2_stream *)(void *)link;
	metrics_set(s->l->w->metrics, METRIC_L2_SYNCED, 0, 0);
	l2_tell_down(s->l, link, why);   /* a quiet gate asks nothing else */
}

/* To whoever has the stream now. */
static void
follow_primary(struct l2_stream *s)
{
	static const struct l2_link_owner owner = { .up = on_up, .down = on_down };
	struct l2_node *n = l2_primary(s->l, s->l->c->cluster ? redis_slot((struct text){ s->key, strlen(s->key) }) : 0);

	if (!n || n->link.state != L2_LINK_UP)
		return;
	if (s->link.state != L2_LINK_CLOSED && n->place.port == s->to.port && strcmp(n->place.host, s->to.host) == 0)
		return;
	l2_link_close(&s->link);
	s->to = n->place;
	s->link = (struct l2_link){ .w = s->l->w, .c = s->l->c, .owner = &owner, .addr = n->link.addr,
		.secure = s->l->tls };
	memcpy(s->link.host, n->link.host, sizeof(s->link.host));
	l2_link_open(&s->link, REPLY_MAX);
}

/* ---- what was purged here -------------------------------------------------------------------- */

struct sending {
	struct l2_stream *s;     /* NULL: gone */
	struct l2_node *node;
	struct l2_note *note;
};

/* The id that it has got. */
static void
keep_sent(struct l2_stream *s, struct l2_note *note, struct text reply)
{
	struct resp_walk w;
	struct resp_value id;
	uint64_t ms, number;

	resp_walk_start(&w, reply);
	if (resp_walk_next(&w, &id) && resp_is_string(&id) && l2_entry_read_id(id.text, &ms, &number))
		l2_sent_add(&s->sent, note, l2_stamp(ms, number), s->n_pages);
	else
		free(note);
}

static void
on_sent(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct sending *sending = call->ctx;
	struct l2_stream *s = sending->s;
	struct gate *g = s->l->w->gate;
	bool good = how == L2_ANSWERED && r->kind != RESP_ERROR, ask_once;

	s->sending--;
	if (good) {
		metrics_add(s->l->w->metrics, METRIC_L2_PURGES_SENT, 0, 1);
		keep_sent(s, sending->note, reply);
	} else {
		l2_outbox_give_back(g->l2_outbox, sending->note);
		s->retry_ns = s->l->w->now_ns + RETRY_NS;
	}
	if (how == L2_ANSWERED && !good && !l2_redirected(s->l, sending->node, r->error, &ask_once)) {
		l2_nodes_doubt(s->l);
		l2_tell_error(s->l, &sending->node->link, r->error);
	}
	free(sending);
}

/* Nobody is to find it there; that all know better is what the entry is for. */
static void
delete_url(struct l2_stream *s, struct text url)
{
	struct purge_keys keys;
	struct l2_key key;

	if (purge_url_keys(s->l->w->config, url, &keys) < 0)
		return;
	for (size_t i = 0; i < keys.n; i++) {
		l2_key_write(s->l, keys.keys[i].uri, (struct text){ 0 }, &key);
		l2_delete(s->l, &key);
	}
}

static void
send_note(struct l2_stream *s, struct l2_node *n, struct l2_note *note)
{
	struct sending *sending = malloc(sizeof(*sending));
	struct buf command = { 0 };

	if (!sending)
		abort();
	*sending = (struct sending){ s, n, note };
	resp_command(&command, (struct resp_word[]){ word("XADD"), word(s->key), word("MAXLEN"), word("~"),
	    word("100000"), word("*"), word("what"), word(purge_what_name(note->what)), word("how"),
	    word(note->soft ? "soft" : "hard"), word("text"), { note->text, note->size }, word("from"),
	    word(s->self) }, 14);
	if (note->what == PURGE_URL)
		delete_url(s, (struct text){ note->text, note->size });
	s->sending++;
	l2_link_call(&n->link, &command, on_sent, sending);
}

/* Of the gate's log into the outbox; what is read there is in doubt from here on. */
static void
pull(struct l2_stream *s)
{
	struct gate *g = s->l->w->gate;
	CLEANUP(buf_done) struct buf text = { 0 };
	struct purge_entry entry;
	int code;

	l2_purges_set_unread(purges_of(s), false);
	while ((code = purge_log_next(purge_desk_log(g->purges), s->pulled, &entry, &text))) {
		s->pulled = entry.number;
		if (code == -ESTALE)
			entry.purge = (struct purge){ .what = PURGE_ALL, .text = { "", 0 } };
		else if (code < 0)
			break;
		if (!entry.purge.from_fleet)
			l2_outbox_add(g->l2_outbox, &entry.purge, code != -ESTALE);
	}
}

static void
send_notes(struct l2_stream *s)
{
	struct l2_outbox *b = s->l->w->gate->l2_outbox;
	struct l2_node *n = l2_primary(s->l, s->l->c->cluster ? redis_slot((struct text){ s->key, strlen(s->key) }) : 0);
	struct l2_note *note;

	while (s->sending < SENDING_MAX && n && n->link.state == L2_LINK_UP && s->l->w->now_ns >= s->retry_ns &&
	    (note = l2_outbox_take(b)))
		send_note(s, n, note);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* By the thread that purges: until worker 0 has looked, nothing of the second level counts. */
static void
on_purged(void *ctx)
{
	struct l2_stream *s = ctx;

	l2_purges_set_unread(purges_of(s), true);
	s->l->w->ops->wake(s->l->w->engine);
}

struct l2_stream *
l2_stream_open(struct l2 *l)
{
	struct l2_stream *s = calloc(1, sizeof(*s));
	struct gate *g = l->w->gate;
	uint64_t self = 0;

	if (!s)
		abort();
	s->l = l;
	if (getrandom(&self, sizeof(self), 0) != sizeof(self))
		self = (uint64_t)now_ns();
	snprintf(s->self, sizeof(s->self), "%016" PRIx64, self);
	snprintf(s->key, sizeof(s->key), "%s:1:purges", l->c->prefix);
	s->reader = (struct purge_reader){ .name = "l2", .wake = on_purged, .ctx = s };
	if (purge_log_subscribe(purge_desk_log(g->purges), &s->reader) == 0)
		s->pulled = s->carried = s->reader.done;
	return s;
}

/* For whoever begins after this gate: what unsafe requests have told stands nowhere else. */
static void
leave_notes(struct l2_stream *s)
{
	struct gate *g = s->l->w->gate;
	struct l2_note *note;
	int code;

	while ((note = l2_sent_lost(&s->sent, UINT64_MAX)) || (note = l2_outbox_take(g->l2_outbox))) {
		struct purge p = { .what = note->what, .soft = note->soft, .text = { note->text, note->size } };
		if (!note->logged)
			purge_log_add(purge_desk_log(g->purges), &p, wall_ns(), &code);
		free(note);
	}
}

void
l2_stream_close(struct l2_stream *s)
{
	if (!s)
		return;
	purge_log_leave(purge_desk_log(s->l->w->gate->purges), &s->reader);
	l2_link_close(&s->link);
	leave_notes(s);
	l2_sent_done(&s->sent);
	free(s);
}

void
l2_stream_turn(struct l2_stream *s)
{
	if (!s)
		return;
	if (purge_log_latest(purge_desk_log(s->l->w->gate->purges)) > s->pulled)
		pull(s);
	follow_primary(s);
	send_notes(s);
	if (s->carried < s->pulled && !s->sending && !s->sent.n && l2_outbox_is_empty(s->l->w->gate->l2_outbox)) {
		s->carried = s->pulled;
		purge_log_done(purge_desk_log(s->l->w->gate->purges), &s->reader, s->carried);
	}
	l2_link_flush(&s->link);
}

int64_t
l2_stream_next_ns(const struct l2_stream *s)
{
	bool waits = s && s->retry_ns > s->l->w->now_ns;
	return waits ? s->retry_ns : INT64_MAX;
}

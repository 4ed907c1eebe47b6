/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "gate/level2/l2_int.h"
#include "gate/level2/l2_stream.h"
#include "net/resp_walk.h"

#define PATIENCE_MIN_NS (1 * NS_PER_MS)
#define PATIENCE_TIMES  4
#define REDIRECTS_MAX   3
#define SKIP_EACH       32               /* questions that are left out as too slow, of which one is asked */
#define QUEUE_BYTES     ((size_t)8 << 20)   /* of a link: what waits to be written */
#define OVERHEAD        ((size_t)256 << 10) /* of a value beside its body */

size_t
l2_reply_max(const struct gate_l2 *c)
{
	return (size_t)c->value_bytes + OVERHEAD;
}

void
l2_key_write(const struct l2 *l, struct text uri, struct text vary, struct l2_key *ret)
{
	uint64_t seed = vary.size ? XXH3_64bits(vary.at, vary.size) : 0;
	XXH128_hash_t h = XXH3_128bits_withSeed(uri.at, uri.size, seed);

	ret->size = (size_t)snprintf(ret->text, sizeof(ret->text), "%s:1:%016" PRIx64 "%016" PRIx64,
	    l->c->prefix, (uint64_t)h.high64, (uint64_t)h.low64);
}

static uint16_t
slot_of(const struct l2 *l, const struct l2_key *key)
{
	return l->c->cluster ? redis_slot((struct text){ key->text, key->size }) : 0;
}

/* ---- questions ------------------------------------------------------------------------------- */

static void
unlink_read(struct l2_read *r)
{
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	else
		r->l->end = r->link;
	r->link = NULL;
}

/* It has got as far as it gets with this node. */
static void
judge(struct l2_read *r, enum outcome outcome)
{
	breaker_end(&r->node->reads, &l2_breaker, r->verdict, outcome, r->l->w->now_ns);
}

static void
finish(struct l2_read *r, enum l2_outcome outcome, struct text value)
{
	struct l2 *l = r->l;
	int64_t took_ns = l->w->now_ns - r->asked_ns;

	unlink_read(r);
	r->call = NULL;
	if (outcome == L2_FAILED) {
		metrics_add(l->w->metrics, METRIC_L2_FAILED, 0, 1);
	} else {
		metrics_observe(l->w->metrics, METRIC_L2_DURATION, 0, took_ns);
		latency_add(&l->latency, took_ns);
	}
	r->done(r, outcome, value);
}

static l2_reply_fn on_reply;

static void
give(struct l2_read *r, struct l2_node *n)
{
	static const struct resp_word asking = { "ASKING", 6 };
	struct buf command = { 0 };

	r->node = n;
	if (r->asking) {
		resp_command(&command, &asking, 1);
		l2_link_call(&n->link, &command, NULL, NULL);
	}
	r->asking = false;
	resp_command(&command, (struct resp_word[]){ { "GET", 3 }, { r->key.text, r->key.size } }, 2);
	r->call = l2_link_call(&n->link, &command, on_reply, r);
}

/* The same of another node, whose breaker has not been asked. */
static bool
ask_elsewhere(struct l2_read *r, struct l2_node *n)
{
	if (!n || r->redirects++ >= REDIRECTS_MAX)
		return false;
	r->verdict = BREAKER_PASS;
	give(r, n);
	return true;
}

static bool
ask_primary(struct l2_read *r)
{
	struct l2_node *n = l2_primary(r->l, slot_of(r->l, &r->key));

	return n != r->node && n && n->link.state == L2_LINK_UP && ask_elsewhere(r, n);
}

static void
on_error(struct l2_read *r, const char *error)
{
	struct l2 *l = r->l;
	bool moved = strncmp(error, "MOVED ", 6) == 0 || strncmp(error, "ASK ", 4) == 0;

	judge(r, moved || strncmp(error, "TRYAGAIN", 8) == 0 ? OUTCOME_GOOD : OUTCOME_BAD);
	if (moved && l->c->cluster) {
		struct l2_node *n = l2_redirected(l, r->node, error, &r->asking);
		if (!ask_elsewhere(r, n))
			finish(r, L2_FAILED, (struct text){ 0 });
		return;
	}
	l2_tell_error(l, &r->node->link, error);
	if (!ask_primary(r))
		finish(r, L2_FAILED, (struct text){ 0 });
}

static void
on_reply(struct l2_call *call, enum l2_reply how, const struct resp *resp, struct text reply)
{
	struct l2_read *r = call->ctx;
	struct resp_walk walk;
	struct resp_value v;

	if (how == L2_LOST) {
		judge(r, OUTCOME_BAD);
		if (!ask_primary(r))
			finish(r, L2_FAILED, (struct text){ 0 });
		return;
	}
	if (resp->kind == RESP_ERROR) {
		on_error(r, resp->error);
		return;
	}
	judge(r, OUTCOME_GOOD);
	resp_walk_start(&walk, reply);
	bool found = resp_walk_next(&walk, &v) && v.kind == RESP_BULK;
	finish(r, found ? L2_FOUND : L2_ABSENT, found ? v.text : (struct text){ 0 });
}

bool
l2_ask(struct l2 *l, struct l2_read *r, const struct l2_key *key)
{
	r->l = l;
	r->key = *key;
	r->redirects = 0;
	r->asking = false;
	r->asked_ns = l->w->now_ns;
	struct l2_node *n = l2_reader(l, slot_of(l, key), &r->verdict);
	if (!n) {
		metrics_add(l->w->metrics, METRIC_L2_SKIPPED, 0, 1);
		return false;
	}
	r->next = NULL;
	r->link = l->end;
	*l->end = r;
	l->end = &r->next;
	give(r, n);
	return true;
}

bool
l2_is_slower_than(struct l2 *l, int64_t origin_p50_ns)
{
	if (!l->c->skip_when_slower || !origin_p50_ns || l->latency.p99_ns <= origin_p50_ns)
		return false;
	if (++l->skipped % SKIP_EACH == 0)
		return false;
	metrics_add(l->w->metrics, METRIC_L2_SKIPPED, 0, 1);
	return true;
}

/* ---- patience -------------------------------------------------------------------------------- */

/* When the oldest question is late. A node that is sending is given time for what stands in front. */
static int64_t
late_ns(const struct l2 *l)
{
	const struct l2_read *r = l->first;
	int64_t patience = l->latency.p99_ns * PATIENCE_TIMES;

	if (!r)
		return INT64_MAX;
	if (patience < PATIENCE_MIN_NS)
		patience = PATIENCE_MIN_NS;
	if (!l->latency.p99_ns || patience > l->c->timeout_ns)
		patience = l->c->timeout_ns;
	int64_t heard = r->node->link.heard_ns > r->asked_ns ? r->node->link.heard_ns : r->asked_ns;
	int64_t end = r->asked_ns + l->c->timeout_ns;
	return heard + patience < end ? heard + patience : end;
}

static void
give_up(struct l2_read *r)
{
	r->call->done = NULL;
	judge(r, OUTCOME_BAD);
	metrics_add(r->l->w->metrics, METRIC_L2_LATE, 0, 1);
	latency_add(&r->l->latency, r->l->w->now_ns - r->asked_ns);   /* so that patience grows */
	finish(r, L2_FAILED, (struct text){ 0 });
}

int64_t
l2_next_ns(const struct l2 *l)
{
	if (!l)
		return INT64_MAX;
	int64_t late = late_ns(l), stream = l2_stream_next_ns(l->stream);
	late = stream < late ? stream : late;
	return l->unsure && !l->looking && l->look_ns < late ? l->look_ns : late;
}

void
l2_turn(struct l2 *l)
{
	if (!l)
		return;
	while (late_ns(l) <= l->w->now_ns)
		give_up(l->first);
	if (l->map_is_new)
		l2_nodes_apply(l);
	if (l->unsure && !l->looking && l->look_ns <= l->w->now_ns)
		l2_nodes_look(l);
	l2_stream_turn(l->stream);
	for (uint8_t i = 0; i < l->n_nodes; i++)
		l2_link_flush(&l->nodes[i]->link);
}

/* ---- writes ---------------------------------------------------------------------------------- */

/* A command that changes something, until its reply. */
struct l2_write {
	struct l2 *l;
	struct l2_node *node;
	enum breaker_verdict verdict;
	int redirects;
	enum metric metric;      /* what it counts as when it is done */
};

static l2_reply_fn on_written;

static void
give_write(struct l2_write *write, struct l2_node *n, struct buf *command)
{
	write->node = n;
	l2_link_call(&n->link, command, on_written, write);
}

static void
end_write(struct l2_write *write, bool good)
{
	struct l2 *l = write->l;

	metrics_add(l->w->metrics, good ? write->metric : METRIC_L2_DROPPED, 0, 1);
	free(write);
}

/* The command is taken out of the call that has brought it. */
static bool
write_elsewhere(struct l2_write *write, struct l2_call *call, const char *error)
{
	static const struct resp_word asking = { "ASKING", 6 };
	struct buf first = { 0 };
	bool ask;
	struct l2_node *n = l2_redirected(write->l, write->node, error, &ask);

	if (!n || write->redirects++ >= REDIRECTS_MAX)
		return false;
	if (ask) {
		resp_command(&first, &asking, 1);
		l2_link_call(&n->link, &first, NULL, NULL);
	}
	write->verdict = BREAKER_PASS;
	struct buf command = call->command;
	call->command = (struct buf){ 0 };
	give_write(write, n, &command);
	return true;
}

static void
on_written(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_write *write = call->ctx;
	struct l2 *l = write->l;
	bool good = how == L2_ANSWERED && r->kind != RESP_ERROR;
	bool moved = how == L2_ANSWERED && !good && l->c->cluster &&
	    (strncmp(r->error, "MOVED ", 6) == 0 || strncmp(r->error, "ASK ", 4) == 0);

	breaker_end(&write->node->writes, &l2_breaker, write->verdict,
	    good || moved ? OUTCOME_GOOD : OUTCOME_BAD, l->w->now_ns);
	if (moved && write_elsewhere(write, call, r->error))
		return;
	if (good)
		l2_tell_taken(l);
	else if (how == L2_ANSWERED && !moved)
		l2_tell_error(l, &write->node->link, r->error);
	if (how == L2_ANSWERED && !good && strncmp(r->error, "READONLY", 8) == 0 && l->c->n_servers > 1) {
		write->node->role = L2_ROLE_UNKNOWN;
		l2_nodes_doubt(l);
	}
	end_write(write, good);
}

static void
send_write(struct l2 *l, const struct l2_key *key, struct buf *command, enum metric metric)
{
	struct l2_write *write = calloc(1, sizeof(*write));

	if (!write)
		abort();
	*write = (struct l2_write){ .l = l, .metric = metric };
	struct l2_node *n = l2_writer(l, slot_of(l, key), &write->verdict);
	if (n) {
		give_write(write, n, command);
		return;
	}
	buf_done(command);
	end_write(write, false);
}

bool
l2_takes(const struct l2 *l, const struct l2_key *key, size_t bytes)
{
	const struct l2_node *n = l2_primary((struct l2 *)(uintptr_t)l, slot_of(l, key));

	return n && l2_link_takes(&n->link) && n->link.bytes + bytes <= QUEUE_BYTES &&
	    (n->writes.state != BREAKER_OPEN || l->w->now_ns >= n->writes.until_ns);
}

void
l2_set(struct l2 *l, const struct l2_key *key, struct text value, int64_t ttl_ns)
{
	struct buf command = { 0 };
	char ms[24];

	int n = snprintf(ms, sizeof(ms), "%lld", (long long)(ttl_ns / NS_PER_MS));
	resp_command(&command, (struct resp_word[]){ { "SET", 3 }, { key->text, key->size },
	    { value.at, value.size }, { "PX", 2 }, { ms, (size_t)n } }, 5);
	send_write(l, key, &command, METRIC_L2_WRITTEN);
}

void
l2_delete(struct l2 *l, const struct l2_key *key)
{
	struct buf command = { 0 };

	resp_command(&command, (struct resp_word[]){ { "DEL", 3 }, { key->text, key->size } }, 2);
	send_write(l, key, &command, METRIC_L2_DELETED);
}

/* ---- the whole ------------------------------------------------------------------------------- */

uint32_t
l2_count_conns(const struct gate_worker *w)
{
	return w->gate->l2.n_servers ? L2_NODES_MAX + 1 : 0;
}

static int
open_tls(const struct gate_worker *w, struct tls_context **ret, struct err *e)
{
	const struct gate_redis_tls *t = &w->gate->l2.tls;
	const struct tls_config config = {
		.verify = t->verify, .ca_file = t->ca_file, .certificate_file = t->certificate_file,
		.key_file = t->key_file,
	};
	int code = t->on ? tls_context_open(&config, ret, e) : 0;

	return code < 0 ? err_wrap(e, code, "%s:%d:%d: l2.tls", w->config->file, t->place.line, t->place.column) : 0;
}

int
l2_open(struct gate_worker *w, struct l2 **ret, struct err *e)
{
	struct tls_context *tls = NULL;
	int code = w->gate->l2.n_servers ? open_tls(w, &tls, e) : 0;

	if (code < 0 || !w->gate->l2.n_servers)
		return code;
	struct l2 *l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	*l = (struct l2){ .w = w, .c = &w->gate->l2, .tls = tls, .packer = l2_packer_new() };
	l->end = &l->first;
	l->value.cap_bytes = l2_reply_max(l->c);
	l->plain.cap_bytes = (size_t)l->c->value_bytes;
	l->stream = w->index == 0 ? l2_stream_open(l) : NULL;
	*ret = l;
	return 0;
}

void
l2_begin(struct l2 *l)
{
	if (l)
		l2_nodes_open(l);
}

void
l2_close(struct l2 *l)
{
	if (!l)
		return;
	l2_nodes_close(l);
	l2_stream_close(l->stream);
	tls_context_close(l->tls);
	l2_packer_free(l->packer);
	buf_done(&l->value);
	buf_done(&l->plain);
	free(l);
}

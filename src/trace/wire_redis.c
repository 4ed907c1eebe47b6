/* SPDX-License-Identifier: MIT */
/* Redis, RESP2 and RESP3: commands as far as their name and key, replies by net/resp.h.
 *
 * Each command has one reply, in order. A reply of which too little was copied is over when the
 * client asks again. */
#include "trace/wire_int.h"

#include <ctype.h>
#include <string.h>

#include "base/fingerprint.h"

enum { ARRAY, COUNT, STRING, SIZE, BYTES };   /* what the next byte is of */

#define WORDS_MAX (1 << 20)
#define BYTES_MAX (512 << 20)

/* ---- commands ------------------------------------------------------------------------------ */

static void
command_forget(struct redis_command *c)
{
	*c = (struct redis_command){ .state = ARRAY };
}

static bool
is_named(const struct redis_command *c, const char *name)
{
	return c->size[0] == strlen(name) && !strncasecmp(c->word[0], name, c->size[0]);
}

/* From then on the server says what nobody asked for. */
static bool
makes_silent(const struct redis_command *c)
{
	static const char *const names[] = { "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR",
		"PSYNC", "SYNC" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_named(c, names[i]))
			return true;
	return false;
}

static void
command_end(struct wire_link *l)
{
	struct redis_command *c = &l->redis->out;
	struct fingerprint_word words[REDIS_WORDS];
	size_t n = 0;

	for (; n < REDIS_WORDS && n < c->at; n++)
		words[n] = (struct fingerprint_word){ c->word[n], c->size[n] };
	bool silent = makes_silent(c);
	if (n && !silent && !l->redis->silent)
		wire_ask(l, wire_command(l, words, n), 0, true);
	l->redis->silent |= silent;
	command_forget(c);
}

static void
word_end(struct wire_link *l)
{
	struct redis_command *c = &l->redis->out;
	c->at++;
	c->state = STRING;
	if (c->at == c->words)
		command_end(l);
}

static void
line_end(struct redis_command *c)
{
	if (c->state == COUNT) {
		c->words = c->number;
		c->lost = !c->words || c->words > WORDS_MAX;
		c->state = STRING;
		return;
	}
	c->lost = c->number > BYTES_MAX;
	c->left = (uint64_t)c->number + 2;      /* and the end of its line */
	c->state = BYTES;
}

static void
frame_byte(struct redis_command *c, uint8_t byte)
{
	if (c->state == ARRAY || c->state == STRING) {
		c->lost = byte != (c->state == ARRAY ? '*' : '$');
		c->state++;
		c->number = 0;
	} else if (byte == '\n') {
		line_end(c);
	} else if (isdigit(byte) && c->number < BYTES_MAX) {
		c->number = c->number * 10 + (byte - '0');
	} else {
		c->lost = byte != '\r';
	}
}

static size_t
take_bytes(struct wire_link *l, const uint8_t *bytes, size_t size)
{
	struct redis_command *c = &l->redis->out;
	size_t n = size < c->left ? size : (size_t)c->left;
	for (size_t i = 0; i < n && c->at < REDIS_WORDS && c->size[c->at] < REDIS_WORD; i++)
		if (c->left - i > 2)
			c->word[c->at][c->size[c->at]++] = (char)bytes[i];
	c->left -= n;
	if (!c->left)
		word_end(l);
	return n;
}

static void
command_feed(struct wire_link *l, const uint8_t *bytes, size_t size)
{
	struct redis_command *c = &l->redis->out;
	while (size && !c->lost) {
		size_t n = 1;
		if (c->state == BYTES)
			n = take_bytes(l, bytes, size);
		else
			frame_byte(c, bytes[0]);
		bytes += n;
		size -= n;
	}
}

/* What was not copied belongs to the string that was begun; else to words that do not matter, and
 * writes end with a command. */
static void
command_skip(struct wire_link *l, size_t gap)
{
	struct redis_command *c = &l->redis->out;
	if (!gap || c->lost)
		return;
	if (c->state == BYTES && gap < c->left) {
		c->left -= gap;
		return;
	}
	if (c->words)
		command_end(l);
	command_forget(c);
}

/* ---- replies ------------------------------------------------------------------------------- */

static void
reply_forget(struct wire_redis *r)
{
	r->in = (struct resp){ 0 };
	resp_start(&r->in, NULL);
	r->in_lost = false;
	r->answer_bytes = 0;
}

static uint32_t
values(const struct resp *p)
{
	if (p->kind == RESP_ERROR || p->values < 0)
		return 0;
	return p->values < UINT32_MAX ? (uint32_t)p->values : UINT32_MAX;
}

static void
reply_feed(struct wire_link *l, const uint8_t *bytes, size_t size)
{
	struct wire_redis *r = l->redis;
	while (size && !r->in_lost) {
		size_t used;
		enum resp_verdict v = resp_feed(&r->in, bytes, size, &used);
		r->answer_bytes += used;
		bytes += used;
		size -= used;
		if (v == RESP_BAD)
			r->in_lost = true;
		if (v == RESP_DONE)
			wire_answer(l, &l->now, values(&r->in), r->answer_bytes,
			    r->in.errors ? REPLY_ERROR : 0);
		if (v == RESP_DONE || v == RESP_PUSHED)
			reply_forget(r);
	}
	r->answer_bytes += size;
}

/* Within a string any bytes do in place of those that were not copied. */
static void
reply_skip(struct wire_link *l, size_t gap)
{
	static const uint8_t filler[512];
	struct wire_redis *r = l->redis;
	if (gap && !r->in_lost && r->in.left < gap) {
		struct wire_question *q = wire_oldest(l);
		if (q)
			q->rows = values(&r->in);
		r->in_lost = true;
	}
	for (size_t n; gap; gap -= n) {
		n = gap < sizeof(filler) ? gap : sizeof(filler);
		reply_feed(l, filler, n);
	}
}

static void
received(struct wire_link *l, const struct wire_bytes *b)
{
	reply_feed(l, b->begun, b->n_begun);
	reply_skip(l, b->size - b->n_begun - b->n_ended);
	reply_feed(l, b->ended, b->n_ended);
}

/* ---- the protocol -------------------------------------------------------------------------- */

static void
forget(struct wire_link *l)
{
	if (l->redis->in_lost)
		wire_settle(l, l->redis->answer_bytes);
	reply_forget(l->redis);
	command_forget(&l->redis->out);
}

static void
sent(struct wire_link *l, const struct wire_bytes *b)
{
	if (l->redis->in_lost) {
		wire_settle(l, l->redis->answer_bytes);
		reply_forget(l->redis);
	}
	if (l->redis->out.lost)
		command_forget(&l->redis->out);
	command_feed(l, b->begun, b->n_begun);
	command_skip(l, b->size - b->n_begun);
}

static bool
is_redis(const uint8_t *b, size_t size, bool written)
{
	size_t at = 1;
	if (!written || size < 5 || b[0] != '*' || !isdigit(b[1]))
		return false;
	while (at < size && isdigit(b[at]))
		at++;
	return at + 2 < size && b[at] == '\r' && b[at + 1] == '\n' && b[at + 2] == '$';
}

const struct wire_protocol wire_redis = {
	.kind = "redis", .port = 6379, .is = is_redis, .sent = sent, .received = received,
	.forget = forget,
};

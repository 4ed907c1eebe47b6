/* SPDX-License-Identifier: MIT */
#include "base/fingerprint.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 24      /* of a command, or of a part of a key that is no id */
#define UUID_BYTES     36

enum shape { KEY, KEY_AND_FIELD, SUBCOMMAND, NOTHING };

/* What follows a name that may be told; others have a key first. */
static const struct { const char *name; enum shape shape; } shapes[] = {
	{ "HGET", KEY_AND_FIELD }, { "HSET", KEY_AND_FIELD }, { "HDEL", KEY_AND_FIELD },
	{ "HEXISTS", KEY_AND_FIELD }, { "HINCRBY", KEY_AND_FIELD },
	{ "HINCRBYFLOAT", KEY_AND_FIELD }, { "HMGET", KEY_AND_FIELD },
	{ "HMSET", KEY_AND_FIELD }, { "HSETNX", KEY_AND_FIELD },
	{ "HSTRLEN", KEY_AND_FIELD },
	{ "ACL", SUBCOMMAND }, { "CLIENT", SUBCOMMAND }, { "CLUSTER", SUBCOMMAND },
	{ "COMMAND", SUBCOMMAND }, { "CONFIG", SUBCOMMAND }, { "DEBUG", SUBCOMMAND },
	{ "FUNCTION", SUBCOMMAND }, { "LATENCY", SUBCOMMAND }, { "MEMORY", SUBCOMMAND },
	{ "MODULE", SUBCOMMAND }, { "OBJECT", SUBCOMMAND }, { "PUBSUB", SUBCOMMAND },
	{ "SCRIPT", SUBCOMMAND }, { "SLOWLOG", SUBCOMMAND }, { "XGROUP", SUBCOMMAND },
	{ "XINFO", SUBCOMMAND },
	{ "AUTH", NOTHING }, { "DISCARD", NOTHING }, { "ECHO", NOTHING }, { "EVAL", NOTHING },
	{ "EVALSHA", NOTHING }, { "EVALSHA_RO", NOTHING }, { "EVAL_RO", NOTHING },
	{ "EXEC", NOTHING }, { "HELLO", NOTHING }, { "INFO", NOTHING }, { "MIGRATE", NOTHING },
	{ "MULTI", NOTHING }, { "PING", NOTHING }, { "QUIT", NOTHING }, { "RANDOMKEY", NOTHING },
	{ "SELECT", NOTHING }, { "SWAPDB", NOTHING }, { "WAIT", NOTHING },
};

struct pen { char *out; size_t n; };

static void
put(struct pen *p, char c)
{
	if (p->n + 1 < FINGERPRINT_COMMAND_MAX)
		p->out[p->n++] = c;
}

static bool
is_separator(char c)
{
	return c && strchr(":./-_|{}[]()*#,;~", c);
}

static bool
is_uuid(const char *s, size_t size)
{
	if (size < UUID_BYTES || (size > UUID_BYTES && !is_separator(s[UUID_BYTES])))
		return false;
	for (size_t i = 0; i < UUID_BYTES; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return true;
}

/* How many letters of this part of a key are its name: all, or those in front of a number. */
static size_t
named_part(const char *s, size_t size, bool *ret_all)
{
	size_t letters = 0, digits = 0;
	bool hex = true;
	while (letters < size && isalpha((unsigned char)s[letters])) {
		hex &= isxdigit((unsigned char)s[letters]) != 0;
		letters++;
	}
	while (letters + digits < size && isdigit((unsigned char)s[letters + digits]))
		digits++;
	*ret_all = letters == size && letters <= NAME_MAX_BYTES;
	if (*ret_all)
		return letters;
	return letters + digits == size && !hex && letters <= NAME_MAX_BYTES ? letters : 0;
}

/* Numbers, hashes, UUIDs and all that is no plain word become ?. */
static void
put_key(struct pen *p, const char *s, size_t size)
{
	for (size_t at = 0, n; at < size; at += n) {
		bool all;
		n = 1;
		if (is_separator(s[at])) {
			put(p, s[at]);
			continue;
		}
		if (is_uuid(s + at, size - at)) {
			n = UUID_BYTES;
			put(p, '?');
			continue;
		}
		while (at + n < size && !is_separator(s[at + n]))
			n++;
		size_t named = named_part(s + at, n, &all);
		for (size_t i = 0; i < named; i++)
			put(p, s[at + i]);
		if (!all)
			put(p, '?');
	}
}

static bool
put_name(struct pen *p, const struct fingerprint_word *w)
{
	if (w->size > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < w->size; i++)
		if (!isalpha((unsigned char)w->text[i]) && (!w->text[i] || !strchr("._-", w->text[i])))
			return false;
	for (size_t i = 0; i < w->size; i++)
		put(p, (char)toupper((unsigned char)w->text[i]));
	return w->size > 0;
}

static enum shape
shape_of(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (!strcmp(shapes[i].name, name))
			return shapes[i].shape;
	return KEY;
}

void
fingerprint_command(const struct fingerprint_word *words, size_t n,
    char out[FINGERPRINT_COMMAND_MAX])
{
	struct pen p = { .out = out };
	if (!n || !put_name(&p, &words[0])) {
		strcpy(out, "(command)");
		return;
	}
	out[p.n] = '\0';
	enum shape shape = shape_of(out);
	size_t keys = shape == KEY_AND_FIELD ? 2 : shape == KEY ? 1 : 0;
	for (size_t i = 1; i < n && i <= keys; i++) {
		put(&p, ' ');
		put_key(&p, words[i].text, words[i].size);
	}
	if (shape == SUBCOMMAND && n > 1) {
		size_t before = p.n;
		put(&p, ' ');
		if (!put_name(&p, &words[1]))
			p.n = before;
	}
	out[p.n] = '\0';
}

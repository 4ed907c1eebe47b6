/* SPDX-License-Identifier: MIT */
/* Statements and commands to texts of the tape. */
#include "trace/wire_int.h"

#include <stdio.h>
#include <string.h>

#include "base/fingerprint.h"

#define MEMO_MAX      4096     /* statements whose fingerprint is remembered */
#define KEYS_MAX      64       /* patterns of keys that begin alike */
#define COMMANDS_MAX  1024

uint32_t
wire_name(struct wire_link *l, const char *text)
{
	return tape_name(l->wire->tape, text);
}

const char *
wire_text(const struct wire_link *l, uint32_t name)
{
	return tape_text(l->wire->tape, name);
}

/* Keys that are names ("cart:alice") would make a pattern each: when there are too many that begin
 * alike, only the beginning is told. */
static void
fold_keys(struct map *commands, char *print)
{
	char *key = strchr(print, ' ');
	if (!key || map_find(commands, print, strlen(print)))
		return;
	char *part = key + 1 + strcspn(key + 1, ":./-_|");
	size_t begin = (size_t)(*part ? part + 1 - print : key + 1 - print);
	bool full = commands->count >= COMMANDS_MAX;
	if (!full && ++*map_at(commands, print, begin, NULL) <= KEYS_MAX) {
		map_at(commands, print, strlen(print), NULL);
		return;
	}
	strcpy(full ? key + 1 : print + begin, "?");
}

static void
keep_command(struct tape *t, uint32_t name, const struct fingerprint_word *words, size_t n)
{
	char text[REDIS_WORDS * (REDIS_WORD + 1)];
	size_t at = 0;
	for (size_t i = 0; i < n && i < REDIS_WORDS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s", i ? " " : "",
		    (int)(words[i].size < REDIS_WORD ? words[i].size : REDIS_WORD), words[i].text);
	tape_keep_example(t, name, text, at < sizeof(text) ? at : sizeof(text) - 1);
}

uint32_t
wire_command(struct wire_link *l, const struct fingerprint_word *words, size_t n)
{
	char print[FINGERPRINT_COMMAND_MAX + 1];    /* one more for a ? */
	fingerprint_command(words, n, print);
	fold_keys(&l->wire->commands, print);
	uint32_t name = tape_name(l->wire->tape, print);
	keep_command(l->wire->tape, name, words, n);
	return name;
}

uint32_t
wire_sql(struct wire_link *l, const char *text, size_t size, bool cut)
{
	char copy[PG_KEPT + 1], print[PG_KEPT + 8];
	struct map *memo = &l->wire->memo;
	bool new;

	if (size > PG_KEPT)
		size = PG_KEPT;
	memcpy(copy, text, size);
	copy[size] = '\0';
	size = strlen(copy);
	if (!cut && memo->count > MEMO_MAX)
		map_done(memo);
	uint64_t once = 0, *name = cut ? &once : map_at(memo, copy, size, &new);
	if (cut || new) {
		fingerprint_sql(copy, print, PG_KEPT);
		if (cut)
			strcat(print, " ...");
		*name = tape_name(l->wire->tape, print[0] ? print : "(empty)");
		tape_keep_example(l->wire->tape, (uint32_t)*name, copy, size);
	}
	return (uint32_t)*name;
}

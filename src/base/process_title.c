/* SPDX-License-Identifier: MIT */
#include "base/process_title.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool
read_port(const char *text, const char *end, uint16_t *ret)
{
	char *after;
	unsigned long port = strtoul(text, &after, 10);

	if (after == text || after != end || port == 0 || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

/* The word before that of the host, which ends at `open`. */
static void
read_database(const char *title, const char *open, struct process_title *ret)
{
	const char *host = open, *end;

	while (host > title && host[-1] != ' ')
		host--;
	end = host > title ? host - 1 : host;
	const char *begin = end;
	while (begin > title && begin[-1] != ' ')
		begin--;
	snprintf(ret->database, sizeof(ret->database), "%.*s", (int)(end - begin), begin);
}

/* "postgres: USER DATABASE HOST(PORT) UPDATE waiting" (PostgreSQL's documentation, "Standard Unix Tools"). */
static bool
parse_postgres(const char *title, struct process_title *ret)
{
	static const char waiting[] = " waiting";
	const char *open = strrchr(title, '('), *close = open ? strchr(open, ')') : NULL;

	if (!close || !read_port(open + 1, close, &ret->client))
		return false;
	const char *doing = close + 1 + strspn(close + 1, " ");
	size_t size = strlen(doing);
	while (size && doing[size - 1] == ' ')
		size--;
	const size_t tail = sizeof(waiting) - 1;
	ret->waits = size >= tail && !strncmp(doing + size - tail, waiting, tail);
	size -= ret->waits ? tail : 0;
	snprintf(ret->doing, sizeof(ret->doing), "%.*s", (int)size, doing);
	read_database(title, open, ret);
	ret->program = "postgres";
	return true;
}

/* "/usr/bin/redis-server 127.0.0.1:6379 [cluster]" */
static bool
parse_redis(const char *title, struct process_title *ret)
{
	static const char *const programs[] = { "redis-server", "valkey-server", "keydb-server" };
	const char *space = strchr(title, ' '), *name = title;

	for (const char *at = title; space && at < space; at++)
		name = *at == '/' ? at + 1 : name;
	for (size_t i = 0; space && i < COUNT_OF(programs); i++) {
		if ((size_t)(space - name) != strlen(programs[i]) || strncmp(name, programs[i], strlen(programs[i])) != 0)
			continue;
		const char *end = space + 1 + strcspn(space + 1, " "), *colon = NULL;
		for (const char *at = space; at < end; at++)
			colon = *at == ':' ? at : colon;
		ret->program = programs[i];
		return colon && read_port(colon + 1, end, &ret->port);
	}
	return false;
}

bool
process_title_parse(const char *title, struct process_title *ret)
{
	*ret = (struct process_title){ 0 };
	return strncmp(title, "postgres: ", strlen("postgres: ")) ? parse_redis(title, ret) : parse_postgres(title, ret);
}

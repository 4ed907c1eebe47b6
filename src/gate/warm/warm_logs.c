/* SPDX-License-Identifier: MIT */
#include "gate/warm/warm_logs.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cache/key.h"
#include "gate/notice.h"
#include "import/log_chunks.h"
#include "import/log_line.h"

/* A log and what it is read with; too large for a stack. */
struct reading {
	struct gate *gate;
	struct popular *popular;
	const struct log_kind *kind;
	struct log_chunks chunks;
	struct log_entry entry;
	struct buf item;
	char text[LOG_CHUNK_BYTES + LOG_LINE_MAX + 1];
};

/* Path and query of a target, which may be a URL with a host of its own. */
static bool
split_target(struct slice target, struct text *ret_host, struct text *ret_path)
{
	const char *end = target.at + target.size, *mark;

	*ret_path = (struct text){ target.at, target.size };
	if (target.size && target.at[0] == '/')
		return true;
	mark = memmem(target.at, target.size, "://", 3);
	const char *path = mark ? memchr(mark + 3, '/', (size_t)(end - mark - 3)) : NULL;
	if (!path)
		return false;
	*ret_host = (struct text){ mark + 3, (size_t)(path - mark - 3) };
	*ret_path = (struct text){ path, (size_t)(end - path) };
	return true;
}

bool
warm_log_item(const struct gate_config *c, const struct log_entry *entry, const char *host, struct buf *ret)
{
	struct text at = { entry->host.at, entry->host.size }, path;
	char text[CACHE_KEY_MAX];
	struct cache_key key;

	if (entry->method.size != 3 || memcmp(entry->method.at, "GET", 3) != 0 ||
	    (entry->status && entry->status != 304 && (entry->status < 200 || entry->status > 299)) ||
	    !split_target(entry->target, &at, &path))
		return false;
	if (!at.size && host)
		at = (struct text){ host, strlen(host) };
	if (!at.size || cache_key_write(false, at, path, text, &key) < 0 || key.ambiguous)
		return false;
	const char *query = memchr(key.target.at, '?', key.target.size);
	const char *port = memrchr(at.at, ':', at.size), *bracket = memchr(at.at, ']', at.size);
	const struct gate_route *route = gate_route_find(c,
	    (struct text){ at.at, port && port > bracket ? (size_t)(port - at.at) : at.size },
	    (struct text){ key.target.at, query ? (size_t)(query - key.target.at) : key.target.size });
	if (!route || !route->cache.enabled)
		return false;
	buf_clear(ret);
	buf_append(ret, key.uri.at, key.uri.size);
	return true;
}

static void
take_line(struct reading *r, const char *line, size_t size)
{
	const struct gate_config *c = r->gate->config;
	struct log_entry *e = &r->entry;
	size_t n = c->warming.n_hosts;

	e->method = e->target = e->host = (struct slice){ NULL, 0 };
	e->status = 0;
	e->time_ns = -1;
	if (size && line[size - 1] == '\r')
		size--;
	if (!size || *line == '#' || r->kind->parse(line, size, e) != LOG_REQUEST)
		return;
	int64_t now = wall_ns(), at = e->time_ns >= 0 && e->time_ns < now ? e->time_ns : now;
	for (size_t i = 0; i < (e->host.size || !n ? 1 : n); i++)
		if (warm_log_item(c, e, n ? c->warming.hosts[i] : NULL, &r->item))
			popular_add(r->popular, (struct text){ r->item.data, r->item.size }, 1, at);
}

static void
take_chunk(struct reading *r, const struct log_chunk *chunk)
{
	const char *end = chunk->text + chunk->size;

	for (const char *at = chunk->text, *next; at < end; at = next) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		next = line ? line + 1 : end;
		size_t size = (size_t)((line ? line : end) - at);
		if (size <= LOG_LINE_MAX)
			take_line(r, at, size);
	}
}

static void
source_close_p(struct source **s)
{
	source_close(*s);
}

static int
read_log(struct reading *r, const char *path, struct err *e)
{
	CLEANUP(source_close_p) struct source *source = NULL;
	struct log_chunk chunk = { .text = r->text };
	size_t size;

	int code = source_open(path, &source, e);
	if (code < 0)
		return code;
	const char *head = source_head(source, &size);
	if (!size)
		return 0;
	r->kind = log_kind_of(head, size);
	if (!r->kind)
		return err_usage(e, "%s: not an access log that prony knows", path);
	log_chunks_start(&r->chunks, &source, 1);
	while (!atomic_load(&r->gate->draining) && log_chunks_next(&r->chunks, &chunk))
		take_chunk(r, &chunk);
	code = r->chunks.failed;
	if (code < 0)
		*e = r->chunks.why;
	log_chunks_done(&r->chunks);
	return code;
}

void
warm_read_logs(struct gate *gate, struct popular *p)
{
	const struct gate_warming *c = &gate->config->warming;
	CLEANUP(free_p) struct reading *r = calloc(1, sizeof(*r));

	if (!r)
		return;
	r->gate = gate;
	r->popular = p;
	for (size_t i = 0; i < c->n_logs; i++) {
		struct err e = { 0 };
		if (read_log(r, c->logs[i], &e) < 0)
			notice_post(gate->notices, "a log is not read for what is popular: %s", e.text);
	}
	buf_done(&r->item);
}

/* SPDX-License-Identifier: MIT */
/* What a worker owns: made before the first phase, kept from phase to phase. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "load/program.h"
#include "load/stream.h"
#include "load/told.h"
#include "load/unpack.h"
#include "load/wire.h"
#include "load/worker.h"
#include "net/tls.h"

#define TLS_BUFFERED_MAX 256   /* connections of a worker that keep their buffers of TLS: caches hold no more */

/* All slots unused, the first connection's first. */
static void
list_slots(struct worker *w)
{
	uint32_t n = w->max_conns * w->depth;

	for (uint32_t i = 0; i < n + SLOT_LISTS; i++)
		w->slots[i].before = w->slots[i].after = i;
	for (uint32_t i = 0; i < n; i++) {
		struct exchange *x = &w->slots[i];
		uint32_t head = n + SLOT_UNUSED;
		x->list = SLOT_UNUSED;
		x->after = head;
		x->before = w->slots[head].before;
		w->slots[x->before].after = i;
		w->slots[head].before = i;
	}
}

static void *
allocate(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		abort();
	return p;
}

/* TLS resumes sessions and is not shared between threads: each worker has its own. */
static int
open_tls(struct worker *w, struct err *e)
{
	const struct program *p = w->program;
	const char *const alpn[] = { p->protocol->alpn, NULL };
	const struct tls_config config = {
		.host = p->target.host, .alpn = p->protocol->alpn ? alpn : NULL,
		.verify = !p->insecure, .ca_file = p->ca, .reuse = p->tls_resume,
		.keep_buffers = w->max_conns <= TLS_BUFFERED_MAX,
	};
	return url_is_secure(&p->target) ? tls_context_open(&config, &w->tls, e) : 0;
}

int
worker_open(struct worker *w, struct err *e)
{
	const struct protocol *p = w->program->protocol;
	size_t slots = (size_t)w->max_conns * w->depth;
	struct engine_sink sink = wire_sink;

	w->conns = allocate(w->max_conns, sizeof(*w->conns));
	w->slots = allocate(slots + SLOT_LISTS, sizeof(*w->slots));
	w->states = allocate(w->max_conns, p->state_bytes);
	w->slot_states = allocate(slots, p->slot_bytes);
	w->route_states = allocate(w->program->n_routes, p->route_bytes);
	w->captures = allocate(slots, sizeof(*w->captures));
	w->streams = allocate(slots, sizeof(*w->streams));
	w->rows = allocate(w->program->n_feeders, sizeof(*w->rows));
	w->arena = arena_new();
	w->own = allocate(1, p->worker_bytes);
	w->gathered = allocate(w->max_conns, sizeof(*w->gathered));
	list_slots(w);
	sink.ctx = w;
	pthread_mutex_init(&w->lock, NULL);
	int code = open_tls(w, e);
	if (code < 0)
		return code;
	sessions_open(w);
	code = w->ops->open(w->max_conns, &sink, &w->engine);
	return code < 0 ? err_set(e, -code, "cannot open the load engine: %s", strerror(-code)) : 0;
}

/* What a slot has kept of answers. */
static void
take_apart(struct worker *w, uint32_t slot)
{
	struct capture *c = w->captures[slot];
	struct stream *s = w->streams[slot];

	if (c) {
		buf_done(&c->head);
		buf_done(&c->body);
		buf_done(&c->unpacked);
	}
	if (s)
		stream_done(s);
	free(c);
	free(s);
}

void
worker_close(struct worker *w)
{
	if (!w->conns)
		return;
	for (uint32_t i = 0; i < w->max_conns; i++)
		if (w->conns[i].state != CONN_CLOSED)
			wire_close(w, i);
	for (uint32_t i = 0; w->program->protocol->done && i < w->max_conns; i++)
		w->program->protocol->done(w, i);
	if (w->program->protocol->worker_done)
		w->program->protocol->worker_done(w);
	w->ops->close(w->engine);
	tls_context_close(w->tls);
	pthread_mutex_destroy(&w->lock);
	for (uint32_t i = 0; i < w->max_conns * w->depth; i++)
		take_apart(w, i);
	told_close(w);
	sessions_close(w);
	unpack_free(w->unpack);
	arena_free(w->arena);
	void *const owned[] = { w->captures, w->streams, w->rows, w->conns, w->slots, w->states,
		w->slot_states, w->route_states,
		w->own, w->gathered };
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
	buf_done(&w->out);
	buf_done(&w->cipher);
	buf_done(&w->plain);
	buf_done(&w->body);
	w->conns = NULL;
}

struct template_values
worker_values(struct worker *w, const struct view *variables, int64_t index, uint64_t seed)
{
	const struct program *p = w->program;

	for (size_t i = 0; i < p->n_feeders; i++)
		w->rows[i] = feeder_row(p->feeders[i], p->seed, (uint64_t)index);
	return (struct template_values){
		.variables = variables, .rows = w->rows, .seed = seed, .sequence = (uint64_t)index,
		.wall_ns = wall_ns(),
	};
}

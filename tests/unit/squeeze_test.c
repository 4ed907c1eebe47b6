/* SPDX-License-Identifier: MIT */
/* Compressed forms of what is stored: made along with the clients, and made again by the thread. */
#include "gate/compress/squeeze.h"

#include <sched.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "check.h"
#include "gate/compress/making.h"
#include "gate/gate_int.h"

#define BODY 400000
#define PATIENCE_NS (20 * NS_PER_S)

static const char config_text[] =
    "listen: :1\n"
    "upstreams: { a: { servers: ['h:1'] } }\n"
    "routes:\n"
    "- { match: /hot, upstream: a, cache: { enabled: true }, compress: { enabled: true } }\n"
    "- { match: /, upstream: a, cache: { enabled: true }, compress: { enabled: true, recompress: false } }\n";

static void
wake(struct engine *g)
{
}

static const struct engine_ops ops = { .wake = wake };

struct world {
	struct arena *arena;
	struct gate_config *config;
	struct gate gate;
	struct gate_seat seat;
	struct gate_worker *w;
	char body[BODY];
};

static struct world *
world_new(void)
{
	struct world *x = calloc(1, sizeof(*x));
	struct store_settings settings = { .limit_bytes = (size_t)16 << 20, .max_workers = 2 };
	struct err e = { 0 };

	x->arena = arena_new();
	assert_int_equal(gate_config_parse(config_text, strlen(config_text), "x", x->arena, &x->config, &e), 0);
	assert_int_equal(store_new(&settings, &x->gate.store, &e), 0);
	x->gate.config = x->config;
	x->gate.workers = &x->seat;
	x->gate.n_workers = 1;
	x->w = &x->seat.w;
	*x->w = (struct gate_worker){ .gate = &x->gate, .config = x->config, .ops = &ops, .shelf = shelf_new(),
		.store = store_worker_open(x->gate.store), .metrics = metrics_new(x->config),
		.makings = calloc(MAKING_SLOTS, sizeof(struct making *)) };
	assert_int_equal(squeeze_open(&x->gate, &e), 0);
	for (size_t i = 0; i < sizeof(x->body); i++)
		x->body[i] = "a body of few letters"[(i * i + i / 977) % 21];
	return x;
}

static void
world_done(struct world *x)
{
	squeeze_stop(x->gate.squeeze);
	squeeze_close(x->gate.squeeze);
	for (int i = 0; i < MAKING_SLOTS; i++)
		assert_null(x->w->makings[i]);
	free(x->w->makings);
	shelf_free(x->w->shelf);
	metrics_free(x->w->metrics);
	buf_done(&x->w->packed);
	store_worker_close(x->w->store);
	store_free(x->gate.store);
	arena_free(x->arena);
	free(x);
}

static struct store_fill *
begin(struct world *x, const char *key)
{
	struct store_ask ask = { .key = { key, strlen(key) } };
	struct store_meta meta = { .head = { "head", 4 }, .expires_ns = INT64_MAX, .body_bytes = BODY };
	struct store_fill *f;
	uint64_t flight;

	assert_int_equal(store_begin(x->w->store, &ask, (struct text){ 0 }, 1, &f, &flight), 0);
	assert_int_equal(store_fill_head(x->w->store, f, &meta), 0);
	return f;
}

static const struct store_object *
find(struct world *x, const char *key)
{
	struct store_ask ask = { .key = { key, strlen(key) } };
	struct store_found found;

	assert_int_equal(store_find(x->w->store, &ask, &found), STORE_FOUND);
	return found.object;
}

static const struct store_object *
put(struct world *x, const char *key, size_t size)
{
	struct store_fill *f = begin(x, key);

	assert_int_equal(store_append(x->w->store, f, x->body, size), 0);
	store_finish(x->w->store, f);
	return find(x, key);
}

static void
check_form(struct world *x, const struct store_object *form, size_t size)
{
	CLEANUP(buf_done) struct buf packed = { 0 };
	struct store_cursor c = { 0 };
	struct iovec v;
	char *plain = malloc(BODY);

	assert_non_null(form);
	while (store_read(x->w->store, form, &c, &v, 1, UINT64_MAX))
		buf_append(&packed, v.iov_base, v.iov_len);
	assert_int_equal(ZSTD_decompress(plain, BODY, packed.data, packed.size), size);
	assert_memory_equal(plain, x->body, size);
	free(plain);
}

static uint64_t
bytes_of(struct world *x, const struct store_object *o)
{
	uint64_t bytes;

	assert_int_equal(store_body(x->w->store, o, &bytes), STORE_WHOLE);
	return bytes;
}

/* ---- made along with clients ---- */

static void
all_readers_share_what_is_made(void **state)
{
	struct world *x = world_new();
	struct store_fill *f = begin(x, "k");
	const struct store_object *o = store_fill_object(f);
	struct making *m = making_join(x->w, o, BODY, CODING_ZSTD);

	assert_non_null(m);
	assert_int_equal(making_step(m), MAKING_WAITS);
	assert_int_equal(store_append(x->w->store, f, x->body, BODY - 1000), 0);
	assert_ptr_equal(making_join(x->w, o, BODY, CODING_ZSTD), m);
	struct making *other = making_join(x->w, o, BODY, CODING_GZIP);
	assert_ptr_not_equal(other, m);
	assert_int_equal(making_step(m), MAKING_GOES_ON);
	assert_int_equal(making_step(m), MAKING_GOES_ON);
	assert_int_equal(making_step(m), MAKING_WAITS);
	assert_null(form_find(x->w, o, CODING_ZSTD));
	making_leave(m);
	making_leave(other);
	assert_int_equal(store_append(x->w->store, f, x->body + BODY - 1000, 1000), 0);
	assert_int_equal(making_step(m), MAKING_IS_WHOLE);
	assert_int_equal(making_step(m), MAKING_IS_WHOLE);
	making_leave(m);
	store_finish(x->w->store, f);
	check_form(x, form_find(x->w, find(x, "k"), CODING_ZSTD), BODY);
	assert_null(form_find(x->w, find(x, "k"), CODING_GZIP));
	assert_int_equal(metrics_sum(&x->w->metrics, 1, METRIC_PLAIN, CODING_ZSTD), BODY);
	world_done(x);
}

/* The first that is whole is kept, another that was made meanwhile serves who reads it. */
static void
one_is_kept(void **state)
{
	struct world *x = world_new();
	const struct store_object *o = put(x, "k", BODY);
	struct making *m = making_join(x->w, o, BODY, CODING_ZSTD);
	struct store_object *form = store_form_begin(x->w->store, 5);

	assert_int_equal(making_step(m), MAKING_GOES_ON);
	assert_int_equal(store_form_append(x->w->store, form, "first", 5), 0);
	assert_true(form_put(x->w, o, CODING_ZSTD, form, false));
	store_release(x->w->store, form);
	while (making_step(m) != MAKING_IS_WHOLE)
		;
	check_form(x, m->form, BODY);
	making_leave(m);
	assert_int_equal(bytes_of(x, form_find(x->w, o, CODING_ZSTD)), 5);
	world_done(x);
}

/* ---- made again ---- */

static struct inquiry
inquiry_for(struct world *x, size_t route)
{
	return (struct inquiry){ .w = x->w, .route = &x->config->routes[route] };
}

/* So often found, and served in this form. */
static void
serve(struct world *x, const char *key, size_t route, int times, int32_t fresh_s)
{
	struct inquiry q = inquiry_for(x, route);
	struct cache_terms t = { .lifetime_s = fresh_s };

	for (int i = 0; i < times; i++) {
		const struct store_object *o = find(x, key);
		squeeze_note(&q, o, form_find(x->w, o, CODING_ZSTD), CODING_ZSTD, &t);
	}
}

static const struct store_object *
make_quick(struct world *x, const char *key, size_t size)
{
	const struct store_object *o = put(x, key, size);
	struct making *m = making_join(x->w, o, size, CODING_ZSTD);

	while (making_step(m) != MAKING_IS_WHOLE)
		;
	making_leave(m);
	return form_find(x->w, o, CODING_ZSTD);
}

static bool
comes(struct world *x)
{
	int64_t until = now_ns() + PATIENCE_NS;

	while (!atomic_load(&x->w->squeezed) && now_ns() < until)
		sched_yield();
	return atomic_load(&x->w->squeezed);
}

static void
what_is_hot_becomes_shorter(void **state)
{
	struct world *x = world_new();
	uint64_t quick = bytes_of(x, make_quick(x, "hot", 5000));

	make_quick(x, "soon", 5000);
	make_quick(x, "left", 5000);
	serve(x, "soon", 0, 9, 59);
	serve(x, "left", 1, 9, 3600);
	serve(x, "hot", 0, 2, 3600);
	assert_null(atomic_load(&x->w->squeezed));
	serve(x, "hot", 0, 1, 3600);
	assert_true(comes(x));
	assert_false(store_form_is_final(form_find(x->w, find(x, "hot"), CODING_ZSTD)));
	squeeze_turn(x->w);
	const struct store_object *form = form_find(x->w, find(x, "hot"), CODING_ZSTD);
	assert_true(store_form_is_final(form));
	assert_true(bytes_of(x, form) < quick);
	check_form(x, form, 5000);
	assert_false(store_form_is_final(form_find(x->w, find(x, "soon"), CODING_ZSTD)));
	assert_false(store_form_is_final(form_find(x->w, find(x, "left"), CODING_ZSTD)));
	assert_int_equal(metrics_sum(&x->w->metrics, 1, METRIC_RECOMPRESSED, CODING_ZSTD), 1);
	world_done(x);
}

/* It may end with some of it queued, some under way, some made. */
static void
ends_at_any_time(void **state)
{
	char key[16];

	for (int pause = 0; pause < 4; pause++) {
		struct world *x = world_new();
		for (int i = 0; i < 40; i++) {   /* more than are queued */
			snprintf(key, sizeof(key), "k%d", i);
			make_quick(x, key, 20000);
			serve(x, key, 0, 5, 3600);
		}
		for (int i = 0; i < pause * 100; i++)
			sched_yield();
		world_done(x);
	}
}

RUN_TESTS(
    cmocka_unit_test(all_readers_share_what_is_made), cmocka_unit_test(one_is_kept),
    cmocka_unit_test(what_is_hot_becomes_shorter), cmocka_unit_test(ends_at_any_time))

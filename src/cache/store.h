/* SPDX-License-Identifier: MIT */
/* The first level of the cache: answers in memory, shared by all workers of a process.
 *
 * Memory. Everything lies in one map of `limit_bytes` (a memfd): the store itself, index, keys, heads, bodies,
 * tags, ghosts. The limit is that of the resident memory: there is nothing else. What does not fit is refused
 * (-ENOSPC), never begged for elsewhere. A successor maps the same memory at the same place and uses it
 * beside this process, as the threads of one would; its locks know when their holder has died.
 *
 * Threads. Each thread opens one struct store_worker and uses the store through it alone. Finding takes
 * no lock. What store_find() shows stays readable until this worker's next store_turn() or
 * store_sleep(); whoever needs an object longer (a send that is under way) holds it. A worker that
 * neither turns nor sleeps keeps all memory that is freed meanwhile from being used again.
 *
 * Objects never change: key, vary, terms, head and tags are written once. An update (304) is a new
 * object over the same body. Only the body grows, while it arrives, and may be read meanwhile.
 *
 * One key has at most STORE_VARIANTS_MAX objects, newest first, told apart by `vary`: bytes that mean
 * nothing here; the caller's match() says whether they fit a request. Empty ones fit all.
 *
 * Instants are of one clock of the caller, which the successor shares: CLOCK_MONOTONIC. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/err.h"
#include "net/field.h"

#define STORE_LIMIT_MIN    ((size_t)8 << 20)
#define STORE_TERMS_MAX    128      /* bytes of the caller's terms, aligned to 16 */
#define STORE_TAGS_MAX     64
#define STORE_VARIANTS_MAX 32
#define STORE_FORMS        4        /* of one body */
#define STORE_RECORD_MAX   (1 << 18) /* key, vary and head together, bytes */

struct store;
struct store_worker;
struct store_object;
struct store_fill;

/* What an object is worth to keep. */
enum store_value {
	STORE_VALUE_REQUESTS,   /* each hit counts the same: most requests answered from memory */
	STORE_VALUE_BYTES,      /* a hit counts its bytes: least traffic to the origin */
	STORE_VALUE_COST,       /* a hit counts what the miss cost: least work of the origin */
};

struct store_settings {
	size_t limit_bytes;
	uint32_t max_workers;
	enum store_value value;
	uint64_t max_body_bytes;   /* longer ones are refused; 0: an eighth of the limit */
	const int *memory;         /* a memfd of the caller to lie in; NULL: one that nobody else can attach */
	uint64_t terms_layout;     /* stands for what the caller's terms look like */
};

/* ---- open and close: the control thread -------------------------------------------------------- */

/* An empty one. -errno and why not: the limit is below STORE_LIMIT_MIN, or there is no such memory. */
int store_new(const struct store_settings *settings, struct store **ret, struct err *e);
/* The store that lies in settings->memory already, made with the same settings; max_workers is what it was made
 * with. -errno and why not: another layout or size, or its place is taken. */
int store_attach(const struct store_settings *settings, struct store **ret, struct err *e);
void store_free(struct store *s);   /* for this process, after its workers; accepts NULL */
/* A process that used the store has ended, maybe killed: its workers, and its fills, whose flights are all below
 * this one. What it held stays in memory, at most what was being sent. */
void store_bury(struct store *s, pid_t pid, uint64_t flights_below);

/* NULL when max_workers are open. Opened and closed by any thread, used by one; starts awake. */
struct store_worker *store_worker_open(struct store *s);
void store_worker_close(struct store_worker *w);   /* accepts NULL */

/* Once a turn of the worker's loop, when no view of an unheld object is left. Also cleans up a
 * little: what expired, what was purged, what eviction learns from. */
void store_turn(struct store_worker *w, int64_t now_ns);
/* Around waiting for events: asleep, a worker uses nothing and keeps nobody from freeing. */
void store_sleep(struct store_worker *w);
void store_wake(struct store_worker *w);

/* ---- find ------------------------------------------------------------------------------------- */

typedef bool store_match_fn(void *ctx, struct text vary);

/* Between two of the same key, was anything purged that one filled in between would have to know of? */
struct store_moment {
	uint64_t purges, of_key;
};

struct store_ask {
	struct text key;         /* method, host, path as the caller has normalised them */
	store_match_fn *match;   /* NULL: only objects without vary fit */
	void *ctx;
	int64_t now_ns;
	/* store_begin: when the answer was asked for; NULL: now. Purges since then hold for it too. */
	const struct store_moment *since;
};

enum store_state {
	STORE_ABSENT,
	STORE_FILLING,       /* nothing to serve; `flight` is fetching it. Its object, when the head is there */
	STORE_FOUND,         /* an object, whole; whether it is fresh stands in its terms */
	STORE_UNCACHEABLE,   /* until `until_ns` known to be not worth waiting for others' answers */
};

struct store_found {
	enum store_state state;
	const struct store_object *object;   /* NULL: none */
	uint64_t flight;     /* of the fill that is under way, also beside STORE_FOUND; 0: none */
	int64_t until_ns;
	bool soft;           /* softly purged: to be treated as stale */
};

enum store_state store_find(struct store_worker *w, const struct store_ask *ask, struct store_found *ret);

/* Whether this key has objects with `vary`, and that of the newest one: what requests for it are told
 * apart by. Empty: none. Lives as a view does. */
struct text store_vary_of_key(struct store_worker *w, struct text key);

/* Now, for store_ask.since. */
struct store_moment store_moment(const struct store_worker *w, struct text key);

/* ---- objects ---------------------------------------------------------------------------------- */

/* What it was filled with; lives as the object is viewed or held. */
struct text store_head(const struct store_object *o);
struct text store_vary(const struct store_object *o);
const void *store_terms(const struct store_object *o);   /* aligned to 16 */
unsigned store_hits(const struct store_object *o);       /* how often it was found lately: 0 to 3 */

/* As purges see it: a tag that shares the counter of one of its own counts as its own. */
bool store_has_tag(const struct store_worker *w, const struct store_object *o, uint64_t tag);

/* From a view to a reference; each hold is released once, by any worker. */
void store_hold(const struct store_object *o);
void store_release(struct store_worker *w, const struct store_object *o);

enum store_extent {
	STORE_ARRIVING,   /* more will come */
	STORE_WHOLE,
	STORE_BROKEN,     /* the fill was aborted: no more comes */
};

/* How much of the body is there, and whether that is all. */
enum store_extent store_body(const struct store_worker *w, const struct store_object *o,
    uint64_t *ret_bytes);

/* Where a reader is in a body. Zeroed: at its start. Of one object, and those renewed from it. */
struct store_cursor {
	uint64_t at;         /* of the body's next byte */
	uint64_t chunk, chunk_start;
};

/* Moves to `at`, at most what is there; steps through the chunks, of up to 64 KiB each. */
void store_seek(const struct store_worker *w, const struct store_object *o, struct store_cursor *c,
    uint64_t at);
/* The next bytes that are there, in place: up to `n` pieces, at most max_bytes together; the cursor
 * stands behind them. They last as long as the object is viewed or held. Returns the pieces. */
size_t store_read(const struct store_worker *w, const struct store_object *o, struct store_cursor *c,
    struct iovec *out, size_t n, uint64_t max_bytes);

/* ---- fill --------------------------------------------------------------------------------------
 *
 * begin ─► head ─► append... ─► finish      an answer that is kept
 *     │        └─────────────► abort        broken off: what came stays readable for who holds it
 *     ├─► renew                             304: the old body under a new head
 *     ├─► refuse                            not to be kept, and remembered for a while
 *     └─► abort                             nothing came
 *
 * A fill belongs to one worker at a time. finish, renew, refuse and abort end it, whatever they return.
 * A purge meanwhile takes what is being filled out of the store; the fill itself goes on. */

/* Announces a fill for what `ask` asks for. `vary`: what the answer will probably be told apart by,
 * from store_vary_of_key and the request; empty when not known. `flight`: the caller's number, not 0.
 * -EBUSY: another flight is at it: *ret_flight. -ESTALE: purged since ask->since. -ENOSPC: fetch without
 * the store. */
int store_begin(struct store_worker *w, const struct store_ask *ask, struct text vary, uint64_t flight,
    struct store_fill **ret, uint64_t *ret_flight);

struct store_meta {
	struct text head, vary;
	const void *terms;
	size_t terms_size;          /* at most STORE_TERMS_MAX */
	const uint64_t *tags;       /* ids; the caller has hashed the words */
	size_t n_tags;              /* at most STORE_TAGS_MAX */
	int64_t expires_ns;         /* of no use afterwards, stale or not */
	uint64_t cost_us;           /* of the miss, to the origin; for STORE_VALUE_COST */
	int64_t body_bytes;         /* what Content-Length says; -1: not known */
};

/* The head is there: from now on others can read along. -EFBIG, -ENOSPC, -EINVAL: the fill is as it was,
 * to be refused or aborted. */
int store_fill_head(struct store_worker *w, struct store_fill *f, const struct store_meta *meta);
/* The object that is filled; NULL before its head. Lives as long as the fill, or as it is held. */
const struct store_object *store_fill_object(const struct store_fill *f);
/* More of the body. -EFBIG: nothing of it was taken; -ENOSPC: perhaps a part, store_body() tells. Then the
 * fill is to be aborted: who reads along has to get the rest in another way. */
int store_append(struct store_worker *w, struct store_fill *f, const void *bytes, size_t size);
void store_finish(struct store_worker *w, struct store_fill *f);
void store_abort(struct store_worker *w, struct store_fill *f);
void store_refuse(struct store_worker *w, struct store_fill *f, int64_t until_ns);
/* `old`: found or held. meta->body_bytes is not looked at. -errno: aborted. */
int store_renew(struct store_worker *w, struct store_fill *f, const struct store_object *old,
    const struct store_meta *meta);

/* ---- forms ------------------------------------------------------------------------------------
 *
 * The same body in other bytes (compressed), numbered by the caller. They belong to the body: all objects that
 * share it have them, and they go with it. A form is read and held as an object is; it is nothing but a body. */

/* The one that is whole; NULL: none. A view as that of the object. */
const struct store_object *store_form(const struct store_worker *w, const struct store_object *o,
    unsigned which);
bool store_form_is_final(const struct store_object *form);
/* It is being served; how often so far, 3 at most. */
unsigned store_form_note(const struct store_object *form);

/* An empty one, held by the caller alone until store_form_put. `expected`: bytes; -1: not known. NULL: no room. */
struct store_object *store_form_begin(struct store_worker *w, int64_t expected);
/* -ENOSPC: perhaps a part was taken; it is to be dropped. */
int store_form_append(struct store_worker *w, struct store_object *form, const void *bytes, size_t size);
/* It is whole. Where there is one it stays, unless this one is `final` and shorter; what is final stays then. The
 * caller still holds its form. False: it was not taken. */
bool store_form_put(struct store_worker *w, const struct store_object *o, unsigned which,
    struct store_object *form, bool final);
void store_form_drop(struct store_worker *w, struct store_object *form);   /* held by nobody else, not put */

/* ---- purge -------------------------------------------------------------------------------------
 *
 * In effect for all workers when the call returns. Fills that began before are purged as well. Soft: the
 * objects stay, as stale ones. A tag is purged in one write, however many objects have it; tags
 * share counters, so that rarely (one in some ten thousand) objects of another tag go too. */

enum store_purge {
	STORE_PURGE_HARD,
	STORE_PURGE_SOFT,
};

uint32_t store_purge_key(struct store_worker *w, struct text key, enum store_purge how);   /* objects */
void store_purge_tag(struct store_worker *w, uint64_t tag, enum store_purge how);
void store_purge_all(struct store_worker *w, enum store_purge how);

/* ---- counters --------------------------------------------------------------------------------- */

struct store_counts {
	uint64_t hits, misses;        /* store_find: found, anything else */
	uint64_t fills, finished, renewed, refused, aborted, full;   /* full: -ENOSPC, -EFBIG */
	uint64_t evicted, expired, purged;   /* objects */
	uint64_t objects;             /* now, with those that are being filled */
	uint64_t used_bytes, limit_bytes;
	double small_share;           /* of the queue of newcomers, as tuned now */
};

/* Summed over all workers. Any thread. */
void store_count(struct store *s, struct store_counts *ret);

/* SPDX-License-Identifier: MIT */
/* Short random histories of a resource (requests, an origin that changes and fails, jumps of the clock, purges) through
 * a cache made of the rules of cache/, judged by an oracle that knows them only as arithmetic over what the origin
 * meant: nothing meant for one reaches another, nothing is staler than somebody allowed, nothing outlives a
 * purge, parts are of one version, and what is fresh is served. A history that fails is shortened.
 *
 * CACHE_MODEL_HISTORIES: how many; CACHE_MODEL_SEED: the first one. */
#include <stdlib.h>

#include "base/random.h"
#include "cache/conditional.h"
#include "cache/etag.h"
#include "cache/head.h"
#include "cache/invalidate.h"
#include "cache/reuse.h"
#include "cache/update.h"
#include "cache/vary.h"
#include "cache_by_hand.h"
#include "check.h"

#define HISTORIES 100000
#define STEPS_MAX 12
#define SLOTS     16
#define FULL      12       /* bytes of a representation */
#define DISCONNECTED_S 86400

enum kind { ASK, WAIT, PURGE, CHANGE, DRIFT };   /* the last: it changes, and nobody says so */
enum wish { WISH_NONE, WISH_NO_CACHE, WISH_NO_STORE, WISH_MAX_AGE, WISH_MAX_STALE, WISH_MIN_FRESH, WISH_CACHED, WISHES };
enum answer_kind { ANSWERS, FAILS, SILENT };

/* What the origin means; a request's answer says so in fields. */
struct meaning {
	bool private, no_store, no_cache, public, strict, cookie, tagged, varies;
	int lifetime_s, shared_s, behind_s, error_s, age_s;   /* -1: does not say */
};

struct event {
	enum kind kind;
	int wait_s;
	bool head, authorized;
	int x;                   /* of the field X; 0: without it */
	enum wish wish;
	int wish_s;
	int first, bytes;        /* a range; 0 bytes: none */
	enum answer_kind origin;
	struct meaning meaning;
};

/* An answer in the store, and what the oracle knows of it. */
struct slot {
	bool used;
	struct cache_terms terms;
	char head[512], vary[256];
	size_t head_size, vary_size;
	char bytes[FULL];
	struct meaning meaning;  /* of the answer, or of what confirmed it last */
	int version, x;
	bool authorized;
	int64_t made_s;          /* when, less the Age that it came with */
	int step;                /* that brought or confirmed it */
};

struct world {
	const struct event *events;
	int n, at, version, purged;   /* purged: the last step that did */
	int64_t now_s;
	struct slot slots[SLOTS];
	const char *fault;
	uint64_t served, joined, confirmed, on_error;
};

/* ---- histories ---- */

struct draws {
	uint64_t seed, n;
};

static int
below(struct draws *d, int n)
{
	return (int)random_below(random_at(d->seed, d->n++), (uint64_t)n);
}

static struct meaning
draw_meaning(struct draws *d)
{
	static const int lifetimes[] = { -1, 0, 2, 5, 5, 60 };
	struct meaning m = { .private = !below(d, 8), .no_store = !below(d, 10), .no_cache = !below(d, 8), .public = !below(d, 4),
		.strict = !below(d, 6), .cookie = !below(d, 10), .tagged = below(d, 3), .varies = !below(d, 3),
		.lifetime_s = lifetimes[below(d, 6)], .shared_s = below(d, 6) ? -1 : below(d, 6),
		.behind_s = below(d, 5) ? -1 : 4, .error_s = below(d, 5) ? -1 : 6, .age_s = below(d, 5) ? 0 : below(d, 6) };

	return m;
}

static struct event
draw_event(struct draws *d)
{
	static const enum kind kinds[] = { ASK, ASK, ASK, ASK, ASK, ASK, ASK, WAIT, WAIT, PURGE, CHANGE, DRIFT };
	struct event e = { .kind = kinds[below(d, sizeof(kinds) / sizeof(kinds[0]))], .wait_s = 1 + below(d, 4), .head = !below(d, 10), .authorized = !below(d, 4),
		.x = below(d, 3), .wish = below(d, 3) ? WISH_NONE : (enum wish)below(d, WISHES), .wish_s = below(d, 8),
		.origin = below(d, 6) ? ANSWERS : below(d, 2) ? FAILS : SILENT };

	if (!below(d, 4)) {
		e.first = below(d, FULL);
		e.bytes = 1 + below(d, FULL - e.first);
	}
	e.meaning = draw_meaning(d);
	return e;
}

static int
draw_history(uint64_t seed, struct event events[STEPS_MAX])
{
	struct draws d = { seed, 0 };
	struct meaning steady = draw_meaning(&d);   /* an origin mostly means the same */
	int n = 2 + below(&d, STEPS_MAX - 1);

	for (int i = 0; i < n; i++) {
		events[i] = draw_event(&d);
		if (below(&d, 4))
			events[i].meaning = steady;
	}
	return n;
}

/* ---- what is said ---- */

static char
byte_of(int version, int x, int i)
{
	return (char)('a' + (version * 7 + x * 3 + i) % 26);
}

struct lines {
	char at[512];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void
say(struct lines *l, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	l->n += (size_t)vsnprintf(l->at + l->n, sizeof(l->at) - l->n, format, ap);
	va_end(ap);
}

static void
write_request(const struct event *e, struct lines *l)
{
	static const char *const wishes[WISHES] = { "", "no-cache", "no-store", "max-age", "max-stale", "min-fresh", "only-if-cached" };
	bool figure = e->wish == WISH_MAX_AGE || e->wish == WISH_MAX_STALE || e->wish == WISH_MIN_FRESH;

	if (e->authorized)
		say(l, "Authorization: Basic x\n");
	if (e->x)
		say(l, "X: %d\n", e->x);
	if (e->bytes)
		say(l, "Range: bytes=%d-%d\n", e->first, e->first + e->bytes - 1);
	if (figure)
		say(l, "Cache-Control: %s=%d\n", wishes[e->wish], e->wish_s);
	else if (e->wish)
		say(l, "Cache-Control: %s\n", wishes[e->wish]);
}

static void
write_answer(const struct world *w, const struct event *e, int status, struct lines *l)
{
	const struct meaning *m = &e->meaning;

	say(l, "Cache-Control: x%s%s%s%s%s", m->private ? ", private" : "", m->no_store ? ", no-store" : "", m->no_cache ? ", no-cache" : "",
	    m->public ? ", public" : "", m->strict ? ", must-revalidate" : "");
	if (m->lifetime_s >= 0)
		say(l, ", max-age=%d", m->lifetime_s);
	if (m->shared_s >= 0)
		say(l, ", s-maxage=%d", m->shared_s);
	if (m->behind_s >= 0)
		say(l, ", stale-while-revalidate=%d", m->behind_s);
	if (m->error_s >= 0)
		say(l, ", stale-if-error=%d", m->error_s);
	say(l, "\nAge: %d\n", m->age_s);
	if (m->cookie)
		say(l, "Set-Cookie: a=b\n");
	if (m->tagged)
		say(l, "ETag: \"%d-%d\"\n", w->version, m->varies ? e->x : 0);
	if (m->varies)
		say(l, "Vary: X\n");
	if (status == 206)
		say(l, "Content-Range: bytes %d-%d/%d\n", e->first, e->first + e->bytes - 1, FULL);
}

/* ---- the oracle ---- */

static int
lifetime_of(const struct meaning *m)
{
	return m->shared_s >= 0 ? m->shared_s : m->lifetime_s > 0 ? m->lifetime_s : 0;
}

static bool
is_strict(const struct meaning *m)
{
	return m->strict || m->shared_s >= 0;
}

static bool
may_be_shared(const struct slot *s)
{
	const struct meaning *m = &s->meaning;

	return !m->private && !m->no_store && !m->cookie && (!s->authorized || m->public || is_strict(m));
}

static bool
matches(const struct slot *s, const struct event *e)
{
	return !s->meaning.varies || s->x == e->x;
}

/* How stale it may be for this request; `failed`: the origin has, without (status 0) or with an answer. */
static int64_t
grace_of(const struct meaning *m, const struct event *e, bool failed)
{
	int64_t grace = 0, error = m->error_s;

	if (m->no_cache || m->strict)
		return 0;
	if (e->wish == WISH_MAX_STALE && !is_strict(m))
		grace = e->wish_s + 1;
	if (e->wish != WISH_MIN_FRESH && !failed && m->behind_s > grace)
		grace = m->behind_s;
	if (failed && error > grace)
		grace = error;
	if (failed && e->origin == SILENT && !is_strict(m))
		grace = DISCONNECTED_S;
	return grace;
}

static void
blame(struct world *w, const char *why)
{
	if (!w->fault)
		w->fault = why;
}

/* The answer of this slot is about to be served. */
static void
judge_served(struct world *w, const struct slot *s, const struct event *e, bool confirmed, bool failed)
{
	int64_t age = w->now_s - s->made_s, lifetime = lifetime_of(&s->meaning);

	if (cache_age_s(&s->terms, w->now_s * NS_PER_S) != age)
		blame(w, "its age is told wrongly");
	if (!may_be_shared(s) && !confirmed)
		blame(w, "it was for somebody else");
	if (!matches(s, e))
		blame(w, "it varies by what this request says otherwise");
	if (s->step <= w->purged)
		blame(w, "it was purged");
	if (confirmed)
		return;
	if (s->meaning.no_cache)
		blame(w, "no-cache, and nobody was asked");
	if (age >= lifetime + grace_of(&s->meaning, e, failed))
		blame(w, "it is too stale");
	if (e->wish == WISH_NO_CACHE || (e->wish == WISH_MAX_AGE && (age > e->wish_s || !e->wish_s)))
		blame(w, "the request wants it asked");
	if (e->wish == WISH_MIN_FRESH && !failed && lifetime - age < e->wish_s)
		blame(w, "the request wants it fresher");
}

/* The origin is asked although this could be served. */
static void
judge_asked(struct world *w, const struct slot *s, const struct event *e)
{
	int64_t age = w->now_s - s->made_s;
	bool held = !(s->terms.flags & TERMS_PARTIAL) ||
	    (e->bytes && !e->head && e->first >= s->terms.first && e->first + e->bytes <= s->terms.first + s->terms.held);

	if (may_be_shared(s) && matches(s, e) && s->step > w->purged && !s->meaning.no_cache && held &&
	    age < lifetime_of(&s->meaning) && (e->wish == WISH_NONE || e->wish == WISH_MAX_STALE || e->wish == WISH_CACHED))
		blame(w, "it is fresh, and was not served");
}

/* ---- the cache ---- */

static struct slot *
find(struct world *w, const struct http_fields *request)
{
	struct slot *best = NULL;

	for (struct slot *s = w->slots; s < w->slots + SLOTS; s++)
		if (s->used && cache_vary_matches((struct text){ s->vary, s->vary_size }, request) && (!best || s->step > best->step))
			best = s;
	return best;
}

static void
drop(struct world *w, const struct slot *like)
{
	for (struct slot *s = w->slots; s < w->slots + SLOTS; s++)
		if (s != like && s->used && s->vary_size == like->vary_size && memcmp(s->vary, like->vary, s->vary_size) == 0)
			s->used = false;
}

static struct slot *
take_slot(struct world *w)
{
	for (struct slot *s = w->slots; s < w->slots + SLOTS; s++)
		if (!s->used)
			return s;
	abort();
}

static void
keep_head(struct slot *s, const struct buf *head)
{
	assert_in_range(head->size, 1, sizeof(s->head));
	memcpy(s->head, head->data, head->size);
	s->head_size = head->size;
}

static void
know(struct world *w, struct slot *s, const struct event *e)
{
	s->meaning = e->meaning;
	s->authorized = e->authorized;
	s->made_s = w->now_s - e->meaning.age_s;
	s->step = w->at + 1;
}

static void
fill_bytes(struct slot *s, const struct event *e, const struct slot *part, const struct cache_join *j)
{
	int at = (int)j->old_before;

	if (part)
		memcpy(s->bytes, part->bytes, (size_t)j->old_before);
	int first = e->bytes ? e->first : 0, n = e->bytes ? e->bytes : FULL;
	for (int i = 0; i < n; i++)
		s->bytes[at + i] = byte_of(s->version, e->meaning.varies ? e->x : 0, first + i);
	if (part)
		memcpy(s->bytes + at + n, part->bytes + j->old_after_at, (size_t)j->old_after);
}

static void
store(struct world *w, const struct judged *j, const struct event *e, const struct slot *part)
{
	struct slot *s = take_slot(w);
	struct buf head = { 0 };
	struct cache_join join = { 0 };

	*s = (struct slot){ .used = true, .version = w->version, .x = e->x, .terms = j->terms };
	char vary[CACHE_VARY_MAX];
	int n = cache_vary_write(&j->answer.fields, &j->request_fields.fields, vary);
	cache_head_write(&j->answer.fields, &preset, &s->terms, &head);
	keep_head(s, &head);
	buf_done(&head);
	assert_in_range(n, 0, sizeof(s->vary));
	memcpy(s->vary, vary, s->vary_size = (size_t)n);
	if (!(s->terms.flags & TERMS_PARTIAL))
		s->terms.full_bytes = FULL;
	bool joins = part && cache_range_join(&part->terms, cache_etag(&part->terms, part->head), &s->terms,
	    cache_etag(&s->terms, s->head), &join);
	if (joins)
		s->terms = join.terms;
	w->joined += joins;
	know(w, s, e);
	fill_bytes(s, e, joins ? part : NULL, &join);
	drop(w, s);
}

static void
serve(struct world *w, const struct slot *s, const struct judged *j, const struct event *e, bool confirmed, bool failed)
{
	struct cache_ranges ranges;

	judge_served(w, s, e, confirmed, failed);
	enum cache_answer_kind kind = cache_answer_kind(&j->request, &j->request_fields.fields, &s->terms,
	    cache_etag(&s->terms, s->head), &ranges);
	int64_t first = kind == CACHE_ANSWER_PARTS ? ranges.at[0].first : 0;
	int64_t n = kind == CACHE_ANSWER_PARTS ? ranges.at[0].bytes : FULL;
	if (kind == CACHE_ANSWER_MISSING || (kind == CACHE_ANSWER_PARTS && ranges.n != 1)) {
		blame(w, "what is asked is not there");
		return;
	}
	for (int64_t i = 0; i < n; i++)
		if (s->bytes[first - s->terms.first + i] != byte_of(s->version, s->meaning.varies ? s->x : 0, (int)(first + i)))
			blame(w, "a byte of another version, or place");
	w->served++;
}

static bool
holds(const struct slot *s, const struct judged *j)
{
	struct cache_ranges ranges;

	return cache_answer_kind(&j->request, &j->request_fields.fields, &s->terms, cache_etag(&s->terms, s->head), &ranges) !=
	    CACHE_ANSWER_MISSING;
}

/* The origin has confirmed what is stored. */
static void
confirm(struct world *w, struct slot *s, struct judged *j, const struct event *e)
{
	struct buf head = { 0 };
	struct cache_terms t;
	struct slot was = *s;

	enum cache_refusal why = cache_update(&j->request, &j->key, &s->terms, (struct text){ s->head, s->head_size }, &j->answer,
	    &preset, &t, &head);
	w->confirmed++;
	s->step = w->at + 1;
	if (why == CACHE_STORE) {
		s->terms = t;
		keep_head(s, &head);
		know(w, s, e);
		s->meaning.varies = was.meaning.varies;
		s->meaning.cookie = false;   /* of the one who asked, and not taken over */
		s->authorized = e->authorized && was.authorized;
	} else {
		s->used = why == CACHE_NOT_REQUEST || why == CACHE_NOT_AUTHORIZED;
	}
	buf_done(&head);
	serve(w, s, j, e, true, false);
	if (why != CACHE_STORE && s->used)
		*s = was;
}

static void
ask_origin(struct world *w, struct slot *s, struct judged *j, const struct event *e, enum cache_use use)
{
	struct cache_condition k = { 0 };
	bool whole = s && !(s->terms.flags & TERMS_PARTIAL), validates = whole && use == CACHE_VALIDATE && !e->head;
	struct lines said = { 0 };

	if (s)
		judge_asked(w, s, e);
	if (e->origin != ANSWERS) {
		bool serves = whole && use == CACHE_VALIDATE && cache_serves_on_error(&j->request, &s->terms, &preset,
		    e->origin == FAILS ? 503 : 0, w->now_s * NS_PER_S);
		if (serves)
			serve(w, s, j, e, false, true);
		w->on_error += serves;
		return;
	}
	if (validates)
		cache_condition_write(&s->terms, cache_etag(&s->terms, s->head), &k);
	bool same = k.n && s->version == w->version && e->meaning.tagged && e->meaning.varies == s->meaning.varies &&
	    (!e->meaning.varies || e->x == s->x);
	int status = same ? 304 : e->bytes && !validates && !e->head ? 206 : 200;
	struct event whole_event = *e;
	if (status == 200)
		whole_event.bytes = whole_event.first = 0;
	write_answer(w, e, status, &said);
	j->answer = (struct cache_answer){ status, *fields_of(&j->answer_fields, said.at), w->now_s * NS_PER_S, w->now_s * NS_PER_S };
	if (same && cache_outcome(&s->terms, (struct text){ s->head, s->head_size }, &j->answer) == CACHE_CONFIRMED)
		confirm(w, s, j, e);
	else if (cache_storable(&j->request, &j->key, &j->answer, &preset, &j->terms) == CACHE_STORE)
		store(w, j, status == 206 ? e : &whole_event, s && status == 206 && use == CACHE_SERVE ? s : NULL);
	else if (validates)
		s->used = false;
}

static void
play_ask(struct world *w, const struct event *e)
{
	struct lines said = { 0 };
	struct judged j;
	struct cache_decision d;

	write_request(e, &said);
	ask(&j, e->head ? "HEAD" : "GET", "/a?b", said.at, &preset);
	struct slot *s = find(w, &j.request_fields.fields);
	cache_decide(&j.request, s ? &s->terms : NULL, false, w->now_s * NS_PER_S, &d);
	bool serves = d.use == CACHE_SERVE || d.use == CACHE_SERVE_AND_REFRESH;
	if (d.use == CACHE_REFUSE && s)
		judge_asked(w, s, e);
	else if (serves && holds(s, &j))
		serve(w, s, &j, e, false, false);
	else if (d.use != CACHE_REFUSE && !(serves && e->wish == WISH_CACHED))
		ask_origin(w, s, &j, e, serves && s && !(s->terms.flags & TERMS_PARTIAL) ? CACHE_VALIDATE : d.use);
}

/* A request that changes the resource, or a purge: all of the key goes. */
static void
purge(struct world *w)
{
	memset(w->slots, 0, sizeof(w->slots));
	w->purged = w->at + 1;
}

/* What went wrong; NULL: nothing. */
static const char *
play(const struct event *events, int n, struct world *w)
{
	*w = (struct world){ .events = events, .n = n, .now_s = NOW_S };
	for (w->at = 0; w->at < n && !w->fault; w->at++) {
		const struct event *e = &events[w->at];
		if (e->kind == ASK)
			play_ask(w, e);
		else if (e->kind == WAIT)
			w->now_s += e->wait_s;
		else if (e->kind != DRIFT)
			purge(w);
		w->version += e->kind == CHANGE || e->kind == DRIFT;
	}
	return w->fault;
}

/* ---- judging many ---- */

/* Steps are left out as long as it still fails. */
static int
shorten(struct event *events, int n)
{
	struct event fewer[STEPS_MAX];
	struct world w;

	for (int i = 0; i < n;) {
		memcpy(fewer, events, (size_t)i * sizeof(*events));
		memcpy(fewer + i, events + i + 1, (size_t)(n - i - 1) * sizeof(*events));
		if (!play(fewer, n - 1, &w)) {
			i++;
			continue;
		}
		memcpy(events, fewer, (size_t)--n * sizeof(*events));
	}
	return n;
}

static void
print_history(const struct event *events, int n)
{
	static const char *const kinds[] = { "ask", "wait", "purge", "change", "drift" };
	struct world w = { 0 };

	for (int i = 0; i < n; i++) {
		struct lines request = { 0 }, answer = { 0 };
		write_request(&events[i], &request);
		write_answer(&w, &events[i], events[i].bytes ? 206 : 200, &answer);
		print_message("%d %s", i, kinds[events[i].kind]);
		if (events[i].kind == ASK)
			print_message("%s\n%s-> (%d) %s", events[i].head ? " HEAD" : "", request.at, events[i].origin, answer.at);
		else
			print_message(" %d\n", events[i].wait_s);
		w.version += events[i].kind == CHANGE || events[i].kind == DRIFT;
	}
}

static uint64_t
number_from(const char *name, uint64_t preset_number)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : preset_number;
}

static void
no_history_breaks_the_rules(void **state)
{
	uint64_t n = number_from("CACHE_MODEL_HISTORIES", HISTORIES), seed = number_from("CACHE_MODEL_SEED", 1);
	uint64_t served = 0, joined = 0, confirmed = 0, on_error = 0;
	struct event events[STEPS_MAX];
	struct world w;

	for (uint64_t i = 0; i < n; i++) {
		int steps = draw_history(seed + i, events);
		if (play(events, steps, &w)) {
			steps = shorten(events, steps);
			play(events, steps, &w);
			print_history(events, steps);
			fail_msg("history %llu: %s", (unsigned long long)(seed + i), w.fault);
		}
		served += w.served;
		joined += w.joined;
		confirmed += w.confirmed;
		on_error += w.on_error;
	}
	/* The test tests something. */
	assert_true(served > n / 4 && joined > n / 2000 && confirmed > n / 50 && on_error > n / 200);
}

RUN_TESTS(
	cmocka_unit_test(no_history_breaks_the_rules),
)

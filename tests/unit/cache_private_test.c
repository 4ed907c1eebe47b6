/* SPDX-License-Identifier: MIT */
/* Users who ask an origin that answers as it likes, through a cache of one key made of these rules: what came for one
 * of them never reaches another unless the origin let it, nothing stale is served beyond what was allowed, and
 * what is forbidden is not stored. The judge knows the rules only as lists of words. */
#include <stdlib.h>

#include "base/random.h"
#include "cache/head.h"
#include "cache/reuse.h"
#include "cache/vary.h"
#include "cache_by_hand.h"
#include "check.h"

#define ROUNDS   200000
#define VARIANTS 8
#define USERS    3

struct told {
	char request[256], answer[512];
	int user, status;
	int64_t at_s;
};

struct variant {
	bool used;
	struct told told;
	struct cache_terms terms;
	char vary[CACHE_VARY_MAX];
	int vary_size;
};

struct world {
	uint64_t draws;
	int64_t now_s;
	struct variant at[VARIANTS];
	int next;
	int64_t served, shared;
};

/* ---- what is asked and answered ---- */

static uint64_t
below(struct world *w, uint64_t n)
{
	return random_below(random_at(6, w->draws++), n);
}

/* Each line with a chance of one in `rare`. */
static void
pick(struct world *w, const char *const *lines, size_t n, uint64_t rare, char *out, size_t room)
{
	for (size_t i = 0; i < n; i++)
		if (below(w, rare) == 0)
			snprintf(out + strlen(out), room - strlen(out), "%s\n", lines[i]);
}

static void
make_request(struct world *w, struct told *t)
{
	static const char *const own[USERS][2] = { { "Cookie: id=a", "Authorization: Basic a" },
		{ "Cookie: id=b", "Authorization: Basic b" }, { "cookie: id=c", "AUTHORIZATION: Basic c" } };
	static const char *const lines[] = { "Accept-Encoding: gzip", "Accept-Encoding: gzip, br",
		"Cache-Control: max-stale=5", "Cache-Control: no-store", "Cache-Control: max-age=3", "X: 1", "X: 2",
		"Cache-Control: min-fresh=2", "Pragma: no-cache" };

	t->user = (int)below(w, USERS);
	t->request[0] = '\0';
	pick(w, own[t->user], 2, 3, t->request, sizeof(t->request));
	pick(w, lines, sizeof(lines) / sizeof(lines[0]), 8, t->request, sizeof(t->request));
}

static void
make_answer(struct world *w, struct told *t)
{
	static const char *const lines[] = { "Cache-Control: max-age=5", "Cache-Control: s-maxage=3", "Cache-Control: public",
		"Cache-Control: PRIVATE", "cache-control: no-store", "Cache-Control: must-revalidate", "Cache-Control: no-cache",
		"Cache-Control: stale-while-revalidate=3", "Cache-Control: max-age=x", "Cache-Control: a=\"b, private=\"",
		"Set-Cookie: id=x", "Vary: Cookie", "Vary: *", "Vary: X, accept-encoding", "Vary: Authorization",
		"ETag: \"a\"", "Expires: 0", "Age: 2", "Last-Modified: Sun, 08 Nov 2026 11:06:40 GMT" };
	static const int16_t statuses[] = { 200, 200, 200, 404, 301, 500, 302, 401, 416, 304 };

	t->answer[0] = '\0';
	pick(w, lines, sizeof(lines) / sizeof(lines[0]), 6, t->answer, sizeof(t->answer));
	t->status = statuses[below(w, sizeof(statuses) / sizeof(statuses[0]))];
	t->at_s = w->now_s;
}

/* ---- the judge ---- */

static bool
says(const char *lines, const char *word)
{
	return strcasestr(lines, word);
}

static bool
same_line(const char *a, const char *b, const char *name)
{
	const char *x = strcasestr(a, name), *y = strcasestr(b, name);

	return x && y ? strcspn(x, "\n") == strcspn(y, "\n") && strncasecmp(x, y, strcspn(x, "\n")) == 0 : x == y;
}

static void
judge_stored(const struct told *t)
{
	assert_false(says(t->answer, "PRIVATE\n") || says(t->answer, "no-store\n") || says(t->answer, "Set-Cookie"));
	assert_false(says(t->answer, "Vary: *") || says(t->request, "no-store"));
	assert_false(t->status == 401 || t->status == 416 || t->status == 304);
	assert_true(!says(t->request, "Authorization") || says(t->answer, "public") ||
	    says(t->answer, "must-revalidate") || says(t->answer, "s-maxage"));
}

static int
lifetime_of(const struct told *t)
{
	const char *x = strstr(t->answer, "max-age=x"), *five = strstr(t->answer, "max-age=5");

	if (says(t->answer, "s-maxage=3"))
		return 3;
	if (x || five)
		return x && (!five || x < five) ? 0 : 5;
	return says(t->answer, "Expires: 0") ? 0 : says(t->answer, "Last-Modified") ? 86400 : 0;
}

static void
judge_served(const struct told *to, const struct told *of, int64_t now_s)
{
	int64_t age = now_s - of->at_s + (says(of->answer, "Age: 2") ? 2 : 0), allowed = lifetime_of(of);
	bool strict = says(of->answer, "must-revalidate");

	assert_true(!says(of->answer, "Vary: Cookie") || same_line(to->request, of->request, "cookie:"));
	assert_true(!says(of->answer, "Vary: Authorization") || same_line(to->request, of->request, "authorization:"));
	assert_true(!says(of->answer, "Vary: X") || same_line(to->request, of->request, "x: "));
	assert_false(says(of->answer, "no-cache\n"));
	if (says(of->answer, "stale-while-revalidate") && !strict)
		allowed += 3;
	if (says(to->request, "max-stale") && !strict && !says(of->answer, "s-maxage") && allowed < lifetime_of(of) + 6)
		allowed = lifetime_of(of) + 6;
	assert_true(age < allowed);
}

/* ---- the cache ---- */

static struct variant *
find(struct world *w, const struct http_fields *request)
{
	for (int i = 1; i <= VARIANTS; i++) {   /* newest first */
		struct variant *v = &w->at[(w->next - i + VARIANTS) % VARIANTS];
		if (v->used && cache_vary_matches((struct text){ v->vary, (size_t)v->vary_size }, request))
			return v;
	}
	return NULL;
}

static void
store(struct world *w, const struct judged *j, const struct told *t)
{
	struct variant *v = &w->at[w->next];

	v->vary_size = cache_vary_write(&j->answer.fields, &j->request_fields.fields, v->vary);
	if (v->vary_size < 0)
		return;
	judge_stored(t);
	v->used = true;
	v->told = *t;
	v->terms = j->terms;
	w->next = (w->next + 1) % VARIANTS;
}

static void
play(struct world *w)
{
	struct told t;
	struct judged j;
	struct cache_decision d;

	make_request(w, &t);
	ask(&j, "GET", "/a?b", t.request, &preset);
	struct variant *v = find(w, &j.request_fields.fields);
	cache_decide(&j.request, v ? &v->terms : NULL, false, w->now_s * NS_PER_S, &d);
	if (d.use == CACHE_SERVE || d.use == CACHE_SERVE_AND_REFRESH) {
		judge_served(&t, &v->told, w->now_s);
		w->served++;
		w->shared += t.user != v->told.user;
		return;
	}
	make_answer(w, &t);
	j.answer = (struct cache_answer){ t.status, *fields_of(&j.answer_fields, t.answer), w->now_s * NS_PER_S,
		w->now_s * NS_PER_S };
	if (cache_storable(&j.request, &j.key, &j.answer, &preset, &j.terms) == CACHE_STORE)
		store(w, &j, &t);
}

static void
nothing_of_one_reaches_another_unless_it_may(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->now_s = NOW_S;
	for (int i = 0; i < ROUNDS; i++) {
		if (below(w, 200) == 0)   /* purged, so that guessed lifetimes do not fill it */
			memset(w->at, 0, sizeof(w->at));
		w->now_s += below(w, 4) == 0;
		play(w);
	}
	assert_in_range(w->served, ROUNDS / 20, ROUNDS);   /* the test tests something */
	assert_in_range(w->shared, ROUNDS / 40, ROUNDS);
	free(w);
}

RUN_TESTS(
	cmocka_unit_test(nothing_of_one_reaches_another_unless_it_may),
)

/* SPDX-License-Identifier: MIT */
/* Any bytes as the fields of a request and, after an empty line, of its answer, through all the rules: what is stored
 * fits its own request, its head reads back, a 304 of the same fields confirms it; and what an answer forbids in so
 * many words is not stored. */
#include "cache/conditional.h"
#include "cache/update.h"
#include "cache/vary.h"
#include "cache_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_NS (INT64_C(1795000000) * NS_PER_S)

static const struct cache_policy policy = CACHE_POLICY_PRESET;

static void
check_variant(const struct http_fields *request, const struct http_fields *answer)
{
	char vary[CACHE_VARY_MAX];
	int n = cache_vary_write(answer, request, vary);

	require(n <= CACHE_VARY_MAX && (n < 0 || cache_vary_matches((struct text){ vary, (size_t)n }, request)));
}

static void
check_stored(const struct cache_request *r, const struct cache_key *key, const struct cache_answer *a,
    struct cache_terms *t, const struct http_fields *request)
{
	struct buf head = { .cap_bytes = CACHE_HEAD_MAX }, updated = { .cap_bytes = CACHE_HEAD_MAX };
	struct cache_answer same = { 304, a->fields, a->requested_ns, a->received_ns };
	struct cache_ranges ranges;
	struct cache_condition condition;
	struct cache_terms terms;

	cache_head_write(&a->fields, &policy, t, &head);
	struct text text = { buf_text(&head), head.size }, rest = text, etag = cache_etag(t, text.at);
	for (struct http_field f; cache_head_next(&rest, &f);)
		require(!text_is(f.name, "set-cookie") && !text_is(f.name, "connection"));
	require(rest.size == 0 && t->etag_at + t->etag_size <= head.size);
	cache_condition_write(t, etag, &condition);
	cache_answer_kind(r, request, t, etag, &ranges);
	if (cache_outcome(t, text, &same) == CACHE_CONFIRMED)
		cache_update(r, key, t, text, &same, &policy, &terms, &updated);
	buf_done(&head);
	buf_done(&updated);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "GET" };
	static const int statuses[] = { 200, 206, 404, 301, 500, 304, 299, 200 };
	const uint8_t *cut = size > 2 ? memmem(data + 2, size - 2, "\n\n", 2) : NULL;
	char text[CACHE_KEY_MAX];
	struct fuzz_fields request, answer;
	struct cache_directives d;
	struct cache_request r;
	struct cache_terms t;
	struct cache_key key;

	if (!cut)
		return 0;
	fuzz_fields_read(&request, data + 2, (size_t)(cut - data - 2));
	fuzz_fields_read(&answer, cut + 2, (size_t)(data + size - cut - 2));
	struct text method = { methods[data[0] & 3], strlen(methods[data[0] & 3]) };
	struct cache_answer a = { statuses[data[1] & 7], answer.fields, NOW_NS, NOW_NS };
	cache_key_write(false, (struct text){ "h", 1 }, (struct text){ "/a", 2 }, text, &key);
	cache_request_read(method, &key, &request.fields, &policy, &r);
	check_variant(&request.fields, &answer.fields);
	if (cache_storable(&r, &key, &a, &policy, &t) == CACHE_STORE) {
		cache_directives_of(&answer.fields, &policy, &d);
		require(!(d.has & DIRECTIVE_PRIVATE) && r.method != CACHE_HEAD && t.lifetime_s >= 0 && t.initial_age_s >= 0);
		require(!(d.has & DIRECTIVE_NO_STORE) || (d.has & DIRECTIVE_MUST_UNDERSTAND));
		check_stored(&r, &key, &a, &t, &request.fields);
	}
	free(request.bytes);
	free(answer.bytes);
	return 0;
}

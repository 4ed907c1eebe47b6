/* SPDX-License-Identifier: MIT */
/* Requests and answers for tests of the cache's rules, written as people read them: "Name: value" lines. */
#pragma once

#include "cache/storable.h"

#define NOW_S  INT64_C(1795000000)   /* Thu, 18 Nov 2026 11:06:40 GMT: when answers come */
#define NOW_NS (NOW_S * NS_PER_S)
#define AT(s)  (NOW_NS + (s) * NS_PER_S)

/* A head, its fields parted by newlines; the views point into `lines`. */
struct by_hand {
	struct http_field at[32];
	struct http_fields fields;
};

static inline const struct http_fields *
fields_of(struct by_hand *h, const char *lines)
{
	h->fields = (struct http_fields){ h->at, 0 };
	while (*lines) {
		size_t n = strcspn(lines, "\n"), colon = strcspn(lines, ":");
		h->at[h->fields.n++] = (struct http_field){ { lines, colon },
			text_trim((struct text){ lines + colon + 1, n - colon - 1 }) };
		lines += n + (lines[n] != '\0');
	}
	return &h->fields;
}

/* One question and its answer under one policy, judged. */
struct judged {
	struct by_hand request_fields, answer_fields;
	char key_text[CACHE_KEY_MAX];
	struct cache_key key;
	struct cache_request request;
	struct cache_answer answer;
	struct cache_terms terms;
	enum cache_refusal refusal;
};

static const struct cache_policy preset = CACHE_POLICY_PRESET;

static inline void
ask(struct judged *j, const char *method, const char *target, const char *request, const struct cache_policy *policy)
{
	cache_key_write(false, text_of("shop.example"), text_of(target), j->key_text, &j->key);
	cache_request_read(text_of(method), &j->key, fields_of(&j->request_fields, request), policy, &j->request);
}

/* The answer comes at NOW_S, within the second. */
static inline enum cache_refusal
judge(struct judged *j, const char *method, const char *request, int status, const char *answer,
    const struct cache_policy *policy)
{
	ask(j, method, "/a?b", request, policy);
	j->answer = (struct cache_answer){ status, *fields_of(&j->answer_fields, answer), NOW_NS, NOW_NS };
	j->terms = (struct cache_terms){ 0 };
	j->refusal = cache_storable(&j->request, &j->key, &j->answer, policy, &j->terms);
	return j->refusal;
}

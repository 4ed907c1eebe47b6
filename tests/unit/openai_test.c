/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "net/openai.h"
#include "net/sse.h"
#include "check.h"

static const struct {
	const char *data;
	enum openai_verdict verdict;
	const char *error;
} rows[] = {
	{ "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}", OPENAI_CONTENT },
	{ "{\"choices\":[{\"delta\":{\"content\":\" \"}}]}", OPENAI_CONTENT },
	{ "{\"choices\":[{\"delta\":{\"content\":\"\\u0000\"}}]}", OPENAI_CONTENT },
	{ "{\"choices\":[{\"delta\":{}},{\"delta\":{\"content\":\"b\"}}]}", OPENAI_CONTENT },
	{ "{\"choices\":[{\"index\":0,\"text\":\"Hi\"}]}", OPENAI_CONTENT },
	{ "{\"choices\":[{\"delta\":{\"content\":\"a\",\"reasoning_content\":\"b\"}}]}", OPENAI_CONTENT },
	{ "{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":null}}]}", OPENAI_REASONING },
	{ "{\"choices\":[{\"delta\":{\"reasoning\":\"hm\",\"content\":\"\"}}]}", OPENAI_REASONING },
	{ "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"error\":null}", OPENAI_CONTENT },
	{ "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}", OPENAI_OTHER },
	{ "{\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}", OPENAI_OTHER },
	{ "{\"choices\":[{\"delta\":{\"content\":null}}]}", OPENAI_OTHER },
	{ "{\"choices\":[{\"delta\":{\"content\":7}}]}", OPENAI_OTHER },
	{ "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", OPENAI_OTHER },
	{ "{\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}]}", OPENAI_OTHER },
	{ "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"x\"}}]}}]}",
	  OPENAI_OTHER },
	{ "{\"choices\":[]}", OPENAI_OTHER },
	{ "{\"choices\":[7]}", OPENAI_OTHER },
	{ "{\"choices\":\"x\"}", OPENAI_OTHER },
	{ "{}", OPENAI_OTHER },
	{ "[DONE]", OPENAI_END },
	{ "[DONE] ", OPENAI_END },
	{ "{\"error\":{\"message\":\"too \\u00e4 long\",\"type\":\"x\"}}", OPENAI_ERROR, "too ?? long" },
	{ "{\"error\":{\"message\":null,\"type\":\"overloaded\"}}", OPENAI_ERROR, "overloaded" },
	{ "{\"error\":\"busy\"}", OPENAI_ERROR, "busy" },
	{ "{\"error\":{}}", OPENAI_ERROR, "an error without a message" },
	{ "{\"error\":{\"message\":\"e\"},\"choices\":[{\"text\":\"a\"}]}", OPENAI_ERROR, "e" },
	{ "{\"object\":\"error\",\"message\":\"no such model\"}", OPENAI_ERROR, "no such model" },
	{ "{\"object\":\"chat.completion.chunk\"}", OPENAI_OTHER },
	{ "", OPENAI_BAD },
	{ "[DONE", OPENAI_BAD },
	{ "[]", OPENAI_BAD },
	{ "{\"choices\":[", OPENAI_BAD },
	{ "{} {}", OPENAI_BAD },
	{ "{\"choices\":[{\"text\":\"\xff\"}]}", OPENAI_BAD },
};

static void
events_are_told_apart(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct openai o = { 0 };
		size_t size = strlen(rows[i].data);
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(size + 1);
		memcpy(copy, rows[i].data, size);
		enum openai_verdict v = openai_event(&o, copy, size);
		free(copy);
		if (v != rows[i].verdict)
			fail_msg("row %zu: verdict %d (%s)", i, v, o.why);
		assert_int_equal(o.content_chunks, v == OPENAI_CONTENT);
		assert_int_equal(o.ended, v == OPENAI_END);
		assert_true((v == OPENAI_BAD) == (o.why != NULL));
		assert_string_equal(o.error, rows[i].error ? rows[i].error : "");
	}
}

static void
large_events_are_refused(void **state)
{
	struct openai o = { 0 };
	char *data = malloc(OPENAI_EVENT_MAX + 1);

	memset(data, ' ', OPENAI_EVENT_MAX + 1);
	memcpy(data, "{}", 2);
	assert_int_equal(openai_event(&o, data, OPENAI_EVENT_MAX), OPENAI_OTHER);
	assert_int_equal(openai_event(&o, data, OPENAI_EVENT_MAX + 1), OPENAI_BAD);
	/* Nesting has its bound, too. */
	memset(data, '[', OPENAI_EVENT_MAX);
	assert_int_equal(openai_event(&o, data, OPENAI_EVENT_MAX), OPENAI_BAD);
	free(data);
}

static int64_t
tokens_after(const char *const *events, size_t n, bool *ret_estimated)
{
	struct openai o = { 0 };

	for (size_t i = 0; i < n; i++)
		assert_true(openai_event(&o, events[i], strlen(events[i])) != OPENAI_BAD);
	return openai_tokens(&o, ret_estimated);
}

static void
tokens_come_from_the_usage_block(void **state)
{
	static const char *const events[] = {
		"{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"usage\":null}",
		"{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}",
		"{\"choices\":[{\"delta\":{\"content\":\"two tokens\"}}]}",
		"{\"choices\":[{\"delta\":{\"content\":\".\"}}],\"usage\":{\"completion_tokens\":\"x\"}}",
		"{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}",
		"{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}",
	};
	bool estimated;

	assert_int_equal(tokens_after(events, 0, &estimated), 0);
	assert_true(estimated);
	assert_int_equal(tokens_after(events, 4, &estimated), 3);
	assert_true(estimated);
	assert_int_equal(tokens_after(events, 5, &estimated), 4);
	assert_false(estimated);
	assert_int_equal(tokens_after(events, 6, &estimated), 5);
	assert_false(estimated);
}

/* Through both parsers: which byte is it whose arrival is the time to first token? */
static void
the_first_token_in_a_stream(void **state)
{
	static const char stream[] =
	    ": hello\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
	    "data: {\"choices\":[{\"delta\":{\"content\":\"A\"}}]}\n\n"
	    "data: {\"choices\":[{\"delta\":{\"content\":\"B\"}}]}\n\n"
	    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
	size_t want = (size_t)(strstr(stream, "\"A\"") - stream) + strlen("\"A\"}}]}\n\n");

	for (size_t piece = 1; piece < sizeof(stream); piece += 10) {
		struct sse p = { 0 };
		struct openai o = { 0 };
		size_t used, first = 0, size = sizeof(stream) - 1;
		sse_start(&p);
		for (size_t at = 0; at < size; at += used) {
			size_t n = size - at < piece ? size - at : piece;
			if (sse_feed(&p, stream + at, n, &used) == SSE_EVENT &&
			    openai_event(&o, p.data.data, p.data.size) == OPENAI_CONTENT && !first)
				first = at + used;
		}
		assert_int_equal(first, want);
		assert_int_equal(o.content_chunks, 2);
		assert_true(o.ended);
		sse_done(&p);
	}
}

RUN_TESTS(cmocka_unit_test(events_are_told_apart), cmocka_unit_test(large_events_are_refused),
    cmocka_unit_test(tokens_come_from_the_usage_block), cmocka_unit_test(the_first_token_in_a_stream))

/* SPDX-License-Identifier: MIT */
/* What clients and servers write, as the gate reads it (Accept-Encoding, types, Retry-After, cron) and writes it down
 * (access log). */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "gate/admin/access_line.h"
#include "gate/compress/compress.h"
#include "gate/config/cron.h"
#include "gate/retry_after.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
negotiate(struct text text)
{
	static const char *types[] = { "text/*" };
	static const struct gate_route_compress rules = { true, 10, types, 1, true };
	const struct http_field at[] = {
		{ { "accept-encoding", 15 }, text }, { { "content-type", 12 }, text }, { { "etag", 4 }, text },
	};
	const struct http_fields fields = { at, 3 };
	const struct compress_answer answer = { 200, -1, &fields };
	struct coding_weights w = coding_weights_read(&fields);
	struct compress_plan plan = compress_decide(&rules, &fields, &answer);

	for (int c = 0; c < CODINGS; c++)
		if (w.of[c] > 1000)
			abort();
	if (plan.coding != CODING_IDENTITY && !w.of[plan.coding])
		abort();
}

static void
wait_for(struct text text)
{
	const struct http_field at[] = { { { "retry-after", 11 }, text }, { { "date", 4 }, text } };

	for (uint32_t n = 1; n <= 2; n++) {
		int64_t ns = retry_after_ns(&(struct http_fields){ at, n }, INT64_C(1795000000) * NS_PER_S);
		if (ns < 0 || ns > RETRY_AFTER_MAX_NS)
			abort();
	}
}

static void
write_lines(struct text text)
{
	const struct access_line line = {
		.client = text, .method = text, .target = text, .referer = text, .agent = text, .status = 200,
		.upstream_ns = -1,
	};

	for (int format = 0; format < 2; format++) {
		struct buf out = { 0 };
		access_line_write((enum gate_log_format)format, &line, &out);
		if (memchr(out.data, '\n', out.size) != out.data + out.size - 1)
			abort();
		json_t *j = format == GATE_LOG_JSON ? json_loadb(out.data, out.size, JSON_ALLOW_NUL, NULL) : NULL;
		if (format == GATE_LOG_JSON && !j)
			abort();
		json_decref(j);
		buf_done(&out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { (const char *)data, size };
	struct arena *a = arena_new();
	struct cron cron;
	struct err e = { 0 };

	negotiate(text);
	wait_for(text);
	write_lines(text);
	if (cron_parse(arena_strndup(a, text.at, size), &cron, &e) == 0 && !cron.minutes)
		abort();
	arena_free(a);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Streams of OpenAI's kind (chat completions and completions, as vLLM, TGI, llama.cpp and others
 * speak it, too): what the data of one server-sent event mean.
 *
 * The time to first token is that of the first OPENAI_CONTENT: a chunk whose text is not empty.
 * Chunks that only name the role, or the reason of the end, are OPENAI_OTHER. A chunk may carry
 * several tokens, so tokens are counted by the server's usage block; without one the chunks stand
 * for them, as an estimate. Tool calls are no content. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPENAI_EVENT_MAX ((size_t)64 << 10)   /* bytes of one event */
#define OPENAI_TEXT_MAX  120

enum openai_verdict {
	OPENAI_CONTENT,     /* text of the answer, not empty; maybe reasoning as well */
	OPENAI_REASONING,   /* only text of the reasoning before it, not empty */
	OPENAI_OTHER,       /* role, usage, end of a choice... */
	OPENAI_END,         /* [DONE]: the stream is whole */
	OPENAI_ERROR,       /* an error object: openai.error */
	OPENAI_BAD,         /* neither JSON nor [DONE], or too large: openai.why */
};

/* One stream; zeroed before its first event. Holds no memory. */
struct openai {
	int64_t content_chunks, reasoning_chunks;
	int64_t prompt_tokens, completion_tokens;   /* of the last usage block */
	bool has_usage, ended;
	char error[OPENAI_TEXT_MAX + 1];            /* message or type; printable ASCII, cut */
	const char *why;                            /* of OPENAI_BAD, static text */
};

enum openai_verdict openai_event(struct openai *o, const char *data, size_t size);

/* Tokens of the answer, those of its reasoning included. */
int64_t openai_tokens(const struct openai *o, bool *ret_estimated);

/* SPDX-License-Identifier: MIT */
#include "load/stream.h"

#include "load/tally.h"

void
stream_start(struct stream *s, enum scenario_stream kind, struct tally **t)
{
	struct sse sse = s->sse;

	sse_start(&sse);
	*s = (struct stream){ .kind = kind, .tally = t, .sse = sse };
}

/* Does this event carry what is waited for? */
static bool
counts(struct stream *s)
{
	if (s->kind != STREAM_OPENAI)
		return true;
	switch (openai_event(&s->model, buf_text(&s->sse.data), s->sse.data.size)) {
	case OPENAI_CONTENT:
	case OPENAI_REASONING:
		return true;
	case OPENAI_ERROR:
		s->why = "the stream brought an error";
		return false;
	case OPENAI_BAD:
		s->why = s->model.why;
		return false;
	default:
		return false;
	}
}

static void
take_event(struct stream *s)
{
	if (!counts(s))
		return;
	if (s->events++)
		histogram_record(&(*s->tally)->spans[SPAN_BETWEEN_EVENTS], s->at_ns - s->last_ns);
	else
		s->first_ns = s->at_ns;
	s->last_ns = s->at_ns;
}

void
stream_body(struct stream *s, const char *bytes, size_t size)
{
	size_t used;

	while (size) {
		enum sse_verdict v = sse_feed(&s->sse, bytes, size, &used);
		bytes += used;
		size -= used;
		if (v == SSE_EVENT)
			take_event(s);
	}
}

/* The tokens of an answer come as evenly as can be said from outside: the time from the first to
 * the last over the number of steps between them. */
static void
record_tokens(struct stream *s)
{
	bool estimated = true;
	int64_t n = s->kind == STREAM_OPENAI ? openai_tokens(&s->model, &estimated) : s->events;

	(*s->tally)->tokens += n;
	(*s->tally)->tokens_estimated += estimated ? n : 0;
	if (n > 1)
		histogram_record(&(*s->tally)->spans[SPAN_TOKEN], (s->last_ns - s->first_ns) / (n - 1));
}

const char *
stream_end(struct stream *s, int64_t due_ns)
{
	if (s->why)
		return s->why;
	if (s->kind == STREAM_OPENAI && !s->model.ended)
		return "the stream ended without [DONE]";
	if (!s->events)
		return "the stream brought nothing";
	histogram_record(&(*s->tally)->spans[SPAN_FIRST_EVENT], s->first_ns - due_ns);
	record_tokens(s);
	return NULL;
}

void
stream_done(struct stream *s)
{
	sse_done(&s->sse);
}

/* SPDX-License-Identifier: MIT */
#include "net/sse.h"

#include <string.h>

enum { MARK, NAME, SPACE, VALUE };      /* where the next byte is */
enum { SKIPPED, DATA, TYPE, COMMENT };  /* fields */

static const char mark[] = { '\xef', '\xbb', '\xbf' };   /* U+FEFF */

static void
event_clear(struct sse *p)
{
	buf_clear(&p->data);
	p->type[0] = '\0';
	p->type_size = 0;
	p->has_data = p->given = false;
}

static void
line_clear(struct sse *p)
{
	p->state = NAME;
	p->field = SKIPPED;
	p->name_size = 0;
}

void
sse_start(struct sse *p)
{
	p->data.cap_bytes = SSE_DATA_MAX;
	p->comments = 0;
	p->mark_size = 0;
	p->after_return = false;
	event_clear(p);
	line_clear(p);
	p->state = MARK;
}

void
sse_done(struct sse *p)
{
	buf_done(&p->data);
	*p = (struct sse){ 0 };
}

/* ---- lines --------------------------------------------------------------------------------- */

static uint8_t
field_of(const struct sse *p)
{
	if (p->name_size == 4 && memcmp(p->name, "data", 4) == 0)
		return DATA;
	if (p->name_size == 5 && memcmp(p->name, "event", 5) == 0)
		return TYPE;
	return p->name_size ? SKIPPED : COMMENT;
}

/* The name has ended: a value of the field begins, which may be empty. */
static void
value_begin(struct sse *p)
{
	p->field = field_of(p);
	if (p->field == DATA) {
		if (p->has_data)
			buf_append_cut(&p->data, "\n", 1);
		p->has_data = true;
	} else if (p->field == TYPE) {
		p->type[0] = '\0';
		p->type_size = 0;
	} else if (p->field == COMMENT) {
		p->comments++;
	}
}

static void
value_bytes(struct sse *p, const char *bytes, size_t size)
{
	if (p->field == DATA) {
		buf_append_cut(&p->data, bytes, size);
	} else if (p->field == TYPE) {
		size_t room = SSE_TYPE_MAX - p->type_size, n = size < room ? size : room;
		memcpy(p->type + p->type_size, bytes, n);
		p->type_size += (uint8_t)n;
		p->type[p->type_size] = '\0';
	}
}

/* An empty line ends the event; one without data is none. */
static enum sse_verdict
line_end(struct sse *p)
{
	bool empty = p->state == NAME && !p->name_size;

	if (p->state == NAME && !empty)
		value_begin(p);
	line_clear(p);
	if (!empty)
		return SSE_MORE;
	p->given = true;
	return p->has_data ? SSE_EVENT : SSE_MORE;
}

static void
name_byte(struct sse *p, char c)
{
	if (c == ':') {
		value_begin(p);
		p->state = SPACE;
	} else if (p->name_size < sizeof(p->name)) {
		p->name[p->name_size++] = c;
	}
}

/* ---- the machine --------------------------------------------------------------------------- */

/* The byte order mark, or what only began like one and so is the beginning of a name. */
static bool
in_mark(struct sse *p, char c)
{
	if (c == mark[p->mark_size]) {
		if (++p->mark_size == sizeof(mark))
			p->state = NAME;
		return true;
	}
	p->state = NAME;
	for (uint8_t i = 0; i < p->mark_size; i++)
		name_byte(p, mark[i]);
	return false;
}

static size_t
until_line_end(const char *bytes, size_t size)
{
	size_t n = 0;

	while (n < size && bytes[n] != '\n' && bytes[n] != '\r')
		n++;
	return n;
}

/* A byte within a line, or more of them where they are a value's; how many. */
static size_t
take_bytes(struct sse *p, const char *bytes, size_t size)
{
	if (p->state == NAME) {
		name_byte(p, bytes[0]);
		return 1;
	}
	if (p->state == SPACE) {
		p->state = VALUE;
		if (bytes[0] == ' ')
			return 1;
	}
	size_t n = until_line_end(bytes, size);
	value_bytes(p, bytes, n);
	return n;
}

enum sse_verdict
sse_feed(struct sse *p, const void *bytes, size_t size, size_t *ret_used)
{
	const char *at = bytes;
	enum sse_verdict v = SSE_MORE;
	size_t used = 0;

	while (v == SSE_MORE && used < size) {
		char c = at[used];
		bool after_return = p->after_return;
		if (p->given)
			event_clear(p);
		p->after_return = false;
		if (after_return && c == '\n') {
			used++;
		} else if (p->state == MARK && in_mark(p, c)) {
			used++;
		} else if (c == '\n' || c == '\r') {
			p->after_return = c == '\r';
			v = line_end(p);
			used++;
		} else {
			used += take_bytes(p, at + used, size - used);
		}
	}
	*ret_used = used;
	return v;
}

/* SPDX-License-Identifier: MIT */
#include "scenario/expect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "200" or "2xx". */
static bool
parse_status(const char *word, size_t size, int *ret_low, int *ret_high)
{
	if (size != 3 || word[0] < '1' || word[0] > '5')
		return false;
	int hundreds = (word[0] - '0') * 100;
	if ((word[1] | 0x20) == 'x' && (word[2] | 0x20) == 'x') {
		*ret_low = hundreds;
		*ret_high = hundreds + 99;
		return true;
	}
	if (word[1] < '0' || word[1] > '9' || word[2] < '0' || word[2] > '9')
		return false;
	*ret_low = *ret_high = hundreds + (word[1] - '0') * 10 + (word[2] - '0');
	return true;
}

static int
compile_status(const char *value, struct expect *x, struct err *e)
{
	for (const char *p = value + strspn(value, " "); *p; p += strspn(p, " ")) {
		size_t size = strcspn(p, " ");
		if (x->n_status == EXPECT_STATUS_MAX)
			return err_usage(e, "more than %d statuses", EXPECT_STATUS_MAX);
		if (!parse_status(p, size, &x->status[x->n_status].low, &x->status[x->n_status].high)) {
			int code = err_usage(e, "'%.*s' is not a status", size > 20 ? 20 : (int)size, p);
			err_hint(e, "write 200, 2xx, or several: [200, 304]");
			return code;
		}
		x->n_status++;
		p += size;
	}
	return x->n_status ? 0 : err_usage(e, "no status");
}

static int
compile_bytes(const char *value, struct expect *x, struct err *e)
{
	char *end;

	errno = 0;
	x->body_bytes = strtoll(value, &end, 10);
	if (errno || *end || value[0] < '0' || value[0] > '9') {
		int code = err_usage(e, "'%.40s' is not a number of bytes", value);
		err_hint(e, "write a whole number, as 512");
		return code;
	}
	return 0;
}

int
expect_compile(const struct scenario_expect *from, struct arena *a, struct expect *ret,
    struct err *e)
{
	*ret = (struct expect){ .kind = from->kind, .from = from, .value_size = strlen(from->value) };
	switch (from->kind) {
	case EXPECT_STATUS:
		return compile_status(from->value, ret, e);
	case EXPECT_JSON:
		return json_pointer_compile(from->name, a, &ret->pointer, e);
	case EXPECT_BODY_BYTES:
		return compile_bytes(from->value, ret, e);
	case EXPECT_CONTAINS:
	case EXPECT_LACKS:
		return ret->value_size ? 0 : err_usage(e, "an empty text");
	case EXPECT_HEADER:
		break;
	}
	return 0;
}

static bool
status_holds(const struct expect *x, int status)
{
	for (size_t i = 0; i < x->n_status; i++)
		if (status >= x->status[i].low && status <= x->status[i].high)
			return true;
	return false;
}

static bool
body_has(const struct expect *x, struct view body)
{
	return body.size && memmem(body.bytes, body.size, x->from->value, x->value_size);
}

static bool
header_holds(const struct expect *x, const struct answer *answer)
{
	struct view value;

	if (!answer_header(answer, x->from->name, &value))
		return false;
	if (!x->value_size)
		return true;
	return value.size >= x->value_size && memcmp(value.bytes, x->from->value, x->value_size) == 0 &&
	    (value.size == x->value_size || value.bytes[x->value_size] == ';');
}

static bool
json_holds(const struct expect *x, struct view body)
{
	struct view raw;

	if (json_find(&x->pointer, body.bytes, body.size, &raw) != JSON_FOUND)
		return false;
	if (raw.bytes[0] != '"')
		return raw.size == x->value_size && memcmp(raw.bytes, x->from->value, raw.size) == 0;
	if (!memchr(raw.bytes, '\\', raw.size))
		return raw.size - 2 == x->value_size &&
		    memcmp(raw.bytes + 1, x->from->value, x->value_size) == 0;
	struct buf text = { 0 };
	json_find_text(raw, &text);
	bool same = text.size == x->value_size &&
	    memcmp(buf_text(&text), x->from->value, text.size) == 0;
	buf_done(&text);
	return same;
}

bool
expect_holds(const struct expect *x, const struct answer *answer)
{
	switch (x->kind) {
	case EXPECT_STATUS:
		return status_holds(x, answer->status);
	case EXPECT_CONTAINS:
		return body_has(x, answer->body);
	case EXPECT_LACKS:
		return !body_has(x, answer->body);
	case EXPECT_HEADER:
		return header_holds(x, answer);
	case EXPECT_JSON:
		return json_holds(x, answer->body);
	case EXPECT_BODY_BYTES:
		return answer->body_bytes == x->body_bytes;
	}
	return false;
}

static const char *
json_state(const struct expect *x, struct view body)
{
	struct view raw;

	switch (json_find(&x->pointer, body.bytes, body.size, &raw)) {
	case JSON_FOUND:
		return "has another value";
	case JSON_ABSENT:
		return "is missing";
	case JSON_BAD:
		break;
	}
	return "cannot be read, the body is not JSON";
}

char *
expect_reason(const struct expect *x, const struct answer *answer, char *out, size_t size)
{
	const char *name = x->from->name, *value = x->from->value;
	struct view found;

	switch (x->kind) {
	case EXPECT_STATUS:
		snprintf(out, size, "status %d, expected %s", answer->status, value);
		break;
	case EXPECT_CONTAINS:
		snprintf(out, size, "the body lacks '%s'", value);
		break;
	case EXPECT_LACKS:
		snprintf(out, size, "the body contains '%s'", value);
		break;
	case EXPECT_HEADER:
		snprintf(out, size, "header %s %s", name, answer_header(answer, name, &found) ?
		    "has another value" : "is missing");
		break;
	case EXPECT_JSON:
		snprintf(out, size, "%s %s", name, json_state(x, answer->body));
		break;
	case EXPECT_BODY_BYTES:
		snprintf(out, size, "%lld bytes, expected %s", (long long)answer->body_bytes, value);
		break;
	}
	return out;
}

/* SPDX-License-Identifier: MIT */
#include "gate/compress/compress.h"

#include <strings.h>

static const char *const names[CODINGS] = {
	[CODING_IDENTITY] = "identity", [CODING_GZIP] = "gzip", [CODING_DEFLATE] = "deflate",
	[CODING_BR] = "br", [CODING_ZSTD] = "zstd",
};

const char *
coding_name(enum coding c)
{
	return names[c];
}

/* ---- Accept-Encoding ---- */

/* The next piece of `rest` up to `separator`, without blanks around it. */
static struct text
next_piece(struct text *rest, char separator)
{
	const char *end = memchr(rest->at, separator, rest->size);
	size_t n = end ? (size_t)(end - rest->at) : rest->size;
	struct text piece = text_trim((struct text){ rest->at, n });

	rest->at += n + (end != NULL);
	rest->size -= n + (end != NULL);
	return piece;
}

/* "0.5" to 500: 0 or 1, then at most three digits; -1 when it is not so. */
static int
read_weight(struct text t)
{
	if (!t.size || t.size > 5 || (t.at[0] != '0' && t.at[0] != '1'))
		return -1;
	int weight = (t.at[0] - '0') * 1000, digit = 100;
	if (t.size > 1 && t.at[1] != '.')
		return -1;
	for (size_t i = 2; i < t.size; i++, digit /= 10) {
		if (t.at[i] < '0' || t.at[i] > '9')
			return -1;
		weight += (t.at[i] - '0') * digit;
	}
	return weight <= 1000 ? weight : -1;
}

/* Weights as they were written; -1 where nothing was. */
struct written {
	int of[CODINGS], any;
};

static int *
find_coding(struct written *w, struct text name)
{
	if (text_is(name, "*"))
		return &w->any;
	if (text_is(name, "x-gzip"))   /* RFC 9110, section 8.4.1.3 */
		return &w->of[CODING_GZIP];
	for (int c = 0; c < CODINGS; c++)
		if (text_is(name, names[c]))
			return &w->of[c];
	return NULL;
}

static void
read_member(struct text member, struct written *w)
{
	struct text name = next_piece(&member, ';');
	int weight = 1000, *to = find_coding(w, name);

	while (member.size) {
		struct text parameter = next_piece(&member, ';');
		if (parameter.size < 2 || strncasecmp(parameter.at, "q=", 2) != 0)
			return;
		weight = read_weight((struct text){ parameter.at + 2, parameter.size - 2 });
	}
	if (to && weight >= 0)
		*to = weight;
}

struct coding_weights
coding_weights_read(const struct http_fields *request)
{
	struct written w = { { -1, -1, -1, -1, -1 }, -1 };
	struct coding_weights ret = { { 0 } };

	for (const struct http_field *f = NULL;
	     (f = http_field_next(request, "accept-encoding", f)); )
		for (struct text rest = f->value; rest.size; )
			read_member(next_piece(&rest, ','), &w);
	/* Identity is taken unless it was refused, but liked less than all that was asked for. */
	int other = w.any > 0 ? w.any : 0;
	for (int c = 0; c < CODINGS; c++)
		ret.of[c] = (uint16_t)(w.of[c] >= 0 ? w.of[c] : other);
	if (w.of[CODING_IDENTITY] < 0)
		ret.of[CODING_IDENTITY] = w.any != 0;
	return ret;
}

enum coding
coding_choose(const struct coding_weights *w, bool stored)
{
	static const enum coding flying[] = { CODING_ZSTD, CODING_GZIP, CODING_BR, CODING_DEFLATE };
	static const enum coding lasting[] = { CODING_BR, CODING_ZSTD, CODING_GZIP, CODING_DEFLATE };
	const enum coding *order = stored ? lasting : flying;
	enum coding best = CODING_IDENTITY;

	for (size_t i = 0; i < sizeof(flying) / sizeof(flying[0]); i++)
		if (w->of[order[i]] && (best == CODING_IDENTITY ? w->of[order[i]] >= w->of[best]
		                                                : w->of[order[i]] > w->of[best]))
			best = order[i];
	return best;
}

/* ---- responses ---- */

static bool
has_body(const struct compress_answer *answer)
{
	int s = answer->status;

	return s >= 200 && s != 204 && s != 205 && s != 206 && s != 304;
}

static bool
field_lists(const struct http_fields *fields, const char *name, const char *word)
{
	for (const struct http_field *f = NULL; (f = http_field_next(fields, name, f)); )
		if (text_lists(f->value, word))
			return true;
	return false;
}

/* Fields of which a new coding would make a lie. */
static bool
is_bound_to_its_bytes(const struct http_fields *fields)
{
	static const char *const bound[] = {
		"content-encoding", "content-range", "content-digest", "repr-digest", "digest", "content-md5",
	};

	for (size_t i = 0; i < sizeof(bound) / sizeof(bound[0]); i++)
		if (http_field_next(fields, bound[i], NULL))
			return true;
	return false;
}

/* An event stream is held up by whoever collects bytes, so it must be named itself. */
static bool
type_is_listed(const struct gate_route_compress *rules, const struct http_fields *fields)
{
	const struct http_field *f = http_field_next(fields, "content-type", NULL);

	if (!f)
		return false;
	struct text value = f->value, type = next_piece(&value, ';');
	bool events = text_is(type, "text/event-stream");
	for (size_t i = 0; i < rules->n_types; i++) {
		const char *listed = rules->types[i];
		size_t n = strlen(listed) - 1;
		if (listed[n] == '*' ? !events && type.size >= n && strncasecmp(type.at, listed, n) == 0
		                     : text_is(type, listed))
			return true;
	}
	return false;
}

struct compress_plan
compress_decide(const struct gate_route_compress *rules, const struct http_fields *request,
    const struct compress_answer *answer)
{
	const struct http_fields *fields = answer->fields;
	struct compress_plan plan = { .coding = CODING_IDENTITY };

	if (!rules->enabled || !has_body(answer) || is_bound_to_its_bytes(fields) ||
	    (answer->body_bytes >= 0 && answer->body_bytes < rules->min_bytes) ||
	    !type_is_listed(rules, fields) || field_lists(fields, "cache-control", "no-transform") ||
	    field_lists(request, "cache-control", "no-transform"))
		return plan;
	struct coding_weights weights = coding_weights_read(request);
	const struct http_field *etag = http_field_next(fields, "etag", NULL);
	plan.coding = coding_choose(&weights, false);
	plan.lasting = coding_choose(&weights, true);
	plan.vary = true;
	plan.weaken_etag = plan.coding != CODING_IDENTITY && etag &&
	    strncmp(etag->value.at, "W/", etag->value.size < 2 ? etag->value.size : 2) != 0;
	return plan;
}

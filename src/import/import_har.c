/* SPDX-License-Identifier: MIT */
/* HAR 1.2, what browsers save from their network view: the entries, by their time, are one flow.
 *
 * Only requests to the first entry's origin are taken: what a page fetches from elsewhere is not
 * the service. Pauses of 50 ms and more between an answer and the next request are think time;
 * shorter ones are the browser's own pace. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "import/format.h"
#include "import/json_read.h"
#include "import/plain_text.h"
#include "import/instant.h"

#define THINK_MIN_S   0.05
#define THINK_MAX_S   60      /* a longer pause is a break, not a user who thinks */
#define ENTRIES_MAX   10000

static bool
matches(const char *head, size_t size)
{
	const char *log = json_first_key(head, size, "log");

	if (!log)
		return false;
	log += strspn(log, " \t\r\n:");
	return *log == '{';
}

struct entry {
	const json_t *json;
	double at_s, took_s;   /* since the epoch; at_s NAN: not said */
	size_t index;
};

static int
by_time(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->at_s < b->at_s || a->at_s > b->at_s)
		return a->at_s < b->at_s ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

static void
take_headers(struct draft *d, struct scenario_step *step, const json_t *list)
{
	const json_t *header;
	size_t i;

	json_array_foreach(list, i, header) {
		const char *name = json_member_text(header, "name"), *value = json_member_text(header, "value");
		if (!name || !value || strcasecmp(name, "host") == 0)
			continue;
		draft_header(d, step, name, draft_literal(d, value, strlen(value)));
	}
}

/* Form fields that are listed instead of given as text. */
static void
join_params(const json_t *params, struct buf *out)
{
	const json_t *param;
	size_t i;

	json_array_foreach(params, i, param) {
		const char *name = json_member_text(param, "name"), *value = json_member_text(param, "value");
		if (!name)
			continue;
		if (out->size)
			buf_putc(out, '&');
		plain_percent(out, name);
		buf_putc(out, '=');
		plain_percent(out, value ? value : "");
	}
}

static void
take_body(struct draft *d, struct scenario_step *step, const json_t *post)
{
	CLEANUP(buf_done) struct buf body = { 0 };
	const json_t *text = json_object_get(post, "text");
	const char *mime = json_member_text(post, "mimeType");
	const char *encoding = json_member_text(post, "encoding");

	if (!post)
		return;
	if ((mime && strncmp(mime, "multipart/", 10) == 0) || encoding) {
		draft_note(d, 1, "bodies with files in them (multipart or base64)");
		return;
	}
	if (json_string_length(text))
		buf_append(&body, json_string_value(text), json_string_length(text));
	else
		join_params(json_object_get(post, "params"), &body);
	if (!body.size)
		return;
	if (mime && !draft_has_header(step, "content-type"))
		draft_header(d, step, "Content-Type", draft_literal(d, mime, strlen(mime)));
	const char *literal = draft_literal(d, buf_text(&body), body.size);
	draft_body(d, step, literal, strlen(literal));
}

/* An answer that came from the service and is no failure will be expected again. */
static void
take_status(struct draft *d, struct scenario_step *step, const json_t *entry)
{
	json_int_t status = json_integer_value(json_object_get(json_object_get(entry, "response"),
	    "status"));

	if (status == 304) {
		draft_expect_status(d, step, "200 304");
		return;
	}
	if (status >= 200 && status < 500)
		draft_expect_status(d, step, arena_printf(d->arena, "%d", (int)status));
}

/* Why it is not taken; NULL: it is. */
static const char *
reason_against(struct draft *d, const char *method, const char *url)
{
	const char *origin = url ? draft_origin(d, url) : NULL;

	if (!method || !url)
		return "entries without a method or URL";
	if (strncasecmp(url, "ws", 2) == 0)
		return "WebSocket connections";
	if (strncasecmp(url, "http", 4) != 0 || !origin)
		return "entries that are no HTTP requests (data:, blob:, extensions)";
	if (strcmp(method, "CONNECT") == 0)
		return "CONNECT requests";
	if (d->origin && strcmp(origin, d->origin) != 0)
		return arena_printf(d->arena, "requests to %s", origin);
	return NULL;
}

static void
take_entry(struct draft *d, const struct entry *entry, double *busy_until_s)
{
	const json_t *request = json_object_get(entry->json, "request");
	const char *method = json_member_text(request, "method"), *url = json_member_text(request, "url");
	const char *against = reason_against(d, method, url);

	if (against) {
		draft_note(d, 1, "%s", against);
		return;
	}
	double gap_s = entry->at_s - *busy_until_s;
	if (gap_s >= THINK_MIN_S)
		draft_think(d, round(fmin(gap_s, THINK_MAX_S) * 1e3) / 1e3);
	if (gap_s > THINK_MAX_S)
		draft_note(d, 1, "what pauses have above %d s", THINK_MAX_S);
	if (!isnan(entry->at_s))
		*busy_until_s = fmax(entry->at_s + entry->took_s, isnan(*busy_until_s) ? 0 : *busy_until_s);
	struct scenario_step *step = draft_request(d, arena_strdup(d->arena, method),
	    draft_literal(d, url, strlen(url)));
	if (!step)
		return;
	take_headers(d, step, json_object_get(request, "headers"));
	take_body(d, step, json_object_get(request, "postData"));
	take_status(d, step, entry->json);
}

static struct entry *
sort_entries(struct draft *d, const json_t *list, size_t *ret_n)
{
	size_t n = json_array_size(list);

	if (n > ENTRIES_MAX) {
		draft_note(d, n - ENTRIES_MAX, "entries past the %dth", ENTRIES_MAX);
		n = ENTRIES_MAX;
	}
	struct entry *entries = arena_alloc(d->arena, (n + 1) * sizeof(*entries));
	for (size_t i = 0; i < n; i++) {
		const json_t *json = json_array_get(list, i);
		const char *when = json_member_text(json, "startedDateTime");
		double took_ms = json_number_value(json_object_get(json, "time"));
		int64_t ns;
		entries[i] = (struct entry){ json, (double)NAN, took_ms > 0 ? took_ms / 1e3 : 0, i };
		if (when && instant_iso8601(when, strlen(when), &ns) == 0)
			entries[i].at_s = (double)ns / 1e9;
	}
	qsort(entries, n, sizeof(*entries), by_time);
	*ret_n = n;
	return entries;
}

static int
read_har(struct draft *d, const char *name, const char *text, size_t size, struct err *e)
{
	CLEANUP(json_done) json_t *root = NULL;
	double busy_until_s = (double)NAN;
	size_t n;

	int code = json_read(name, text, size, &root, e);
	if (code < 0)
		return code;
	const json_t *list = json_object_get(json_object_get(root, "log"), "entries");
	if (!json_is_array(list)) {
		err_usage(e, "%s: not a HAR file: it has no list log.entries", name);
		err_hint(e, "save it in the browser's network view with 'Save all as HAR'");
		return -EINVAL;
	}
	draft_flow(d, draft_file_title(d, name));
	const struct entry *entries = sort_entries(d, list, &n);
	for (size_t i = 0; i < n; i++)
		take_entry(d, &entries[i], &busy_until_s);
	return 0;
}

static const char *const suffixes[] = { ".har", NULL };

const struct import_format import_har = {
	.name = "har",
	.about = "HAR 1.2, a recording of a browser",
	.suffixes = suffixes,
	.matches = matches,
	.max_bytes = (size_t)256 << 20,
	.read = read_har,
};

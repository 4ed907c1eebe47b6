/* SPDX-License-Identifier: MIT */
#include "gate/admin/admin_request.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"

#define PURGE_EXAMPLE "write {\"url\": \"http://host/path\"}, {\"tag\": \"name\"} or {\"all\": true}, maybe with " \
	"\"soft\": true"

static const struct {
	const char *path, *method;
	enum admin_what what;
} doors[] = {
	{ "/status", "GET", ADMIN_STATUS },
	{ "/config", "GET", ADMIN_CONFIG },
	{ "/metrics", "GET", ADMIN_METRICS },
	{ "/purges", "GET", ADMIN_PURGES },
	{ "/purge", "POST", ADMIN_PURGE },
	{ "/reload", "POST", ADMIN_RELOAD },
	{ "/upgrade", "POST", ADMIN_UPGRADE },
	{ "/drain", "POST", ADMIN_DRAIN },
};

__attribute__((format(printf, 4, 5)))
static bool
refuse(struct admin_request *r, int status, const char *next, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	r->status = status;
	r->next = next;
	return false;
}

/* ---- /purge ---------------------------------------------------------------------------------- */

static bool
take_text(struct admin_request *r, const json_t *value, enum purge_what what)
{
	const char *name = purge_what_name(what);

	if (!json_is_string(value))
		return refuse(r, 400, PURGE_EXAMPLE, "%s is not a text", name);
	buf_append(&r->text, json_string_value(value), json_string_length(value));
	r->purge.what = what;
	r->purge.text = (struct text){ buf_text(&r->text), r->text.size };
	if (!purge_is_good(&r->purge))
		return refuse(r, 400, PURGE_EXAMPLE, "this cannot be a %s: it is empty, too long or has blanks in it",
		    name);
	return true;
}

static bool
take_one(struct admin_request *r, const char *key, const json_t *value, int *n)
{
	if (strcmp(key, "soft") == 0) {
		r->purge.soft = json_is_true(value);
		return json_is_boolean(value) || refuse(r, 400, PURGE_EXAMPLE, "soft is neither true nor false");
	}
	++*n;
	if (strcmp(key, "url") == 0)
		return take_text(r, value, PURGE_URL);
	if (strcmp(key, "tag") == 0)
		return take_text(r, value, PURGE_TAG);
	r->purge.what = PURGE_ALL;
	if (strcmp(key, "all") == 0)
		return json_is_true(value) || refuse(r, 400, PURGE_EXAMPLE, "all is not true");
	return refuse(r, 400, PURGE_EXAMPLE, "there is no key '%.40s'", key);
}

static void
json_decref_p(json_t **j)
{
	json_decref(*j);
}

static bool
read_purge(struct admin_request *r, struct text body)
{
	json_error_t error;
	json_t *value, *j CLEANUP(json_decref_p) =
	    json_loadb(body.at, body.size, JSON_REJECT_DUPLICATES, &error);
	const char *key;
	int n = 0;

	if (!j)
		return refuse(r, 400, PURGE_EXAMPLE, "this is not JSON: line %d, column %d: %.80s", error.line,
		    error.column, error.text);
	if (!json_is_object(j))
		return refuse(r, 400, PURGE_EXAMPLE, "this is no JSON object");
	json_object_foreach(j, key, value)
		if (!take_one(r, key, value, &n))
			return false;
	if (n != 1)
		return refuse(r, 400, PURGE_EXAMPLE, n ? "more than one thing to purge" : "nothing to purge");
	return true;
}

/* ---- /purges --------------------------------------------------------------------------------- */

static bool
read_after(struct admin_request *r, struct text query)
{
	static const char after[] = "after=";
	static const char next[] = "ask for /purges?after=N";
	size_t n = sizeof(after) - 1;

	if (!query.size)
		return true;
	if (query.size <= n || query.size > n + 18 || memcmp(query.at, after, n) != 0)
		return refuse(r, 400, next, "after which purge?");
	for (size_t i = n; i < query.size; i++) {
		if (query.at[i] < '0' || query.at[i] > '9')
			return refuse(r, 400, next, "after is not a number");
		r->after = r->after * 10 + (uint64_t)(query.at[i] - '0');
	}
	return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

bool
admin_request_read(struct text method, struct text target, struct text body, struct admin_request *ret)
{
	const char *question = target.size ? memchr(target.at, '?', target.size) : NULL;
	struct text path = { target.at, question ? (size_t)(question - target.at) : target.size };
	size_t n = path.size + (question != NULL);
	struct text query = { target.at + n, target.size - n };

	*ret = (struct admin_request){ .text = { .cap_bytes = 16 << 10 } };
	for (size_t i = 0; i < COUNT_OF(doors); i++) {
		if (!text_is_exactly(path, doors[i].path))
			continue;
		ret->what = doors[i].what;
		if (!text_is_exactly(method, doors[i].method))
			return refuse(ret, 405, "see 'prony help gate'", "%s takes %s alone", doors[i].path,
			    doors[i].method);
		if (ret->what == ADMIN_PURGE)
			return read_purge(ret, body);
		return ret->what != ADMIN_PURGES || read_after(ret, query);
	}
	return refuse(ret, 404, "there are /status, /config, /metrics, /purges, /purge, /reload, /upgrade and /drain",
	    "there is no such thing here");
}

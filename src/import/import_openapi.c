/* SPDX-License-Identifier: MIT */
/* OpenAPI 3.0 and 3.1, Swagger 2, in JSON or YAML: each operation is a flow of one request. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "import/format.h"
#include "import/json_read.h"
#include "import/openapi_value.h"
#include "import/secret.h"
#include "import/plain_text.h"
#include "import/yaml_json.h"

#define OPERATIONS_MAX 5000

static const char *const methods[] = { "get", "head", "post", "put", "patch", "delete", "options",
	"trace" };

/* ---- telling ---- */

/* `key: "2` or `"key": "2`, at the beginning of a line or behind a bracket. */
static bool
has_version(const char *head, size_t size, const char *key, char version)
{
	const char *end = head + size, *at = head;
	size_t n = strlen(key);

	while ((at = memmem(at, (size_t)(end - at), key, n))) {
		const char *before = at;
		if (before > head && before[-1] == '"')
			before--;
		while (before > head && (before[-1] == ' ' || before[-1] == '\t'))
			before--;
		bool begins = before == head || strchr("\n{,", before[-1]) ||
		    (unsigned char)before[-1] == 0xbf;
		at += n;
		const char *value = at;
		while (value < end && *value && strchr("\"': \t", *value))
			value++;
		if (begins && value < end && value > at && *value == version && memchr(at, ':',
		    (size_t)(value - at)))
			return true;
	}
	return false;
}

static bool
matches(const char *head, size_t size)
{
	return has_version(head, size, "openapi", '3') || has_version(head, size, "swagger", '2');
}

/* ---- an operation ---- */

struct operation {
	struct openapi *api;
	const json_t *path_item, *json;
	const char *path, *method;
	struct buf url, query, form;
	struct scenario_pair *headers; size_t n_headers;
	const json_t *body_schema;     /* Swagger 2 */
};

static void
put_path(struct operation *op, const char *name, const char *value)
{
	CLEANUP(buf_done) struct buf url = { 0 };
	const char *text = buf_text(&op->url);
	CLEANUP(buf_done) struct buf mark = { 0 };

	buf_printf(&mark, "{%s}", name);
	const char *at = strstr(text, buf_text(&mark));
	if (!at || (at > text && at[-1] == '$'))
		return;
	buf_append(&url, text, (size_t)(at - text));
	buf_puts(&url, value);
	buf_puts(&url, at + mark.size);
	buf_clear(&op->url);
	buf_append(&op->url, buf_text(&url), url.size);
}

static void
put_pair(struct buf *out, const char *name, const char *value)
{
	if (out->size)
		buf_putc(out, '&');
	plain_percent(out, name);
	buf_printf(out, "=%s", value);
}

static bool
is_required(const json_t *parameter)
{
	return json_is_true(json_object_get(parameter, "required"));
}

static void
put_parameter(struct operation *op, const json_t *parameter, const char *name, const char *in)
{
	const char *value = openapi_parameter(op->api, parameter);

	if (!value && is_required(parameter))
		draft_note(op->api->d, 1, "parameters without a value that can be told");
	if (!value)
		return;
	if (strcmp(in, "path") == 0) {
		put_path(op, name, value);
	} else if (strcmp(in, "query") == 0) {
		put_pair(&op->query, name, value);
	} else if (strcmp(in, "formData") == 0) {
		put_pair(&op->form, name, value);
	} else if (strcmp(in, "header") == 0) {
		struct scenario_pair *pair = ARENA_PUSH(op->api->d->arena, op->headers, op->n_headers);
		*pair = (struct scenario_pair){ .name = name, .value = value };
	} else if (strcmp(in, "cookie") == 0) {
		draft_note(op->api->d, 1, "cookies");
	}
}

/* Does the operation say again what the whole path says? */
static bool
is_overridden(struct operation *op, const char *name, const char *in)
{
	const json_t *parameter;
	size_t i;

	json_array_foreach(json_object_get(op->json, "parameters"), i, parameter) {
		const json_t *own = openapi_resolve(op->api, parameter);
		const char *own_name = json_member_text(own, "name"), *own_in = json_member_text(own, "in");
		if (own_name && own_in && strcmp(own_name, name) == 0 && strcmp(own_in, in) == 0)
			return true;
	}
	return false;
}

/* Optional query parameters are sent only where the description gives a value for them. */
static bool
is_wanted(const json_t *parameter, const char *in)
{
	if (is_required(parameter) || strcmp(in, "path") == 0 || strcmp(in, "formData") == 0)
		return true;
	const json_t *schema = json_object_get(parameter, "schema");
	return json_object_get(parameter, "example") || json_object_get(parameter, "examples") ||
	    json_object_get(parameter, "default") || json_object_get(schema, "example") ||
	    json_object_get(schema, "default");
}

static void
take_parameters(struct operation *op, const json_t *list, bool of_path)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const json_t *parameter = openapi_resolve(op->api, item);
		const char *name = json_member_text(parameter, "name"), *in = json_member_text(parameter, "in");
		if (!name || !in || (of_path && is_overridden(op, name, in)))
			continue;
		if (strcmp(in, "body") == 0)
			op->body_schema = json_object_get(parameter, "schema");
		else if (is_wanted(parameter, in))
			put_parameter(op, parameter, name, in);
	}
}

/* Path parameters that no list declares. */
static void
take_undeclared(struct operation *op)
{
	for (const char *at = buf_text(&op->url); (at = strchr(at, '{'));) {
		const char *close = strchr(at, '}');
		if (!close)
			return;
		if (at > buf_text(&op->url) && at[-1] == '$') {
			at = close;
			continue;
		}
		char *name = arena_strndup(op->api->d->arena, at + 1, (size_t)(close - at - 1));
		put_path(op, name, "${random(1, 100)}");
		at = buf_text(&op->url);
		if (strchr(name, '$') || strchr(name, '{'))
			return;
	}
}

static void
set_body(struct operation *op, struct scenario_step *step, const char *type, const char *body)
{
	if (!body)
		return;
	draft_header(op->api->d, step, "Content-Type", type);
	draft_body(op->api->d, step, body, strlen(body));
}

/* JSON before all else; other kinds only when they have an example that is text. */
static void
take_request_body(struct operation *op, struct scenario_step *step)
{
	const json_t *request = openapi_resolve(op->api, json_object_get(op->json, "requestBody"));
	const json_t *content = json_object_get(request, "content"), *media;
	const char *type;

	json_object_foreach((json_t *)content, type, media)
		if (strstr(type, "json") && plain_is_line(type)) {
			set_body(op, step, type, openapi_body(op->api, media, json_object_get(media, "schema")));
			return;
		}
	json_object_foreach((json_t *)content, type, media) {
		const char *text = json_member_text(media, "example");
		if (text && plain_is_line(type)) {
			set_body(op, step, type, draft_literal(op->api->d, text, strlen(text)));
			return;
		}
		draft_note(op->api->d, 1, "request bodies of type %.60s", type);
	}
}

/* The successes that are listed, or any. */
static void
take_responses(struct operation *op, struct scenario_step *step)
{
	CLEANUP(buf_done) struct buf value = { 0 };
	const json_t *response;
	const char *status;

	json_object_foreach((json_t *)json_object_get(op->json, "responses"), status, response)
		if (status[0] == '2' && strlen(status) == 3 && isdigit((unsigned char)status[1]) &&
		    isdigit((unsigned char)status[2]))
			buf_printf(&value, "%s%s", value.size ? " " : "", status);
	draft_expect_status(op->api->d, step, value.size ? arena_strdup(op->api->d->arena,
	    buf_text(&value)) : "2xx");
}

static const char *
upper(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);

	for (char *c = copy; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return copy;
}

static bool
is_secured(const struct operation *op)
{
	const json_t *own = json_object_get(op->json, "security");

	return json_array_size(own ? own : json_object_get(op->api->root, "security")) > 0;
}

static void
add_operation(struct operation *op, const char *base_path)
{
	struct draft *d = op->api->d;
	const char *literal = draft_literal(d, op->path, strlen(op->path));
	const char *id = json_member_text(op->json, "operationId");

	buf_puts(&op->url, literal);
	take_parameters(op, json_object_get(op->path_item, "parameters"), true);
	take_parameters(op, json_object_get(op->json, "parameters"), false);
	take_undeclared(op);
	const char *method = upper(d->arena, op->method);
	draft_flow(d, id && plain_is_line(id) ? draft_literal(d, id, strlen(id)) : NULL);
	struct scenario_step *step = draft_request(d, method, arena_printf(d->arena, "%s%s%s%s", base_path,
	    buf_text(&op->url), op->query.size ? "?" : "", buf_text(&op->query)));
	if (!step)
		return;
	step->name = arena_printf(d->arena, "%s %s", method, literal);
	for (size_t i = 0; i < op->n_headers; i++)
		draft_header(d, step, op->headers[i].name, op->headers[i].value);
	if (is_secured(op) && !draft_has_header(step, "Authorization"))
		draft_header(d, step, "Authorization", "declared");
	if (op->body_schema)
		set_body(op, step, "application/json", openapi_body(op->api, NULL, op->body_schema));
	else if (op->form.size)
		set_body(op, step, "application/x-www-form-urlencoded", buf_text(&op->form));
	else
		take_request_body(op, step);
	take_responses(op, step);
}

static void
take_operation(struct openapi *api, const char *path, const json_t *item, const char *method,
    const char *base_path)
{
	const json_t *json = json_object_get(item, method);

	if (!json_is_object(json))
		return;
	if (!api->d->options->all_methods && strcmp(method, "get") != 0 && strcmp(method, "head") != 0) {
		draft_note(api->d, 1, "operations that may change something (--all-methods takes them)");
		return;
	}
	if (api->d->s->n_flows >= OPERATIONS_MAX) {
		draft_note(api->d, 1, "operations past the %dth", OPERATIONS_MAX);
		return;
	}
	struct operation op = { .api = api, .path_item = item, .json = json, .path = path,
		.method = method };
	add_operation(&op, base_path);
	buf_done(&op.url);
	buf_done(&op.query);
	buf_done(&op.form);
}

/* ---- the whole ---- */

/* The first server's URL with the presets of its variables; Swagger 2 says it in three parts. */
static const char *
server_url(struct openapi *api)
{
	struct arena *a = api->d->arena;
	const json_t *server = json_array_get(json_object_get(api->root, "servers"), 0), *variable;
	const char *url = json_member_text(server, "url"), *key;
	const char *host = json_member_text(api->root, "host");

	if (api->swagger) {
		const char *scheme = json_string_value(json_array_get(json_object_get(api->root, "schemes"), 0));
		const char *path = json_member_text(api->root, "basePath");
		return host ? arena_printf(a, "%s://%s%s", scheme ? scheme : "https", host, path ? path : "") :
		    path ? path : "";
	}
	if (!url)
		return "";
	json_object_foreach((json_t *)json_object_get(server, "variables"), key, variable) {
		const char *preset = json_member_text(variable, "default");
		const char *mark = arena_printf(a, "{%s}", key), *at = strstr(url, mark);
		if (preset && at)
			url = arena_printf(a, "%.*s%s%s", (int)(at - url), url, preset, at + strlen(mark));
	}
	return url;
}

/* What stands before every path; sets the base when the server has one. */
static const char *
base_path(struct openapi *api)
{
	struct draft *d = api->d;
	const char *url = server_url(api);
	size_t size = strlen(url);

	while (size && url[size - 1] == '/')
		size--;
	url = plain_is_line(url) ? draft_literal(d, url, size) : "";
	if (!draft_origin(d, url) && !d->s->base)
		draft_note(d, 1, "the file names no server: add 'base: http://HOST' or import with --base");
	return draft_origin(d, url) || *url == '/' || !*url ? url : arena_printf(d->arena, "/%s", url);
}

static int
read_tree(const char *name, const char *text, size_t size, json_t **ret, struct err *e)
{
	const char *first = text + strspn(text, " \t\r\n\xef\xbb\xbf");

	return *first == '{' ? json_read(name, text, size, ret, e) :
	    yaml_json_read(name, text, size, ret, e);
}

static int
read_openapi(struct draft *d, const char *name, const char *text, size_t size, struct err *e)
{
	CLEANUP(json_done) json_t *root = NULL;
	const char *path;
	json_t *item;

	int code = read_tree(name, text, size, &root, e);
	if (code < 0)
		return code;
	struct openapi api = { .d = d, .name = name, .root = root };
	api.swagger = json_member_text(root, "swagger");
	const json_t *version = json_object_get(root, api.swagger ? "swagger" : "openapi");
	const json_t *paths = json_object_get(root, "paths");
	if (!version || !json_is_object(paths)) {
		err_usage(e, "%s: not an API description: it has no %s", name, version ? "paths" :
		    "key openapi or swagger");
		err_hint(e, "is it another format? --format names it");
		return -EINVAL;
	}
	const char *base = base_path(&api);
	json_object_foreach((json_t *)paths, path, item) {
		const json_t *resolved = openapi_resolve(&api, item);
		if (*path != '/' || !plain_is_line(path) || !resolved)
			continue;
		for (size_t i = 0; i < COUNT_OF(methods); i++)
			take_operation(&api, path, resolved, methods[i], base);
	}
	return 0;
}

static const char *const suffixes[] = { ".yaml", ".yml", ".json", NULL };

const struct import_format import_openapi = {
	.name = "openapi",
	.about = "OpenAPI 3.0, 3.1 and Swagger 2, JSON or YAML",
	.suffixes = suffixes,
	.matches = matches,
	.max_bytes = (size_t)64 << 20,
	.read = read_openapi,
};

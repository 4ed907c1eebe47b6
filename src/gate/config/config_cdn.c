/* SPDX-License-Identifier: MIT */
/* gate.yaml: cdn, who else has to hear of purges. */
#include <string.h>

#include "gate/config/config_int.h"

#define AT(member) offsetof(struct gate_cdn, member)

/* What the interfaces of the large ones want (developer.fastly.com/reference/api/purging,
 * developers.cloudflare.com/api/resources/cache, docs.bunny.net/reference/purgepublic_indexpost). */
static const struct preset {
	const char *name;
	const char *field, *field_value;   /* with the token */
	const char *soft_field;
	bool needs_service;
	struct gate_cdn_call calls[3];     /* by enum purge_what */
} presets[] = {
	{ "fastly", "Fastly-Key", "{token}", "Fastly-Soft-Purge: 1", true, {
		{ "POST", "https://api.fastly.com/purge/{url_bare}", NULL },
		{ "POST", "https://api.fastly.com/service/{service}/purge/{tag}", NULL },
		{ "POST", "https://api.fastly.com/service/{service}/purge_all", NULL } } },
	{ "cloudflare", "Authorization", "Bearer {token}", NULL, true, {
		{ "POST", "https://api.cloudflare.com/client/v4/zones/{service}/purge_cache", "{\"files\":[\"{url}\"]}" },
		{ "POST", "https://api.cloudflare.com/client/v4/zones/{service}/purge_cache", "{\"tags\":[\"{tag}\"]}" },
		{ "POST", "https://api.cloudflare.com/client/v4/zones/{service}/purge_cache",
		  "{\"purge_everything\":true}" } } },
	{ "bunny", "AccessKey", "{token}", NULL, true, {
		{ "POST", "https://api.bunny.net/purge?url={url_encoded}", NULL },
		{ "POST", "https://api.bunny.net/pullzone/{service}/purgeCache", "{\"CacheTag\":\"{tag}\"}" },
		{ "POST", "https://api.bunny.net/pullzone/{service}/purgeCache", NULL } } },
};

static int
take_preset(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "fastly", "cloudflare", "bunny", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(const char **)to = words[which];
	return code;
}

static int
take_fields(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_cdn *c = to;

	if (n->kind != NODE_KEYS)
		return node_refuse(&l->file, n->place, "%s: names of fields with their values are expected", key);
	for (size_t i = 0; i < n->n_keys; i++) {
		const char *value;
		int code = take_word(l, n->keys[i]->text, n->items[i], &value);
		if (code < 0)
			return code;
		if (strpbrk(value, "\r\n") || strpbrk(n->keys[i]->text, "\r\n: "))
			return node_refuse(&l->file, n->keys[i]->place, "%s: this cannot be a field", key);
		*ARENA_PUSH(l->a, c->fields, c->n_fields) =
		    arena_printf(l->a, "%s: %s", n->keys[i]->text, value);
	}
	return 0;
}

static int
take_call(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "method", take_word, offsetof(struct gate_cdn_call, method) },
		{ "to", take_word, offsetof(struct gate_cdn_call, to) },
		{ "body", take_word, offsetof(struct gate_cdn_call, body) },
		{ NULL, NULL, 0 },
	};
	struct gate_cdn_call *call = to;

	int code = take_keys(l, key, n, keys, to);
	if (code < 0)
		return code;
	if (!call->to) {
		code = node_refuse(&l->file, n->place, "%s: whom to ask?", key);
		err_hint(l->file.e, "write %s: { method: POST, to: \"https://api.example/purge\", body: ... }", key);
		return code;
	}
	if (!call->method)
		call->method = "POST";
	for (const char *c = call->method; *c; c++)
		if (*c < 'A' || *c > 'Z')
			return node_refuse(&l->file, n->place, "%s: '%s' is no method", key, call->method);
	return 0;
}

static int
complete(struct loading *l, struct gate_cdn *c, const struct node *n)
{
	const struct preset *p = NULL;
	bool any = false;

	for (size_t i = 0; c->preset && i < sizeof(presets) / sizeof(presets[0]); i++)
		if (strcmp(presets[i].name, c->preset) == 0)
			p = &presets[i];
	if (!c->name)
		c->name = c->preset;
	if (!c->name)
		return node_refuse(&l->file, n->place, "a CDN without name, and of no preset");
	if (strlen(c->name) > 64 || strpbrk(c->name, " \t\r\n"))
		return node_refuse(&l->file, n->place, "the name of a CDN is a word of at most 64 bytes");
	if (p && ((p->needs_service && !c->service) || (!c->token_file && !c->token_env))) {
		int code = node_refuse(&l->file, n->place, "%s needs service and token_file (or token_env)", p->name);
		err_hint(l->file.e, "service is the number of its service or zone; the file holds the token alone");
		return code;
	}
	if (p) {
		*ARENA_PUSH(l->a, c->fields, c->n_fields) =
		    arena_printf(l->a, "%s: %s", p->field, p->field_value);
		c->soft_field = p->soft_field;
	}
	for (int i = 0; i < 3; i++) {
		if (p && !c->calls[i].to)
			c->calls[i] = p->calls[i];
		any |= c->calls[i].to != NULL;
	}
	return any ? 0 : node_refuse(&l->file, n->place, "the CDN '%s' cannot be asked anything: no url, tag or all",
	    c->name);
}

static int
take_one(struct loading *l, const struct node *n, struct gate_cdn *c)
{
	static const struct key keys[] = {
		{ "name", take_word, AT(name) },
		{ "preset", take_preset, AT(preset) },
		{ "service", take_word, AT(service) },
		{ "token_file", take_word, AT(token_file) },
		{ "token_env", take_word, AT(token_env) },
		{ "ca", take_word, AT(ca_file) },
		{ "headers", take_fields, 0 },
		{ "url", take_call, AT(calls[0]) },
		{ "tag", take_call, AT(calls[1]) },
		{ "all", take_call, AT(calls[2]) },
		{ NULL, NULL, 0 },
	};

	int code = take_keys(l, "a CDN", n, keys, c);
	return code < 0 ? code : complete(l, c, n);
}

int
take_cdns(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_config *c = to;

	if (n->kind != NODE_LIST || n->n_items > GATE_CDNS_MAX) {
		int code = node_refuse(&l->file, n->place, "%s: a list of at most %d is expected", key, GATE_CDNS_MAX);
		err_hint(l->file.e, "write '- { preset: fastly, service: ID, token_file: FILE }' below it");
		return code;
	}
	for (size_t i = 0; i < n->n_items; i++) {
		int code = take_one(l, n->items[i], ARENA_PUSH(l->a, c->cdns, c->n_cdns));
		for (size_t k = 0; k < i && code == 0; k++)
			if (strcmp(c->cdns[k].name, c->cdns[i].name) == 0)
				code = node_refuse(&l->file, n->items[i]->place, "two CDNs are called '%s'", c->cdns[i].name);
		if (code < 0)
			return code;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* gate.yaml: cdn, who else has to hear of purges. */
#include <string.h>

#include "base/cleanup.h"
#include "gate/config/config_int.h"
#include "net/url.h"

#define AT(member) offsetof(struct gate_cdn, member)
#define LETTERS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* What the interfaces of the large ones want (developer.fastly.com/reference/api/purging,
 * developers.cloudflare.com/api/resources/cache, docs.bunny.net/reference/purgepublic_indexpost); those without calls
 * have a driver (cdn_driver.h). */
static const struct preset {
	const char *name;
	const char *field, *field_value;   /* with the token */
	const char *soft_field;
	const char *endpoint;              /* of a driver; NULL: none, or it has no own */
	const char *service_of;            /* a driver's service is of these letters */
	struct gate_cdn_call calls[3];     /* by enum purge_what */
} presets[] = {
	{ "fastly", "Fastly-Key", "{token}", "Fastly-Soft-Purge: 1", NULL, NULL, {
		{ "POST", "https://api.fastly.com/purge/{url_bare}", NULL },
		{ "POST", "https://api.fastly.com/service/{service}/purge/{tag}", NULL },
		{ "POST", "https://api.fastly.com/service/{service}/purge_all", NULL } } },
	{ "cloudflare", "Authorization", "Bearer {token}", NULL, NULL, NULL, {
		{ "POST", "https://api.cloudflare.com/client/v4/zones/{service}/purge_cache", "{\"files\":[\"{url}\"]}" },
		{ "POST", "https://api.cloudflare.com/client/v4/zones/{service}/purge_cache", "{\"tags\":[\"{tag}\"]}" },
		{ "POST", "https://api.cloudflare.com/client/v4/zones/{service}/purge_cache",
		  "{\"purge_everything\":true}" } } },
	{ "bunny", "AccessKey", "{token}", NULL, NULL, NULL, {
		{ "POST", "https://api.bunny.net/purge?url={url_encoded}", NULL },
		{ "POST", "https://api.bunny.net/pullzone/{service}/purgeCache", "{\"CacheTag\":\"{tag}\"}" },
		{ "POST", "https://api.bunny.net/pullzone/{service}/purgeCache", NULL } } },
	{ .name = "cloudfront", .endpoint = "https://cloudfront.amazonaws.com", .service_of = LETTERS },
	{ .name = "akamai", .service_of = "0123456789," },
};

/* Keys that not all have. */
static const struct {
	const char *key;
	const char *whose;                 /* presets with a driver; NULL: of all others */
} special[] = {
	{ "headers", NULL }, { "url", NULL }, { "tag", NULL }, { "all", NULL },
	{ "endpoint", "cloudfront and akamai" }, { "profile", "cloudfront and akamai" }, { "region", "cloudfront" },
	{ "tags", "cloudfront" }, { "network", "akamai" },
};

static int
take_preset(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *words[COUNT_OF(presets) + 1] = { NULL };
	int which;

	for (size_t i = 0; i < COUNT_OF(presets); i++)
		words[i] = presets[i].name;
	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(const char **)to = words[which];
	return code;
}

static int
take_network(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "production", "staging", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(const char **)to = words[which];
	return code;
}

static int
take_region(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *word;

	int code = take_word(l, key, n, &word);
	if (code == 0 && word[strspn(word, LETTERS "-")])
		return node_refuse(&l->file, n->place, "%s: '%s' is no region", key, word);
	if (code == 0)
		*(const char **)to = word;
	return code;
}

static int
take_endpoint(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *word;
	struct err e = { 0 };
	struct url url;

	int code = take_word(l, key, n, &word);
	if (code < 0)
		return code;
	if (url_parse(word, &url, &e) < 0 || url.scheme > URL_HTTPS || strcmp(url.path, "/") != 0) {
		code = node_refuse(&l->file, n->place, "%s: a URL without a path is expected", key);
		err_hint(l->file.e, "write https://cloudfront.amazonaws.com");
		return code;
	}
	size_t size = strlen(word);
	*(const char **)to = arena_strndup(l->a, word, size - (word[size - 1] == '/'));
	return 0;
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
refuse_special(struct loading *l, const struct gate_cdn *c, const struct preset *driver, const struct node *key,
    const char *whose)
{
	int code;

	if (!driver || whose) {
		code = node_refuse(&l->file, key->place, "%s is for %s alone", key->text, whose);
	} else if (strcmp(key->text, "tag") == 0 && strcmp(c->preset, "cloudfront") == 0) {
		code = node_refuse(&l->file, key->place, "tag: CloudFront is not asked for tags like that");
		err_hint(l->file.e, "write 'tags: true' when the distribution has a CacheTagConfig; without it a purge of a tag"
		    " becomes one of everything");
	} else {
		code = node_refuse(&l->file, key->place, "%s: %s needs none, its requests are its own", key->text, c->preset);
	}
	return code;
}

/* `driver` NULL: it is asked by templates. */
static int
check_special(struct loading *l, const struct gate_cdn *c, const struct preset *driver, const struct node *n)
{
	for (size_t i = 0; i < n->n_keys; i++)
		for (size_t k = 0; k < COUNT_OF(special); k++) {
			const char *whose = special[k].whose;
			bool fits = driver ? whose && strstr(whose, driver->name) : !whose;
			if (strcmp(special[k].key, n->keys[i]->text) == 0 && !fits)
				return refuse_special(l, c, driver, n->keys[i], whose);
		}
	return 0;
}

static int
complete_driver(struct loading *l, struct gate_cdn *c, const struct preset *p, const struct node *n)
{
	int code = 0;

	if (!c->service) {
		code = node_refuse(&l->file, n->place, "%s needs service", p->name);
		err_hint(l->file.e, "it is the distribution of CloudFront, the CP code of Akamai (or some, with commas); keys are"
		    " read from token_file, or from the environment");
	} else if (!*c->service || c->service[strspn(c->service, p->service_of)] || c->service[0] == ',' ||
	    strstr(c->service, ",,") || c->service[strlen(c->service) - 1] == ',') {
		code = node_refuse(&l->file, take_place(l, c->service, n->place), "service: '%s' cannot be one of %s",
		    c->service, p->name);
	}
	if (!c->endpoint)
		c->endpoint = p->endpoint;
	return code;
}

static int
complete_calls(struct loading *l, struct gate_cdn *c, const struct preset *p, const struct node *n)
{
	bool any = false;

	if (p && (!c->service || (!c->token_file && !c->token_env))) {
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
complete(struct loading *l, struct gate_cdn *c, const struct node *n)
{
	const struct preset *p = NULL;

	for (size_t i = 0; c->preset && i < COUNT_OF(presets); i++)
		if (strcmp(presets[i].name, c->preset) == 0)
			p = &presets[i];
	if (!c->name)
		c->name = c->preset;
	if (!c->name)
		return node_refuse(&l->file, n->place, "a CDN without name, and of no preset");
	if (strlen(c->name) > 64 || strpbrk(c->name, " \t\r\n"))
		return node_refuse(&l->file, n->place, "the name of a CDN is a word of at most 64 bytes");
	bool driven = p && p->service_of;
	int code = check_special(l, c, driven ? p : NULL, n);
	if (code < 0)
		return code;
	return driven ? complete_driver(l, c, p, n) : complete_calls(l, c, p, n);
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
		{ "endpoint", take_endpoint, AT(endpoint) },
		{ "profile", take_word, AT(profile) },
		{ "region", take_region, AT(region) },
		{ "network", take_network, AT(network) },
		{ "tags", take_flag, AT(tags) },
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

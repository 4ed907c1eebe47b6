/* SPDX-License-Identifier: MIT */
/* gate.yaml: who tells of updates, and what an update concerns. */
#include <string.h>

#include "base/clock.h"
#include "gate/config/config_int.h"
#include "gate/warm/pattern.h"
#include "net/url.h"

/* ---- templates ---- */

static int
refuse_template(struct loading *l, const char *key, const char *text, struct node_place place, const char *why)
{
	int code = node_refuse(&l->file, take_place(l, text, place), "%s: '%s' %s", key, text, why);

	err_hint(l->file.e, "write a path, a URL or a tag: /products/{id}, http://shop.example/, tag:product:{id}");
	return code;
}

static int
check_template(struct loading *l, const char *key, const char *text, struct node_place place)
{
	const char *why = pattern_fault(text);
	return why ? refuse_template(l, key, text, place, why) : 0;
}

static int
take_templates(struct loading *l, const char *key, const struct node *n, const char ***ret, size_t *ret_n)
{
	int code = take_texts(l, key, n, ret, ret_n);

	for (size_t i = 0; i < *ret_n && code == 0; i++)
		code = check_template(l, key, (*ret)[i], n->place);
	return code;
}

/* ---- rules ---- */

static int
take_on(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_rule *r = to;
	int code = take_word(l, key, n, &r->on);

	return code < 0 ? code : check_template(l, key, r->on, n->place);
}

static int
take_also(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_rule *r = to;
	return take_templates(l, key, n, &r->also, &r->n_also);
}

/* A name in a template is one of the pattern. */
static int
check_rule(struct loading *l, const struct gate_rule *r)
{
	char name[PATTERN_NAME_MAX + 1];
	int code = 0;

	if (!r->on || !r->n_also) {
		code = node_refuse(&l->file, r->place, "a rule without %s", r->on ? "also" : "on");
		err_hint(l->file.e, "write { on: /products/{id}, also: [/products, tag:listing] }");
		return code;
	}
	for (size_t i = 0; i < r->n_also && code == 0; i++)
		for (const char *at = r->also[i]; code == 0 && (at = pattern_next_name(at, name));)
			if (!pattern_has_name(r->on, name))
				code = node_refuse(&l->file, take_place(l, r->also[i], r->place),
				    "also: {%s} of '%s' is not in '%s'", name, r->also[i], r->on);
	return code;
}

int
take_rules(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = { { "on", take_on, 0 }, { "also", take_also, 0 }, { NULL, NULL, 0 } };
	struct gate_warming *w = to;
	int code = 0;

	if (n->kind != NODE_LIST)
		return node_refuse(&l->file, n->place, "%s: a list is expected", key);
	for (size_t i = 0; i < n->n_items && code == 0; i++) {
		struct gate_rule *r = ARENA_PUSH(l->a, w->rules, w->n_rules);
		r->place = n->items[i]->place;
		code = take_keys(l, "a rule", n->items[i], keys, r);
		if (code == 0)
			code = check_rule(l, r);
	}
	return code;
}

/* ---- Redis ---- */

static int
take_redis_url(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;
	struct err quiet = { 0 };
	struct url u;
	int code = take_word(l, key, n, &text);

	if (code == 0 && (url_parse(text, &u, &quiet) < 0 || (u.scheme != URL_REDIS && u.scheme != URL_REDISS) ||
	    u.path[1 + strspn(u.path + 1, "0123456789")])) {
		/* not the text: it may hold a password */
		code = node_refuse(&l->file, n->place, "%s: not a URL of Redis", key);
		err_hint(l->file.e, "write redis://HOST, or with TLS rediss://USER:PASSWORD@HOST:6380/0: user, password, port and "
		    "the number of a database, nothing else; without a password that of REDISCLI_AUTH is taken");
	}
	*(const char **)to = text;
	explicit_bzero(&u, sizeof(u));
	return code;
}

/* rediss:// alone is TLS with all that is preset. */
static int
check_redis_tls(struct loading *l, const char *key, const struct node *n, struct gate_redis_events *r)
{
	bool secure = strncasecmp(r->url, "rediss:", 7) == 0, said = node_get(n, "tls");
	int code = 0;

	if (!said) {
		r->tls = (struct gate_redis_tls){ .on = secure, .verify = true, .place = n->place };
	} else if (secure != r->tls.on) {
		code = node_refuse(&l->file, r->tls.place, "%s: tls and a URL that begins with %s contradict each other", key,
		    secure ? "rediss://" : "redis://");
		err_hint(l->file.e, secure ? "leave out tls, or write what is to be different there: { ca: redis-ca.pem }"
		                           : "write rediss:// for TLS, or leave out tls");
	}
	return code;
}

int
take_redis_events(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "url", take_redis_url, offsetof(struct gate_redis_events, url) },
		{ "stream", take_word, offsetof(struct gate_redis_events, stream) },
		{ "tls", take_redis_tls, offsetof(struct gate_redis_events, tls) },
		{ NULL, NULL, 0 },
	};
	struct gate_redis_events *r = to;

	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && (!r->url || !r->stream)) {
		code = node_refuse(&l->file, n->place, "%s: which %s?", key, r->url ? "stream" : "server");
		err_hint(l->file.e, "write %s: { url: redis://127.0.0.1:6379, stream: updates }", key);
	}
	return code < 0 ? code : check_redis_tls(l, key, n, r);
}

/* ---- PostgreSQL ---- */

static int
take_postgres_url(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;
	int code = take_word(l, key, n, &text);

	if (code == 0 && strncmp(text, "postgresql://", 13) != 0 && strncmp(text, "postgres://", 11) != 0) {
		code = node_refuse(&l->file, n->place, "%s: not a URL of PostgreSQL", key);
		err_hint(l->file.e, "write postgresql://USER@HOST:5432/NAME; the password is taken from ~/.pgpass or "
		    "PGPASSWORD");
	}
	*(const char **)to = text;
	return code;
}

/* What PostgreSQL takes for the name of a slot, and nothing that would have to be quoted. */
static int
take_plain_name(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;
	int code = take_word(l, key, n, &text);

	if (code == 0 && (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(text) || strlen(text) > 63))
		code = node_refuse(&l->file, n->place, "%s: '%s' is not of the letters a-z, digits and _", key, text);
	*(const char **)to = text;
	return code;
}

static int
take_table(struct loading *l, const struct node *name, const struct node *n, struct gate_table *t)
{
	const char *dot = strchr(name->text, '.');

	t->place = name->place;
	t->schema = dot ? arena_strndup(l->a, name->text, (size_t)(dot - name->text)) : "public";
	t->name = dot ? dot + 1 : name->text;
	int code = take_templates(l, name->text, n, &t->purge, &t->n_purge);
	if (code == 0 && !t->n_purge)
		code = node_refuse(&l->file, n->place, "%s: nothing that its rows concern", name->text);
	return code;
}

static int
take_tables(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_postgres_events *p = to;
	int code = require_keys(l, key, n);

	for (size_t i = 0; code == 0 && i < n->n_keys; i++)
		code = take_table(l, n->keys[i], n->items[i], ARENA_PUSH(l->a, p->tables, p->n_tables));
	return code;
}

static int
check_postgres(struct loading *l, const char *key, const struct node *n, const struct gate_postgres_events *p)
{
	const char *lacks = !p->url ? "which server?" : !p->channel && !p->slot ? "neither channel nor slot" :
	    p->slot && !p->publication ? "a slot without a publication" :
	    p->slot && !p->n_tables ? "a slot without tables" :
	    !p->slot && (p->publication || p->create_slot || p->n_tables) ? "tables without a slot" : NULL;

	if (!lacks)
		return 0;
	int code = node_refuse(&l->file, n->place, "%s: %s", key, lacks);
	err_hint(l->file.e, "write %s: { url: postgresql://user@host/name, slot: prony, publication: prony, tables: "
	    "{ products: [/products/{id}] } }, or { url: ..., channel: updates }", key);
	return code;
}

int
take_postgres_events(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "url", take_postgres_url, offsetof(struct gate_postgres_events, url) },
		{ "channel", take_plain_name, offsetof(struct gate_postgres_events, channel) },
		{ "slot", take_plain_name, offsetof(struct gate_postgres_events, slot) },
		{ "create_slot", take_flag, offsetof(struct gate_postgres_events, create_slot) },
		{ "publication", take_plain_name, offsetof(struct gate_postgres_events, publication) },
		{ "tables", take_tables, 0 },
		{ NULL, NULL, 0 },
	};

	int code = take_keys(l, key, n, keys, to);
	return code < 0 ? code : check_postgres(l, key, n, to);
}

/* ---- once all is read ---- */

static bool
has_bare_path(const char *const *templates, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (templates[i][0] == '/')
			return true;
	return false;
}

/* Whoever names a path has to say of what host. */
static const struct node_place *
needs_hosts(const struct gate_warming *w)
{
	for (size_t i = 0; i < w->postgres.n_tables; i++)
		if (has_bare_path(w->postgres.tables[i].purge, w->postgres.tables[i].n_purge))
			return &w->postgres.tables[i].place;
	for (size_t i = 0; i < w->n_rules; i++)
		if (w->rules[i].on[0] != '/' && has_bare_path(w->rules[i].also, w->rules[i].n_also))
			return &w->rules[i].place;
	return w->redis.url || w->postgres.channel ? &w->place : NULL;
}

int
config_check_warming(struct loading *l, struct gate_config *c)
{
	const struct gate_warming *w = &c->warming;
	int code = 0;

	if ((w->redis.url || w->postgres.url) && !w->invalidate_on_update) {
		code = node_refuse(&l->file, w->place, "cache_warming: updates are told of, but not acted on");
		err_hint(l->file.e, "write strategies: { event_driven: [invalidate_on_update] }");
	} else if (w->n_rules && !w->cascade) {
		code = node_refuse(&l->file, w->rules[0].place, "rules without cascade_updates");
		err_hint(l->file.e, "write strategies: { event_driven: [invalidate_on_update, cascade_updates] }");
	} else if (!w->n_hosts && needs_hosts(w)) {
		code = node_refuse(&l->file, *needs_hosts(w), "cache_warming: paths of what host?");
		err_hint(l->file.e, "write hosts: [www.example.org], as clients have it in Host");
	}
	return code;
}

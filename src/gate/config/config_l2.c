/* SPDX-License-Identifier: MIT */
/* gate.yaml: the second level of the cache. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "gate/config/config_int.h"

#define AT(member) offsetof(struct gate_l2, member)
#define SERVERS_MAX   64
#define PREFIX_MAX    40
#define PASSWORD_MAX  4096
#define DATABASES_MAX 1000000

static const struct gate_l2 preset = {
	.prefix = "prony", .ttl_ns = 3600 * NS_PER_S, .timeout_ns = 20 * NS_PER_MS,
	.value_bytes = 1 << 20, .skip_when_slower = true,
};

static int
take_server(struct loading *l, const char *key, const struct node *n, struct gate_address *to)
{
	if (n->kind != NODE_TEXT || strncmp(n->text, "rediss://", 9) != 0)
		return take_address(l, key, n, to);
	int code = node_refuse(&l->file, n->place, "%s: '%s' is a URL, not an address", key, n->text);
	err_hint(l->file.e, "write the address alone, and beside %s: tls: true", key);
	return code;
}

static int
take_servers(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_l2 *c = to;
	const struct node *alone[] = { n };
	const struct node *const *items = n->kind == NODE_LIST ?
	    (const struct node *const *)n->items : alone;
	size_t n_items = n->kind == NODE_LIST ? n->n_items : 1;
	int code = 0;

	if (!n_items || n_items > SERVERS_MAX) {
		code = node_refuse(&l->file, n->place, "%s: 1 to %d addresses are expected", key, SERVERS_MAX);
		err_hint(l->file.e, "write %s: [\"127.0.0.1:6379\"]", key);
		return code;
	}
	for (size_t i = 0; i < n_items && code == 0; i++)
		code = take_server(l, key, items[i], ARENA_PUSH(l->a, c->servers, c->n_servers));
	return code;
}

static int
take_database(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_whole(l, key, n, 0, DATABASES_MAX, to);
}

/* Braces would put all keys of a cluster into one slot. */
static int
take_prefix(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_word(l, key, n, &text);
	if (code == 0 && (strlen(text) > PREFIX_MAX || strpbrk(text, "{} \t\r\n"))) {
		code = node_refuse(&l->file, n->place, "%s: '%s' is no beginning of a key", key, text);
		err_hint(l->file.e, "write %s: shop, of up to %d characters, without braces and blanks", key,
		    PREFIX_MAX);
	}
	if (code == 0)
		*(const char **)to = text;
	return code;
}

static int
refuse_password(struct loading *l, const char *key, const struct node *n, void *to)
{
	int code = node_refuse(&l->file, n->place, "%s: passwords do not belong in this file", key);

	err_hint(l->file.e, "write password_file: /etc/prony/redis.password, or password_env: REDISCLI_AUTH");
	return code;
}

static int
check(struct loading *l, const char *key, const struct node *n, const struct gate_l2 *c)
{
	const struct node *twice = node_get(n, "password_env"), *database = node_get(n, "database");
	int code = 0;

	if (!c->n_servers) {
		code = node_refuse(&l->file, n->place, "%s: which servers?", key);
		err_hint(l->file.e, "write %s: { servers: [\"127.0.0.1:6379\"] }", key);
	} else if (c->password_file && c->password_env) {
		code = node_refuse(&l->file, twice->place, "%s: password_file and password_env", key);
		err_hint(l->file.e, "leave out one of them");
	} else if (c->cluster && c->database) {
		code = node_refuse(&l->file, database->place, "database: a cluster has only number 0");
		err_hint(l->file.e, "leave it out, and set another prefix");
	}
	return code;
}

int
take_l2(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "servers", take_servers, 0 },
		{ "cluster", take_flag, AT(cluster) },
		{ "replicas", take_flag, AT(replicas) },
		{ "database", take_database, AT(database) },
		{ "tls", take_redis_tls, AT(tls) },
		{ "user", take_word, AT(user) },
		{ "password", refuse_password, 0 },
		{ "password_file", take_word, AT(password_file) },
		{ "password_env", take_word, AT(password_env) },
		{ "prefix", take_prefix, AT(prefix) },
		{ "ttl", take_time, AT(ttl_ns) },
		{ "timeout", take_time, AT(timeout_ns) },
		{ "max_object", take_bytes, AT(value_bytes) },
		{ "skip_when_slower", take_flag, AT(skip_when_slower) },
		{ NULL, NULL, 0 },
	};
	struct gate_l2 *c = to;

	*c = preset;
	c->place = n->place;
	int code = take_keys(l, key, n, keys, c);
	return code < 0 ? code : check(l, key, n, c);
}

/* ---- the password ---- */

/* Without the line end that editors leave. */
static int
read_password(const struct gate_l2 *c, struct buf *b, struct err *e)
{
	int code = file_read(c->password_file, PASSWORD_MAX, b, e);

	while (code == 0 && b->size && (b->data[b->size - 1] == '\n' || b->data[b->size - 1] == '\r'))
		b->data[--b->size] = '\0';
	return code;
}

int
gate_l2_password(const struct gate_config *c, struct buf *ret, struct err *e)
{
	const struct gate_l2 *l2 = &c->cache.l2;
	const char *from_env = l2->password_env ? getenv(l2->password_env) : NULL;
	int code = 0;

	if (l2->password_env && !from_env) {
		code = err_usage(e, "there is no environment variable %s", l2->password_env);
		err_hint(e, "set it to the password of the second level, or use password_file");
	} else if (from_env) {
		buf_puts(ret, from_env);
	} else if (l2->password_file) {
		code = read_password(l2, ret, e);
	}
	if (code == 0 && (l2->password_env || l2->password_file) && !ret->size)
		code = err_usage(e, "the password is empty");
	return code < 0 ? err_wrap(e, code, "%s:%d:%d: l2", c->file, l2->place.line, l2->place.column) : 0;
}

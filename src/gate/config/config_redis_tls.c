/* SPDX-License-Identifier: MIT */
/* gate.yaml: TLS to Redis, of the second level and of a source of updates. */
#include "gate/config/config_int.h"

static int
check_tls(struct loading *l, const char *key, const struct node *n, const struct gate_redis_tls *t)
{
	int code = 0;

	if (t->key_file && !t->certificate_file) {
		code = node_refuse(&l->file, node_get(n, "key")->place, "%s: a key without its certificate", key);
		err_hint(l->file.e, "write %s: { certificate: gate.pem, key: gate.key }", key);
	} else if (!t->verify && (t->ca_file || t->server_name)) {
		code = node_refuse(&l->file, node_get(n, "verify")->place, "%s: %s and verify: false contradict each other",
		    key, t->ca_file ? "ca" : "server_name");
		err_hint(l->file.e, "leave out verify: whoever is not verified may be anybody");
	}
	return code;
}

int
take_redis_tls(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "ca", take_word, offsetof(struct gate_redis_tls, ca_file) },
		{ "certificate", take_word, offsetof(struct gate_redis_tls, certificate_file) },
		{ "key", take_word, offsetof(struct gate_redis_tls, key_file) },
		{ "server_name", take_word, offsetof(struct gate_redis_tls, server_name) },
		{ "verify", take_flag, offsetof(struct gate_redis_tls, verify) },
		{ NULL, NULL, 0 },
	};
	struct gate_redis_tls *t = to;

	*t = (struct gate_redis_tls){ .on = true, .verify = true, .place = n->place };
	if (n->kind == NODE_TEXT)
		return take_flag(l, key, n, &t->on);
	int code = take_keys(l, key, n, keys, t);
	return code < 0 ? code : check_tls(l, key, n, t);
}

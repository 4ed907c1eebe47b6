/* SPDX-License-Identifier: MIT */
/* Where gate.yaml says to listen: an address, or one with the certificates that are shown there. */
#include "gate/config/config_int.h"

static int
take_certificate(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "certificate", take_word, offsetof(struct gate_certificate, file) },
		{ "key", take_word, offsetof(struct gate_certificate, key_file) },
		{ NULL, NULL, 0 },
	};
	struct gate_certificate *k = to;
	int code = take_keys(l, key, n, keys, k);

	if (code == 0 && !k->file) {
		code = node_refuse(&l->file, n->place, "%s: which certificate?", key);
		err_hint(l->file.e, "write %s: { certificate: site.pem, key: site.key }", key);
	}
	if (code < 0)
		return code;
	k->place = take_place(l, k->file, n->place);
	k->key_place = k->key_file ? take_place(l, k->key_file, n->place) : k->place;
	return 0;
}

static int
take_tls(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_listen *listen = to;
	int code = 0;

	if (n->kind != NODE_LIST)
		return take_certificate(l, key, n, ARENA_PUSH(l->a, listen->certificates, listen->n_certificates));
	if (!n->n_items || n->n_items > GATE_CERTIFICATES_MAX)
		return node_refuse(&l->file, n->place, "%s: 1 to %d certificates are expected", key,
		    GATE_CERTIFICATES_MAX);
	for (size_t i = 0; i < n->n_items && code == 0; i++)
		code = take_certificate(l, key, n->items[i],
		    ARENA_PUSH(l->a, listen->certificates, listen->n_certificates));
	return code;
}

static int
take_one(struct loading *l, const char *key, const struct node *n, struct gate_listen *to)
{
	static const struct key keys[] = {
		{ "address", take_listen_address, offsetof(struct gate_listen, address) },
		{ "tls", take_tls, 0 },
		{ NULL, NULL, 0 },
	};

	if (n->kind == NODE_TEXT)
		return take_listen_address(l, key, n, &to->address);
	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && !to->address.text) {
		code = node_refuse(&l->file, n->place, "%s: at which address?", key);
		err_hint(l->file.e, "write %s: { address: \":8443\", tls: { certificate: site.pem, key: site.key } }",
		    key);
	}
	return code;
}

int
take_listen(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_config *c = to;
	const struct node *alone[] = { n };
	const struct node *const *items = n->kind == NODE_LIST ?
	    (const struct node *const *)n->items : alone;
	size_t n_items = n->kind == NODE_LIST ? n->n_items : 1;
	int code = 0;

	if (!n_items || n_items > GATE_LISTENS_MAX)
		return node_refuse(&l->file, n->place, "%s: 1 to %d addresses are expected", key,
		    GATE_LISTENS_MAX);
	for (size_t i = 0; i < n_items && code == 0; i++)
		code = take_one(l, key, items[i], ARENA_PUSH(l->a, c->listens, c->n_listens));
	return code;
}

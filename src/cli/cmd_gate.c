/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/gate_admin.h"
#include "gate/example.h"
#include "gate/front/certificates.h"
#include "gate/gate.h"

/* ---- --check ---- */

static json_t *
json_of_upstreams(const struct gate_config *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_upstreams; i++) {
		const struct gate_upstream *u = &c->upstreams[i];
		json_t *servers = json_array();
		for (size_t k = 0; k < u->n_servers; k++)
			json_array_append_new(servers, json_string(u->servers[k].address.text));
		json_array_append_new(list, json_pack("{s:s, s:o}", "name", u->name, "servers", servers));
	}
	return list;
}

static json_t *
json_of_routes(const struct gate_config *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_routes; i++) {
		const struct gate_route *r = &c->routes[i];
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s, s:b, s:b, s:b}", "match", r->match,
		    "host", r->host, "upstream", r->upstream_name, "cache", r->cache.enabled, "compress",
		    r->compress.enabled, "rate_limit", r->rate_limit.per_s > 0));
	}
	return list;
}

static void
write_json(const struct gate_config *c, struct buf *out)
{
	json_t *listens = json_array();

	for (size_t i = 0; i < c->n_listens; i++)
		json_array_append_new(listens, json_string(c->listens[i].address.text));
	json_t *j = json_pack("{s:s, s:o, s:I, s:o, s:o}", "file", c->file, "listen", listens,
	    "cache_bytes", (json_int_t)c->cache.memory_bytes, "upstreams", json_of_upstreams(c), "routes",
	    json_of_routes(c));
	char *dump = json_dumps(j, JSON_INDENT(2));
	buf_printf(out, "%s\n", dump ? dump : "{}");
	free(dump);
	json_decref(j);
}

static void
write_route(const struct gate_config *c, const struct gate_route *r, struct buf *out)
{
	const struct gate_upstream *u = &c->upstreams[r->upstream];

	buf_printf(out, "  %s%s to %s (", r->host ? r->host : "", r->match, u->name);
	for (size_t i = 0; i < u->n_servers; i++)
		buf_printf(out, "%s%s", i ? ", " : "", u->servers[i].address.text);
	buf_printf(out, ")%s%s%s\n", r->cache.enabled ? ", cached" : "",
	    r->compress.enabled ? ", compressed" : "", r->rate_limit.per_s > 0 ? ", limited" : "");
}

static void
write_text(const struct gate_config *c, struct buf *out)
{
	char size[24];

	buf_printf(out, "%s is good: listens on ", c->file);
	for (size_t i = 0; i < c->n_listens; i++)
		buf_printf(out, "%s%s", i ? ", " : "", c->listens[i].address.text);
	buf_printf(out, "; the cache takes %s\n", format_size(size, (double)c->cache.memory_bytes));
	for (size_t i = 0; i < c->n_routes; i++)
		write_route(c, &c->routes[i], out);
}

/* What the file names, too. */
static int
check_files(const struct gate_config *c, struct err *e)
{
	struct certificates *k;
	int code = certificates_open(c, &k, e);

	certificates_close(k);
	return code;
}

static int
check(struct invocation *in, const struct gate_config *c)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	if (in->json) {
		write_json(c, &out);
		return cli_print(in, &out, STATUS_OK);
	}
	write_text(c, &out);
	return cli_print_plain(in, &out, STATUS_OK);
}

/* ---- serving ---- */

static void
say(void *ctx, const char *sentence)
{
	cli_note(ctx, "gate: %s", sentence);
}

static int
print_example(struct invocation *in)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	buf_puts(&out, gate_example);
	return cli_print(in, &out, STATUS_OK);
}

/* A running gate is asked. A file that is being edited is no hindrance where the socket is named. */
static int
ask_gate(struct invocation *in, const char *word)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	const char *socket = in->gate_socket;
	struct gate_config *c = NULL;
	struct err e = { 0 };

	if (!gate_admin_is(word)) {
		err_usage(&e, "a gate cannot '%s'", word);
		err_hint(&e, "it knows status, purge, reload, upgrade and drain; a file is named with --config");
		return cli_fail(in, &e);
	}
	int code = socket ? 0 : gate_config_read(in->gate_file ? in->gate_file : "gate.yaml", a, &c, &e);
	if (code == 0 && !socket && !c->admin)
		code = err_usage(&e, "%s names no admin socket", c->file);
	if (code < 0) {
		err_hint(&e, "name the socket of the gate with --socket FILE, or its file with --config FILE");
		return cli_fail(in, &e);
	}
	return gate_admin(in, word, socket ? socket : c->admin);
}

static int
run(struct invocation *in)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	struct gate_config *c = NULL;
	struct err e = { 0 };

	if (in->example)
		return print_example(in);
	if (in->n_words)
		return ask_gate(in, in->words[0]);
	int code = gate_config_read(in->gate_file ? in->gate_file : "gate.yaml", a, &c, &e);
	if (code == -ENOENT)
		err_hint(&e, "name the file with --config FILE, or begin one with 'prony gate --example >gate.yaml'");
	if (code < 0)
		return cli_fail(in, &e);
	if (in->check_only && check_files(c, &e) < 0)
		return cli_fail(in, &e);
	if (in->check_only)
		return check(in, c);
	return gate_run(c, &(struct gate_talk){ say, in }, &e) < 0 ? cli_fail(in, &e) : STATUS_OK;
}

static const char *const examples[] = {
	"prony gate", "serve what gate.yaml in this folder says",
	"prony gate --config /etc/prony/gate.yaml --check", "say what is wrong with a file, or what it means",
	"prony gate --example >gate.yaml", "begin a file",
	"prony gate status", "how the running gate is doing",
	"prony gate purge --tag order-7", "throw away all that is stored with this tag",
	"prony gate reload", "take gate.yaml anew, without a failed request",
	NULL,
};

const struct command command_gate = {
	.name = "gate",
	.arguments = "[status | purge | reload | upgrade | drain]",
	.about = "put a cache and a load balancer in front of a service",
	.details = "The gate is an HTTP reverse proxy. It listens, fetches from upstreams, and keeps the responses that "
	           "may be kept; nothing private is. The smallest file is: listen: 127.0.0.1:8081, upstreams: "
	           "{ origin: { servers: [\"127.0.0.1:8080\"] } }, routes: [ { match: /, upstream: origin, cache: "
	           "{ enabled: true } } ], each on a line of its own; --example tells all keys. Mistakes are told "
	           "with line and column, and the status is 2.\n"
	           "With a word a running gate is asked over its admin socket ('admin: FILE' in gate.yaml, which curl "
	           "--unix-socket reaches too: GET /status, /config, /metrics, /purges; POST /purge, /reload, /upgrade, "
	           "/drain). reload and SIGHUP take the file anew: connections stay, requests under way end as they began, "
	           "and a file with a mistake changes nothing. SIGUSR1 opens the access log anew. upgrade and "
	           "SIGUSR2 start the program anew from its file: the new process has the same sockets and the same cache, "
	           "and when it serves the old one ends with its last client, or goes on when the new one cannot begin.\n"
	           "SIGTERM, SIGINT or drain ends the gate when the requests under way are answered; then the status "
	           "is 0. When it cannot begin, as when an address is taken, the status is 4.",
	.examples = examples,
	.settings = SETTINGS_GATE,
	.max_words = 1,
	.run = run,
};

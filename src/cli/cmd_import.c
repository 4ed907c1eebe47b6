/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/stop.h"
#include "cli/command.h"
#include "import/import.h"

#define FILES_MAX    1000
#define SCENARIO_MAX ((size_t)16 << 20)   /* of a file that scenario_read takes */

static void
say_notes(struct invocation *in, const struct import_result *r)
{
	if (r->n_notes)
		cli_note(in, "left out or changed (read as %s):", r->format);
	for (size_t i = 0; i < r->n_notes; i++)
		cli_note(in, "  %" PRIu64 " x %s", r->notes[i].count, r->notes[i].text);
}

/* For programs: the scenario's text beside what was left out. */
static void
write_json(const struct import_result *r, const struct buf *yaml, struct buf *out)
{
	json_t *left_out = json_array();

	for (size_t i = 0; i < r->n_notes; i++)
		json_array_append_new(left_out, json_pack("{s:s, s:I}", "what", r->notes[i].text, "count",
		    (json_int_t)r->notes[i].count));
	json_t *j = json_pack("{s:s, s:I, s:o, s:s}", "format", r->format, "flows",
	    (json_int_t)r->scenario->n_flows, "left_out", left_out, "scenario", buf_text(yaml));
	char *dump = json_dumps(j, JSON_INDENT(2));
	buf_printf(out, "%s\n", dump ? dump : "{}");
	free(dump);
	json_decref(j);
}

static int
deliver(struct invocation *in, const struct import_result *r)
{
	CLEANUP(buf_done) struct buf yaml = { .cap_bytes = (size_t)512 << 20 };
	CLEANUP(buf_done) struct buf json = { .cap_bytes = (size_t)1 << 30 };
	struct err e = { 0 };

	scenario_write(r->scenario, &yaml);
	if (yaml.size > SCENARIO_MAX) {
		err_usage(&e, "the scenario would be larger than %zu MiB, which 'prony load' does not read",
		    SCENARIO_MAX >> 20);
		err_hint(&e, "import fewer files, or a part of the recording");
		return cli_fail(in, &e);
	}
	if (in->out_file && file_write(in->out_file, yaml.data, yaml.size, &e) < 0) {
		err_hint(&e, "name another file with --out FILE");
		return cli_fail(in, &e);
	}
	if (in->json)
		write_json(r, &yaml, &json);
	else
		say_notes(in, r);
	if (in->json || !in->out_file)
		return cli_print(in, in->json ? &json : &yaml, STATUS_OK);
	cli_note(in, "%zu flows are in %s", r->scenario->n_flows, in->out_file);
	return STATUS_OK;
}

static int
run(struct invocation *in)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	const struct import_options options = {
		.format = in->import_format, .base = in->import_base, .replay = in->replay_file,
		.all_methods = in->all_methods, .workers = (int)in->jobs,
	};
	struct import_result result;
	struct err e = { 0 };

	if (!in->n_words) {
		err_usage(&e, "prony import: of what?");
		err_hint(&e, "name files, or '-' for stdin: prony import access.log --out scenario.yaml");
		return cli_fail(in, &e);
	}
	if (import_files(in->words, in->n_words, &options, a, &result, &e) < 0)
		return cli_fail(in, &e);
	if (stop_requested())
		cli_note(in, "prony: interrupted: what was read until then is a part of the whole");
	int status = deliver(in, &result);
	return status == STATUS_OK && stop_requested() ? STATUS_INCONCLUSIVE : status;
}

static const char *const examples[] = {
	"prony import visit.har --base http://127.0.0.1:8080 --out visit.yaml",
	"what a browser recorded, against a service on this machine",
	"prony import access.log.1.gz --replay mon.arrivals --out mon.yaml",
	"the most frequent routes of a log and when they were asked for",
	"prony import openapi.yaml --all-methods", "every operation of an API, on stdout",
	NULL,
};

const struct command command_import = {
	.name = "import",
	.arguments = "FILE...",
	.about = "make a scenario of recordings, API descriptions, logs, curl commands or scripts",
	.details = "FILE is a HAR recording, an OpenAPI or Swagger description, an access log (nginx, "
	           "Apache, Caddy, HAProxy, Envoy, JSON lines), curl command lines, a k6 script or a Lua "
	           "script of wrk; '-' is stdin, gzip is unpacked. Several files must be of one format. "
	           "What was left out or changed is said on stderr, each once with a count. Cookies are "
	           "dropped, and what is named like a secret becomes ${env(NAME)}.\n"
	           "Of a log, the 50 most frequent routes become flows by their share; ids in paths and "
	           "values of queries are drawn from those that were seen.",
	.examples = examples,
	.plumbing = true,
	.settings = SETTINGS_IMPORT,
	.max_words = FILES_MAX,
	.run = run,
};

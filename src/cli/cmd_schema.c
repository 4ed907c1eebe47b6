/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "run/run_codec.h"
#include "spec/spec_schema.h"

static json_t *
row_json(const struct setting *row)
{
	json_t *j = json_pack("{s:s, s:s, s:s}", "name", row->name, "type", setting_kind_name(row->kind),
	    "about", row->about);

	if (row->letter)
		json_object_set_new(j, "letter", json_stringn(&row->letter, 1));
	if (row->argument)
		json_object_set_new(j, "argument", json_string(row->argument));
	if (row->preset)
		json_object_set_new(j, "preset", json_string(row->preset));
	if (row->key)
		json_object_set_new(j, "key", json_string(row->key));
	if (row->repeats)
		json_object_set_new(j, "repeats", json_true());
	for (size_t i = 0; row->choices && row->choices[i]; i++) {
		if (!i)
			json_object_set_new(j, "choices", json_array());
		json_array_append_new(json_object_get(j, "choices"), json_string(row->choices[i]));
	}
	return j;
}

/* The whole command line, for programs. */
static json_t *
commands_json(void)
{
	json_t *list = json_array();

	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		const struct setting *rows[OPTIONS_MAX];
		size_t n = options_of(c, rows);
		json_t *options = json_array();
		for (size_t k = 0; k < n; k++)
			json_array_append_new(options, row_json(rows[k]));
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", c->name,
		    "arguments", c->arguments ? c->arguments : "", "about", c->about,
		    "plumbing", c->plumbing, "options", options));
	}
	return json_pack("{s:s, s:o}", "version", PRONY_VERSION, "commands", list);
}

static const struct document {
	const char *name;
	json_t *(*make)(void);
} documents[] = {
	{ "run", run_schema }, { "spec", spec_schema }, { "commands", commands_json },
};

static int
run(struct invocation *in)
{
	struct buf text = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; in->n_words && i < sizeof(documents) / sizeof(documents[0]); i++) {
		if (strcmp(documents[i].name, in->words[0]) != 0)
			continue;
		json_t *j = documents[i].make();
		char *dump = json_dumps(j, JSON_INDENT(2));
		buf_printf(&text, "%s\n", dump);
		free(dump);
		json_decref(j);
		int status = cli_print(in, &text, STATUS_OK);
		buf_done(&text);
		return status;
	}
	err_usage(&e, "prony schema: %s%s%s", in->n_words ? "no schema of '" : "of what?",
	    in->n_words ? in->words[0] : "", in->n_words ? "'" : "");
	err_hint(&e, "one of: prony schema run, prony schema spec, prony schema commands");
	return cli_fail(in, &e);
}

const struct command command_schema = {
	.name = "schema",
	.arguments = "run|spec|commands",
	.about = "print the JSON schema of run.json or prony.yaml, or the command line as JSON",
	.plumbing = true,
	.max_words = 1,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/* Options that say how to answer, not what to measure. */
#include "cli/options.h"
#include "cli/output.h"

static const char *const colour_names[] = { "auto", "always", "never", NULL };
static const char *const format_names[] = { "term", "md", "html", "json", NULL };

static int
set_write(void *object, const char *text, struct err *e)
{
	struct invocation *in = object;
	enum output_form form;
	const char *file;

	int code = output_parse(text, &form, &file, e);
	if (code == 0)
		*ARENA_PUSH(in->spec->arena, in->writes, in->n_writes) = arena_strdup(in->spec->arena, text);
	return code;
}

#define AT(f) .offset = offsetof(struct invocation, f)

const struct setting cli_settings[] = {
	{ "spec", 'f', .kind = SETTING_TEXT, .groups = SETTINGS_SERVICE | SETTINGS_LOAD,
	  .argument = "FILE", AT(spec_file), .example = "prony.yaml",
	  .about = "spec file; ./prony.yaml is read by itself when no target is named" },
	{ "format", .kind = SETTING_CHOICE, .groups = SETTINGS_RENDER, .argument = "FORM",
	  AT(format), .choices = format_names, .preset = "term",
	  .about = "how to draw the run: term, md, html or json" },
	{ "out", 'o', .kind = SETTING_TEXT, .groups = SETTINGS_RENDER | SETTINGS_IMPORT,
	  .argument = "FILE",
	  AT(out_file), .example = "report.html", .about = "write there instead of to stdout" },
	{ "format", .kind = SETTING_CHOICE, .groups = SETTINGS_OUTPUT, .argument = "FORM",
	  AT(format), .choices = output_names, .preset = "text",
	  .about = "what to print: text, json, csv, ndjson, prometheus, junit or github" },
	{ "write", .kind = SETTING_CUSTOM, .set = set_write, .repeats = true,
	  .groups = SETTINGS_OUTPUT, .argument = "FORM=FILE", .example = "junit=load.xml",
	  .about = "write a file in one of these forms besides" },
	{ "format", .kind = SETTING_TEXT, .groups = SETTINGS_IMPORT, .argument = "NAME",
	  AT(import_format), .example = "har",
	  .about = "what the files are: curl, har, k6, log, openapi or wrk; told by their content when "
	           "not given" },
	{ "base", .kind = SETTING_TEXT, .groups = SETTINGS_IMPORT, .argument = "URL",
	  AT(import_base), .example = "http://127.0.0.1:8080",
	  .about = "where the requests will go, instead of where the files say" },
	{ "replay", .kind = SETTING_TEXT, .groups = SETTINGS_IMPORT, .argument = "FILE",
	  AT(replay_file), .example = "monday.arrivals",
	  .about = "of a log: write the recorded arrival times there, to be repeated" },
	{ "all-methods", .kind = SETTING_FLAG, .groups = SETTINGS_IMPORT, AT(all_methods),
	  .about = "of API descriptions and logs: take also requests that may change something" },
	{ "jobs", 'j', .kind = SETTING_COUNT, .groups = SETTINGS_IMPORT, .argument = "N", AT(jobs),
	  .min = 1, .max = 64, .example = "2",
	  .about = "of a log: threads that read it; one a processor when not given" },
	{ "fix", .kind = SETTING_TEXTS, .repeats = true, .groups = SETTINGS_DEMO, .argument = "FAULT",
	  AT(fixes), .count_offset = offsetof(struct invocation, n_fixes), .example = "missing-index",
	  .about = "take out a planted fault: missing-index, lock, hot-function, n-plus-one or "
	           "large-answer" },
	{ "apply", .kind = SETTING_TEXT, .groups = SETTINGS_FIX, .argument = "COMMAND", AT(apply),
	  .secret = true, .example = "'touch /run/shop/fast'",
	  .about = "try a change of your own: the command that applies it" },
	{ "undo", .kind = SETTING_TEXT, .groups = SETTINGS_FIX, .argument = "COMMAND", AT(undo),
	  .secret = true, .example = "'rm -f /run/shop/fast'", .about = "the command that takes it back" },
	{ "run", .kind = SETTING_TEXT, .groups = SETTINGS_FIX, .argument = "RUN", AT(of_run),
	  .example = ".prony/runs/monday", .about = "whose plan it is; the newest run's when not given" },
	{ "config", 'c', .kind = SETTING_TEXT, .groups = SETTINGS_GATE, .argument = "FILE", AT(gate_file),
	  .preset = "gate.yaml", .about = "what to listen on, whom to ask and what to keep" },
	{ "check", .kind = SETTING_FLAG, .groups = SETTINGS_GATE, AT(check_only),
	  .about = "read the file, say what it means, and end" },
	{ "example", .kind = SETTING_FLAG, .groups = SETTINGS_GATE, AT(example),
	  .about = "print a file with every key, its preset and what it is for" },
	{ "socket", .kind = SETTING_TEXT, .groups = SETTINGS_GATE, .argument = "FILE", AT(gate_socket),
	  .example = "/run/prony/gate.sock",
	  .about = "the admin socket of the gate that is meant; what the file says when not given" },
	{ "url", .kind = SETTING_TEXT, .groups = SETTINGS_GATE, .argument = "URL", AT(purge_url),
	  .example = "http://shop.example/orders/7", .about = "purge: what is stored of this URL" },
	{ "tag", .kind = SETTING_TEXT, .groups = SETTINGS_GATE, .argument = "TAG", AT(purge_tag),
	  .example = "order-7",
	  .about = "purge: all that has this tag in Surrogate-Key, Cache-Tag or xkey" },
	{ "all", .kind = SETTING_FLAG, .groups = SETTINGS_GATE, AT(purge_all),
	  .about = "purge: everything" },
	{ "soft", .kind = SETTING_FLAG, .groups = SETTINGS_GATE, AT(purge_soft),
	  .about = "purge: keep it as stale, to be served when the servers fail or while it is fetched anew" },
	{ "all", .kind = SETTING_FLAG, .groups = SETTINGS_HELP, AT(all),
	  .about = "show also the commands for scripts and specialists" },
	{ "man", .kind = SETTING_FLAG, .groups = SETTINGS_HELP, AT(man),
	  .about = "write the manual page instead, in mdoc" },

	{ "json", .kind = SETTING_FLAG, .groups = SETTINGS_GLOBAL, AT(json),
	  .about = "answer in JSON on stdout" },
	{ "quiet", 'q', .kind = SETTING_FLAG, .groups = SETTINGS_GLOBAL, AT(quiet),
	  .about = "no progress on stderr" },
	{ "verbose", 'v', .kind = SETTING_FLAG, .groups = SETTINGS_GLOBAL, AT(verbose),
	  .about = "tell on stderr which settings are in force, and from where" },
	{ "color", .kind = SETTING_CHOICE, .groups = SETTINGS_GLOBAL, .argument = "WHEN",
	  AT(colour_when), .choices = colour_names, .preset = "auto",
	  .about = "colours: auto, always or never; NO_COLOR and CLICOLOR_FORCE are heeded" },
	{ "help", 'h', .kind = SETTING_FLAG, .groups = SETTINGS_GLOBAL, AT(help),
	  .about = "show what the command does and takes" },
	{ "version", .kind = SETTING_FLAG, .groups = SETTINGS_GLOBAL, AT(version),
	  .about = "show the version" },
	{ NULL },
};

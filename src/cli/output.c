/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/nearest.h"
#include "report/load_forms.h"
#include "report/proof_forms.h"

const char *const output_names[] = {
	[OUTPUT_TEXT] = "text", [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv",
	[OUTPUT_NDJSON] = "ndjson", [OUTPUT_PROMETHEUS] = "prometheus", [OUTPUT_JUNIT] = "junit",
	[OUTPUT_GITHUB] = "github", NULL,
};

static void
render(enum output_form form, const struct run *r, const struct buf *table, struct buf *out)
{
	switch (form) {
	case OUTPUT_TEXT:
		buf_append(out, buf_text(table), table->size);
		break;
	case OUTPUT_JSON:
		report_json(r, out);
		break;
	case OUTPUT_CSV:
		report_load_csv(r, out);
		break;
	case OUTPUT_NDJSON:
		report_load_ndjson(r, out);
		break;
	case OUTPUT_PROMETHEUS:
		report_load_prometheus(r, out);
		break;
	case OUTPUT_JUNIT:
		/* A comparison that failed early has nothing in it yet. */
		if (report_is_proof(r) || (r->error && r->n_proofs))
			report_proof_junit(r, out);
		else
			report_load_junit(r, out);
		break;
	case OUTPUT_GITHUB:
		report_markdown(r, out);
		break;
	}
}

int
output_parse(const char *text, enum output_form *ret_form, const char **ret_file, struct err *e)
{
	size_t n = strcspn(text, "=");
	char word[32];
	struct nearest near = { .word = word };
	int code;

	if (!text[n] || !text[n + 1] || n >= sizeof(word)) {
		code = err_usage(e, "'%s' is not FORM=FILE", text);
		err_hint(e, "write it as in junit=load.xml");
		return code;
	}
	memcpy(word, text, n);
	word[n] = '\0';
	for (int i = 0; output_names[i]; i++) {
		if (strcmp(output_names[i], word) == 0) {
			*ret_form = (enum output_form)i;
			*ret_file = text + n + 1;
			return 0;
		}
		nearest_try(&near, output_names[i]);
	}
	code = err_usage(e, "'%s' is none of text, json, csv, ndjson, prometheus, junit, github", word);
	if (near.best)
		err_hint(e, "did you mean '%s=%.200s'?", near.best, text + n + 1);
	err_hint(e, "write it as in junit=load.xml");
	return code;
}

static int
allow_form(enum output_form form, struct err *e)
{
	if (form != OUTPUT_CSV && form != OUTPUT_NDJSON && form != OUTPUT_PROMETHEUS)
		return 0;
	err_usage(e, "%s tells the figures of one load, not of a comparison", output_names[form]);
	err_hint(e, "take text, json, junit or github");
	return -EINVAL;
}

int
output_allow_proof(const struct invocation *in, struct err *e)
{
	int code = allow_form((enum output_form)in->format, e);

	for (size_t i = 0; code == 0 && i < in->n_writes; i++) {
		enum output_form form;
		const char *file;
		code = output_parse(in->writes[i], &form, &file, e);
		if (code == 0)
			code = allow_form(form, e);
	}
	return code;
}

int
output_files(const struct invocation *in, const struct run *r, const struct buf *table,
    struct err *e)
{
	for (size_t i = 0; i < in->n_writes; i++) {
		CLEANUP(buf_done) struct buf text = { 0 };
		enum output_form form;
		const char *file;

		int code = output_parse(in->writes[i], &form, &file, e);
		if (code < 0)
			return code;
		render(form, r, table, &text);
		code = file_write(file, buf_text(&text), text.size, e);
		if (code < 0) {
			err_hint(e, "name another file with --write %s=FILE", output_names[form]);
			return code;
		}
	}
	return 0;
}

int
output_print(struct invocation *in, const struct run *r, const struct buf *table, int status)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	render(in->json ? OUTPUT_JSON : (enum output_form)in->format, r, table, &text);
	return cli_print(in, &text, status);
}

/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/command.h"
#include "diagnose/diagnose.h"

static void
write_list(struct buf *out, bool json)
{
	const char *const *kinds = diagnose_kinds();

	if (!json) {
		for (; *kinds; kinds++)
			buf_printf(out, "%s\n", *kinds);
		return;
	}
	json_t *list = json_array();
	for (; *kinds; kinds++)
		json_array_append_new(list, json_string(*kinds));
	char *dump = json_dumps(list, JSON_INDENT(2));
	buf_printf(out, "%s\n", dump);
	free(dump);
	json_decref(list);
}

static void
write_page(struct buf *out, const char *kind, const char *page, bool json)
{
	size_t size = strlen(page);

	if (!json) {
		buf_printf(out, "%s%s", page, size && page[size - 1] == '\n' ? "" : "\n");
		return;
	}
	json_t *j = json_pack("{s:s, s:s}", "kind", kind, "page", page);
	char *dump = json_dumps(j, JSON_INDENT(2));
	buf_printf(out, "%s\n", dump);
	free(dump);
	json_decref(j);
}

static int
refuse_kind(struct invocation *in, const char *kind)
{
	struct nearest near = { .word = kind };
	struct err e = { 0 };

	for (const char *const *k = diagnose_kinds(); *k; k++) {
		nearest_try(&near, *k);
		const char *last = strrchr(*k, '.');
		if (!near.best && last && strcmp(last + 1, kind) == 0)
			near.best = *k;
	}
	err_usage(&e, "unknown kind of finding '%s'", kind);
	if (near.best)
		err_hint(&e, "did you mean 'prony explain %s'?", near.best);
	err_hint(&e, "'prony explain' lists them");
	return cli_fail(in, &e);
}

static int
run(struct invocation *in)
{
	const char *kind = in->n_words ? in->words[0] : NULL;
	const char *page = kind ? diagnose_explain(kind) : NULL;
	struct buf text = { 0 };

	if (kind && !page)
		return refuse_kind(in, kind);
	if (kind)
		write_page(&text, kind, page, in->json);
	else
		write_list(&text, in->json);
	int status = cli_print(in, &text, STATUS_OK);
	buf_done(&text);
	return status;
}

const struct command command_explain = {
	.name = "explain",
	.arguments = "[KIND]",
	.about = "tell what a kind of finding means and what to do about it; without KIND list them",
	.plumbing = true,
	.max_words = 1,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/cleanup.h"
#include "report/proof_forms.h"
#include "report/say.h"
#include "report/say_proof.h"
#include "report/section.h"

#define MOST_OF_A_KIND 10

bool
report_is_proof(const struct run *r)
{
	return section_proof_of(r) != NULL;
}

/* In a command's text '%' and line ends are encoded, in its title ':' and ',' too (actions/toolkit,
 * packages/core/src/command.ts). Other control characters have no business in a log. */
static void
put_escaped(struct buf *out, const char *text, bool title)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '%' || c == '\r' || c == '\n' || (title && (c == ':' || c == ',')))
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, c < ' ' || c == 0x7f ? '?' : (char)c);
	}
}

static void
put_command(struct buf *out, const char *command, const char *title, const char *text)
{
	buf_printf(out, "::%s title=", command);
	put_escaped(out, title, true);
	buf_puts(out, "::");
	put_escaped(out, text, false);
	buf_putc(out, '\n');
}

static void
put_figures(struct buf *out, struct doc *d, const struct run_proof *p, const char *verdict,
    const char *command, int room)
{
	for (size_t i = 0; i < p->n_comparisons && room > 0; i++) {
		const struct run_comparison *c = &p->comparisons[i];
		bool unsaid = say_outcome_tone(c->verdict) == TONE_WARN;
		if (strcmp(verdict, unsaid ? "inconclusive" : c->verdict) != 0)
			continue;
		room--;
		put_command(out, command, doc_printf(d, "prony prove: %s %s", say_compared(d, c),
		    say_outcome_small(c->verdict)), doc_printf(d, "%s, from %s to %s",
		    say_change_interval(d, c), say_compared_value(d, c, c->before),
		    say_compared_value(d, c, c->after)));
	}
}

void
report_proof_annotations(const struct run *r, struct buf *out)
{
	CLEANUP(doc_done) struct doc d = { .arena = arena_new() };
	const struct run_proof *p = section_proof_of(r);

	if (r->error || !p) {
		put_command(out, "error", "prony prove: not measured", r->error ? say_clip(&d, r->error, 500)
		    : "nothing was compared");
		return;
	}
	bool other = p->n_answers > 0;
	if (other)
		put_command(out, "error", "prony prove: B answers otherwise than A",
		    doc_printf(&d, "%s; %s", say_answers(&d, p), say_answer(&d, &p->answers[0])));
	put_figures(out, &d, p, "worse", "error", MOST_OF_A_KIND - other);
	/* What could not be told of one figure is news only when nothing could be told at all. */
	if (say_outcome_tone(p->verdict) == TONE_WARN)
		put_figures(out, &d, p, "inconclusive", "warning", MOST_OF_A_KIND);
	put_figures(out, &d, p, "better", "notice", MOST_OF_A_KIND);
}

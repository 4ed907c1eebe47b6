/* SPDX-License-Identifier: MIT */
/* Terminal: the plan's first steps. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"
#include "base/utf8.h"

/* The name of the figure that all shown steps predict; NULL when they differ. */
static const char *
common_figure(struct doc *d, const struct run *r, size_t shown)
{
	const char *common = NULL, *name;

	for (size_t i = 0; i < shown; i++) {
		if (!say_expected(d, &r->plan[i], &name))
			continue;
		if (common && strcmp(common, name) != 0)
			return NULL;
		common = name;
	}
	return common;
}

static int
widest(const struct doc_table *t, size_t column)
{
	int width = utf8_columns(t->columns[column].title);
	for (size_t i = column; i < t->n_cells; i += t->n_columns) {
		int cell = utf8_columns(t->cells[i].text);
		width = cell > width ? cell : width;
	}
	return width;
}

void
section_brief_plan(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "", "", "expected", "effort", "risk", NULL };
	size_t shown = r->n_plan < 3 ? r->n_plan : 3;

	if (!shown)
		return;
	struct doc_table *t = doc_table(d, NULL, titles);
	const char *figure = common_figure(d, r, shown), *name;
	if (figure)
		t->columns[2].title = doc_printf(d, "%s after", figure);
	for (size_t i = 0; i < shown; i++) {
		const struct run_step *s = &r->plan[i];
		const char *what = say_step_what(d, s);
		doc_cell(d, t, doc_printf(d, "%zu", i + 1));
		doc_cell(d, t, i ? doc_printf(d, "+ %s", what) : what);
		doc_cell(d, t, figure ? say_expected(d, s, &name) : say_step(d, s));
		doc_cell(d, t, say_level(s->effort));
		doc_cell(d, t, say_level(s->risk));
	}
	for (size_t i = 0; i < t->n_columns; i++)
		t->columns[i].width = i == 1 ? 0 : widest(t, i);
	if (r->n_plan > shown)
		doc_text(d, doc_printf(d, "and %zu more in the report", r->n_plan - shown));
	if (r->plan[r->n_plan - 1].then)
		doc_text(d, doc_printf(d, "then: %s", say_clip(d, r->plan[r->n_plan - 1].then,
		    120)));
}

/* SPDX-License-Identifier: MIT */
/* Why it changed: what costs more or less in B, function by function, statement by statement, wait
 * by wait. */
#include "report/section.h"

#include <math.h>
#include <string.h>

#include "report/say.h"
#include "report/say_proof.h"

#define TERMINAL_ROWS 3
#define MOST_STACKS   2000
#define MOST_SECONDS  1e9      /* beyond: not a measurement */

static double
change_of(const struct run_difference *f)
{
	return f->after - f->before;
}

static const char *
signed_duration(struct doc *d, double seconds)
{
	if (!say_known(seconds))
		return "-";
	return doc_printf(d, "%s%s", seconds < 0 ? "-" : "+", say_duration(d, fabs(seconds)));
}

static void
in_short(struct doc *d, const struct run_proof *p)
{
	static const char *const titles[] = { "", "a request", "", NULL };

	if (!p->n_differences)
		return;
	doc_section(d)->title = "changed";
	struct doc_table *t = doc_table(d, NULL, titles);
	t->columns[0].width = 10;
	t->columns[1].width = 22;
	for (size_t i = 0; i < p->n_differences && i < TERMINAL_ROWS; i++) {
		const struct run_difference *f = &p->differences[i];
		const char *calls = say_calls(d, f);
		doc_cell(d, t, signed_duration(d, change_of(f)));
		doc_cell(d, t, calls ? calls : say_shift(d, f->before, f->after));
		doc_cell(d, t, f->what ? say_clip(d, f->what, 200) : "-");
	}
}

/* ---- page ---------------------------------------------------------------------------------- */

static void
differences(struct doc *d, const struct run_proof *p)
{
	static const char *const titles[] = { "what", "sort", "route", ">A", ">B", ">change",
	    ">calls a request", ">of the change", NULL };
	struct doc_table *t = doc_table(d, "Seconds per request, largest change first", titles);

	for (size_t i = 0; i < p->n_differences && i < 20; i++) {
		const struct run_difference *f = &p->differences[i];
		bool more = change_of(f) > 0;
		doc_cell_code(d, t, f->what ? say_clip(d, f->what, 300) : "-");
		doc_cell(d, t, say_difference_kind(f->kind));
		doc_cell_code(d, t, say_clip(d, f->route, 80));
		doc_cell(d, t, f->before > 0 ? say_duration(d, f->before) : "new");
		doc_cell(d, t, f->after > 0 ? say_duration(d, f->after) : "gone");
		doc_cell_tone(d, t, signed_duration(d, change_of(f)), more ? TONE_BAD : TONE_GOOD);
		doc_cell(d, t, say_calls(d, f));
		doc_cell(d, t, say_share(d, fabs(f->share)));
	}
}

/* The stacks of B, of CPU or of waiting, with what they were in A. */
static struct doc_flame *
flame_of(struct doc *d, const struct run_proof *p, bool on_cpu)
{
	struct doc_flame *f = arena_alloc(d->arena, sizeof(*f));
	double *before = NULL, all = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->n_diff_stacks && i < MOST_STACKS; i++) {
		const struct run_diff_stack *s = &p->diff_stacks[i];
		bool cpu = !s->kind || strcmp(s->kind, "cpu") == 0;
		double b = s->before > 0 ? s->before : 0, a = s->after > 0 ? s->after : 0;
		if (cpu != on_cpu || !s->frames || a > MOST_SECONDS || b > MOST_SECONDS)
			continue;
		struct run_stack *stack = arena_alloc(d->arena, sizeof(*stack));
		*stack = (struct run_stack){ s->kind, s->frames, a };
		*ARENA_PUSH(d->arena, f->stacks, f->n_stacks) = stack;
		*ARENA_PUSH(d->arena, before, n) = b;
		all += a;
	}
	f->before = before;
	return all > 0 ? f : NULL;
}

static void
flame(struct doc *d, const struct run_proof *p, bool on_cpu)
{
	struct doc_flame *f = flame_of(d, p, on_cpu);

	if (!f)
		return;
	f->id = on_cpu ? "diffcpu" : "diffwait";
	f->title = on_cpu ? "B against A, on CPU" : "B against A, off CPU";
	f->about = on_cpu
	    ? "Width is the CPU time of a request in B. Red with a plus: more than in A; blue with a "
	      "minus: less. What is gone in B has no width; the table names it."
	    : "Width is the waiting of a request in B, coloured as above.";
	f->by_kind = !on_cpu;
	doc_block(d, DOC_FLAME)->flame = f;
}

static void
in_full(struct doc *d, const struct run_proof *p)
{
	if (!p->n_differences && !p->n_diff_stacks) {
		doc_note(d, "No profile was taken of both arms, so nothing can be said of what changed inside. "
		    "prony doctor says what would open the view.");
		return;
	}
	if (p->n_differences)
		differences(d, p);
	else
		doc_text(d, "No function, statement or wait changed by more than chance explains.");
	doc_note(d, "A function that was renamed is told twice: as gone and as new.");
	flame(d, p, true);
	flame(d, p, false);
}

void
section_proof_changes(struct doc *d, const struct run *r)
{
	if (r->fix)                     /* one change, which is known: no profile is taken */
		return;
	if (d->form == FORM_TERMINAL)
		in_short(d, section_proof_of(r));
	else
		in_full(d, section_proof_of(r));
}

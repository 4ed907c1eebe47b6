/* SPDX-License-Identifier: MIT */
#include "cli/fix_steps.h"

#include <string.h>
#include <strings.h>

static const char *
reason_of(const struct run *r, const struct run_step *step)
{
	for (size_t i = 0; step->finding && i < r->n_findings; i++)
		if (r->findings[i].id && strcmp(r->findings[i].id, step->finding) == 0)
			return r->findings[i].summary ? r->findings[i].summary : r->findings[i].kind;
	return NULL;
}

/* A plan is a file: it may only ask for what is safe whatever it says. */
static bool
is_automatic(const struct run_step *s)
{
	const struct executor *executor = executor_named(s->executor);
	return s->automatic && s->id && s->apply && s->undo && executor && executor->of_plan;
}

static struct change_text
change_of(const struct run *plan, const struct run_step *s, const char *folder)
{
	return (struct change_text){
		.step = s->id, .what = s->what, .why = reason_of(plan, s), .executor = s->executor,
		.on = s->on, .folder = folder, .apply = s->apply, .undo = s->undo,
	};
}

static int
refuse(const struct run *plan, const char *name, const struct run_step *s, struct err *e)
{
	int code;

	if (s) {
		code = err_usage(e, "%s (%s) is not for prony to apply", name, s->what ? s->what : "?");
		err_hint(e, "where commands can do it, prony tries and proves those: prony fix URL --apply CMD "
		    "--undo CMD");
		return code;
	}
	code = err_usage(e, "the plan has no step '%s'", name);
	err_hint(e, "%s", plan->n_plan ? "'prony report' shows its steps"
	    : "it has none: prony check URL makes one");
	return code;
}

static const struct run_step *
find(const struct run *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_plan; i++)
		if (plan->plan[i].id && strcasecmp(plan->plan[i].id, name) == 0)
			return &plan->plan[i];
	return NULL;
}

int
fix_steps_choose(const struct run *plan, const char *const *names, size_t n_names,
    const char *folder, struct arena *a, struct change_text **changes, size_t *n_changes,
    struct err *e)
{
	for (size_t i = 0; i < n_names; i++) {
		const struct run_step *s = find(plan, names[i]);
		if (!s || !is_automatic(s))
			return refuse(plan, names[i], s, e);
		*ARENA_PUSH(a, *changes, *n_changes) = change_of(plan, s, folder);
	}
	for (size_t i = 0; !n_names && i < plan->n_plan; i++)
		if (is_automatic(&plan->plan[i]))
			*ARENA_PUSH(a, *changes, *n_changes) = change_of(plan, &plan->plan[i], folder);
	return 0;
}

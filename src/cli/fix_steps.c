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
	code = err_usage(e, "the plan has no step '%s' (of run %s)", name, plan->id);
	err_hint(e, "%s", plan->n_plan ? "'prony report' shows its steps; --run names another run"
	    : "it has none: name the run of a check by --run, or make one: prony check URL");
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

/* A step that is named twice is meant once; two of a name would be mistaken for each other. */
static int
add(const struct run *plan, const struct run_step *s, const char *folder, struct arena *a,
    struct change_text **changes, size_t *n_changes, struct err *e)
{
	for (size_t i = 0; i < *n_changes; i++) {
		if (strcasecmp((*changes)[i].step, s->id) != 0)
			continue;
		if ((*changes)[i].apply == s->apply)
			return 0;
		int code = err_usage(e, "the plan has two steps '%s'", s->id);
		err_hint(e, "no plan of prony's has: make a new one by prony check URL");
		return code;
	}
	*ARENA_PUSH(a, *changes, *n_changes) = change_of(plan, s, folder);
	return 0;
}

int
fix_steps_choose(const struct run *plan, const char *const *names, size_t n_names,
    const char *folder, struct arena *a, struct change_text **changes, size_t *n_changes,
    struct err *e)
{
	int code = 0;

	for (size_t i = 0; i < n_names && code == 0; i++) {
		const struct run_step *s = find(plan, names[i]);
		if (!s || !is_automatic(s))
			return refuse(plan, names[i], s, e);
		code = add(plan, s, folder, a, changes, n_changes, e);
	}
	for (size_t i = 0; !n_names && i < plan->n_plan && code == 0; i++)
		if (is_automatic(&plan->plan[i]))
			code = add(plan, &plan->plan[i], folder, a, changes, n_changes, e);
	return code;
}

/* SPDX-License-Identifier: MIT */
/* What a scenario says beside its flows, where the command line says nothing. */
#include <errno.h>

#include "cli/options.h"
#include "scenario/scenario.h"
#include "spec/setting.h"
#include "spec/spec.h"

static int
take(struct spec *s, const char *setting, const char *text, struct err *e)
{
	if (!text || spec_origin(s, setting) != ORIGIN_NONE)
		return 0;
	return spec_flag(s, setting_find(setting), text, e);
}

static int
take_settings(struct spec *s, const struct scenario *from, struct err *e)
{
	struct arena *a = s->arena;
	const struct { const char *setting, *text; } rows[] = {
		{ "system", from->name },
		{ "connections", from->connections ? arena_printf(a, "%lld", (long long)from->connections)
		                                   : NULL },
		{ "timeout", from->timeout_ns ? arena_printf(a, "%lldns", (long long)from->timeout_ns) : NULL },
		{ "seed", from->has_seed ? arena_printf(a, "%llu", (unsigned long long)from->seed) : NULL },
		{ "arrivals", from->arrivals },
		{ "reuse", from->reuse >= 0 ? arena_printf(a, "%.9g", from->reuse) : NULL },
	};
	int code = 0;

	for (size_t i = 0; code == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		code = take(s, rows[i].setting, rows[i].text, e);
	return code;
}

/* Where it goes: the scenario's base, unless the command line names a URL. */
static int
take_base(struct spec *s, const struct scenario *from, struct err *e)
{
	if (s->n_urls)
		return 0;
	if (from->base)
		return spec_flag(s, setting_find("url"), from->base, e);
	err_usage(e, "%s does not say where the service is", from->file);
	err_hint(e, "write 'base: http://127.0.0.1:8080' into it, or name a URL beside it");
	return -EINVAL;
}

int
cli_take_scenario(struct spec *s, struct err *e)
{
	struct scenario *from;

	if (!s->scenario_file)
		return 0;
	int code = scenario_read(s->scenario_file, s->arena, &from, e);
	if (code == 0)
		code = take_base(s, from, e);
	if (code == 0)
		code = take_settings(s, from, e);
	for (size_t i = 0; code == 0 && i < from->n_thresholds; i++)
		code = spec_target(s, from->thresholds[i], e);
	s->scenario = from;
	return code;
}
